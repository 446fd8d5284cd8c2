"""The errors that pydantic finds in a configuration, as sentences for its author."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from lookwhere.errors import hint
from lookwhere.study import schema
from lookwhere.study.model import Study

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Where an error is: the path of its key, what stands there, and the schema of it."""

    path: Path
    value: Any
    schema: dict[str, Any]


def faults(config: Any) -> list[str]:
    """A sentence for every value of ``config`` that the model does not allow."""
    try:
        Study.model_validate(config)
    except ValidationError as error:
        whole = schema.of_study()
        errors = [
            (_place(details["loc"], config, whole), details["type"])
            for details in error.errors(include_url=False, include_context=False)
        ]
        # Of a union each type has its error: that of the type which fits best goes deepest.
        paths = {place.path[:depth] for place, _ in errors for depth in range(len(place.path))}
        kept = [_message(place, kind) for place, kind in errors if place.path not in paths]
        return list(dict.fromkeys(kept))
    return []


def key_of(path: Sequence[str | int]) -> str:
    """A path as users write it: ``nets[0].name``."""
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key or "config"


def _place(location: Sequence[str | int], config: Any, whole: dict[str, Any]) -> Place:
    """pydantic's location, without the names that it gives to the types of a union."""
    path: Path = ()
    value, node = config, whole
    for part in location:
        if isinstance(value, dict) and "properties" in node:
            path = (*path, str(part))
            value, node = value.get(part), node["properties"].get(part, {})
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
        return f"{key}: {value!r} is not text that can be written"
    if "enum" in place.schema:
        return f"{key}: {value!r} is not allowed; {hint(value, place.schema['enum'])}"
    return f"{key}: {value!r} is not allowed; {place.schema['description']}"


def _siblings(path: Path) -> list[str]:
    """The keys that may stand where the last part of ``path`` does."""
    node = schema.of_study()
    for part in path[:-1]:
        node = schema.items(node) if isinstance(part, int) else node["properties"][part]
    return list(node["properties"])
