"""Error messages for pydantic's errors in a configuration."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from lookwhere.errors import hint
from lookwhere.study import schema
from lookwhere.study.model import Study

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """The location of an error: the path of its key, its value and its schema."""

    path: Path
    value: Any
    schema: dict[str, Any]


def faults(config: Any) -> list[str]:
    """An error message for every value of ``config`` that the model does not allow."""
    try:
        Study.model_validate(config)
    except ValidationError as error:
        study = schema.of_study()
        errors = [
            (_place(details["loc"], config, study), details["type"])
            for details in error.errors(include_url=False, include_context=False)
        ]
        # A union has an error for each type: that of the best match is the deepest.
        paths = {place.path[:depth] for place, _ in errors for depth in range(len(place.path))}
        messages = [_message(place, kind) for place, kind in errors if place.path not in paths]
        return list(dict.fromkeys(messages))  # pydantic reports some errors twice
    return []


def key_of(path: Sequence[str | int]) -> str:
    """A path as users write it: ``nets[0].name``."""
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key or "config"


def _place(location: Sequence[str | int], config: Any, study: dict[str, Any]) -> Place:
    """pydantic's location, without its names for the types of a union."""
    path: Path = ()
    value, node = config, study
    for part in location:
        if isinstance(value, dict) and (properties := schema.properties(node)):
            if part in value or part in properties:  # else a name of pydantic's for a type
                path = (*path, str(part))
                value, node = value.get(part), properties.get(str(part), {})
        elif isinstance(value, list) and isinstance(part, int):
            path = (*path, part)
            value, node = value[part], schema.items(node)
    return Place(path, value, node)


def _message(place: Place, kind: str) -> str:
    key, value = key_of(place.path), place.value
    if kind in ("extra_forbidden", "invalid_key"):
        return f"{key}: unknown key; {hint(place.path[-1], _siblings(place.path))}"
    if kind == "missing":
        return f"{key}: missing; {place.schema['description']}"
    if kind == "string_unicode":
        return f"{key}: {value!r} can't be encoded in UTF-8"
    if "enum" in place.schema:
        return f"{key}: {value!r} is not allowed; {hint(value, place.schema['enum'])}"
    return f"{key}: {value!r} is not allowed; {place.schema['description']}"


def _siblings(path: Path) -> list[str]:
    """The valid keys in place of the last part of ``path``."""
    node = schema.of_study()
    for part in path[:-1]:
        node = schema.items(node) if isinstance(part, int) else schema.properties(node)[part]
    return list(schema.properties(node))
