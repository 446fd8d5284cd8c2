"""The JSON schema of the model. Error messages quote its descriptions."""

from collections.abc import Mapping
from typing import Any

from lookwhere.study.model import Study

Schema = dict[str, Any]


def of_study() -> Schema:
    """The schema of a configuration, with references resolved."""
    schema = Study.model_json_schema()
    return _inlined(schema, schema.pop("$defs"))


def items(schema: Schema) -> Schema:
    """The schema of the entries of a list, which may be in a union."""
    types = [schema, *schema.get("anyOf", [])]
    return next((part["items"] for part in types if "items" in part), {})


def properties(schema: Schema) -> Schema:
    """The schemas of the keys of a mapping, which may be in a union."""
    if "properties" in schema:
        return schema["properties"]
    return next(filter(None, map(properties, schema.get("anyOf", []))), {})


def _inlined(node: Any, definitions: Mapping[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_inlined(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        definition = definitions[node["$ref"].rpartition("/")[2]]
        node = {**definition, **{key: part for key, part in node.items() if key != "$ref"}}
    return {
        key: _inlined(part, definitions)
        for key, part in node.items()
        if not (key == "title" and isinstance(part, str))
    }
