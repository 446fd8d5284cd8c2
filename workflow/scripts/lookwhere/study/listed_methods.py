"""The mappings in ``methods``: ``{name: smooth_grad, arguments: {passes: 20}}``, and their errors.

A configuration may be invalid here: values of other types are skipped.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lookwhere.declarations import Declaration
from lookwhere.errors import hint
from lookwhere.methods import chosen
from lookwhere.nets.names import defined_names, file_of, is_own
from lookwhere.study.entries import items
from lookwhere.study.homes import at_home

Config = dict[str, Any]


def mappings(config: Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the mappings of ``methods``, each after its key, that are of the valid form."""
    for key, item in items(config, "methods"):
        texts = ("name", "method", "label", "family", *chosen.LIBRARIES)
        if (
            isinstance(item, dict)
            and item.get("name")
            and all(isinstance(item[text], str) for text in texts if text in item)
            and isinstance(item.get("arguments", {}), dict)
        ):
            yield key, {**item, **_absolute(item)}


def faults(config: Config, known: Mapping[str, Declaration]) -> Iterator[str]:
    """An error message for every mapping that is of no method, or has other arguments than it."""
    for key, item in mappings(config):
        named = [word for word in ("method", *chosen.LIBRARIES) if word in item]
        if len(named) > 1:
            yield f"{key}: {named[0]} and {named[1]} name two methods; remove one"
        elif chosen.library_of(item):
            yield from _library_faults(key, item, known)
        elif chosen.method_of(item) not in known:
            name = chosen.method_of(item)
            here = f"{key}.{named[0] if named else 'name'}"
            yield f"{here}: {name!r} is no method; {hint(name, known)}"
        else:
            yield from _argument_faults(key, item, known[chosen.method_of(item)])


def _library_faults(
    key: str, item: dict[str, Any], known: Mapping[str, Declaration]
) -> Iterator[str]:
    entry = known.get(item["name"])
    if entry is not None and entry.function not in chosen.LIBRARIES:
        yield f"{key}.name: {item['name']!r} is a method of this project; give another name"
    function = item.get("function", "x:y")
    if not is_own(function):
        yield f"{key}.function: {function!r} is no function; give file.py:name or module:name"
    elif (file := file_of(function)) and not file.is_file():
        yield f"{key}.function: {str(file)!r} does not exist; give the path of a file that does"
    elif file and (names := defined_names(file)) is not None:
        name = function.rpartition(":")[2]
        if name not in names:
            yield f"{key}.function: {str(file)!r} has no {name!r}; {hint(name, names)}"


def _argument_faults(key: str, item: dict[str, Any], entry: Declaration) -> Iterator[str]:
    for name, value in item.get("arguments", {}).items():
        place = f"{key}.arguments.{name}"
        if name not in entry.defaults:
            what = hint(name, entry.defaults) if entry.defaults else "the method takes none"
            yield f"{place}: unknown argument; {what}"
            continue
        default = entry.defaults[name]
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        types = (int, float) if isinstance(default, float) else type(default)
        fits = isinstance(value, types) and isinstance(value, bool) == isinstance(default, bool)
        if not fits or (is_number and value <= 0):
            kind = {int: "a whole number above 0", float: "a number above 0"}
            what = kind.get(type(default), f"a {type(default).__name__}")
            yield f"{place}: {value!r} is not allowed; give {what} (the default is {default!r})"


def _absolute(item: Mapping[str, Any]) -> dict[str, str]:
    """The function of a file, whose path does not depend on the folder of a job."""
    function = item.get("function", "")
    if ".py:" not in function:
        return {}
    file, _, name = function.rpartition(":")
    return {"function": f"{Path.cwd() / at_home(file)}:{name}"}
