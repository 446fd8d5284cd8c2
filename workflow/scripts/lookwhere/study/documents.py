"""Generated documents: the schema for editors, the tables of keys and of methods.

``make schema`` writes them after a change of the model, or of the methods.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lookwhere.study import methods_page, schema
from lookwhere.study.schema import Schema

ROOT = Path(__file__).parents[4]
SCHEMA_FILE = "workflow/schemas/config.schema.yaml"
PAGE = "docs/configuration.md"  # of the keys
KEYS = ("<!-- keys: written by make schema -->\n", "<!-- end of keys -->\n")
HEAD = "# Written by make schema, from workflow/scripts/lookwhere/study/model.py.\n"


def schema_file(known: Mapping[str, Collection[str]]) -> str:
    """The schema with which editors complete and check a study's file.

    ``known`` holds the valid names in ``methods`` and other lists, by kind. A study may omit every
    key that config.yaml has, so none is required at the top level and in the data set.
    """
    study = schema.of_study()
    for part in (study, study["properties"]["dataset"]):
        del part["required"]
    for kind, names in known.items():
        _list_names(study["properties"][kind], sorted(names))
    study = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_for_editors(study)}
    return HEAD + yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100)


def table(defaults: Mapping[str, Any]) -> str:
    """The keys as a Markdown table, a row each; ``defaults`` is the content of config.yaml."""
    rows = ["| key | value | default |", "| --- | --- | --- |"]
    lines = "\n".join([*rows, *_rows(schema.of_study(), "", defaults)]) + "\n"
    return lines.replace("](docs/", "](")  # as seen from the page


def with_table(document: str, rows: str, marks: tuple[str, str] = KEYS) -> str:
    """The document with ``rows`` between the two comments that mark the table."""
    begin, end = marks
    before, _, rest = document.partition(begin)
    return f"{before}{begin}\n{rows}\n{end}{rest.partition(end)[2]}"


def _list_names(node: Schema, names: list[str]) -> None:
    """Restrict text entries to the names and ``file.py:name``."""
    if node.get("type") == "string":
        del node["type"]
        node["anyOf"] = [{"enum": names}, {"type": "string", "pattern": "[.]py:"}]
    elif "items" in node:
        _list_names(node["items"], names)
    else:
        for part in node.get("anyOf", []):
            _list_names(part, names)


def _for_editors(node: Any) -> Any:
    """The schema with help and defaults in the descriptions."""
    if isinstance(node, list):
        return [_for_editors(part) for part in node]
    if not isinstance(node, dict):
        return node
    parts = {
        key: _for_editors(part)
        for key, part in node.items()
        if key not in ("help", "otherwise") and (key != "default" or part not in ("", [], None))
    }
    if "help" in node or "otherwise" in node:
        parts["description"] = " ".join([f"{node['description']}.", *_more(node)])
    return parts


def _more(node: Schema) -> Iterator[str]:
    if "help" in node:
        yield node["help"]
    if "otherwise" in node:
        yield f"Left out: {node['otherwise']}."


def _rows(node: Schema, above: str, defaults: Any) -> Iterator[str]:
    for name, part in schema.properties(node).items():
        key = f"{above}{name}"
        value = defaults.get(name) if isinstance(defaults, Mapping) else None
        meaning = ". ".join(
            [part["description"].removeprefix("give "), *filter(None, [part.get("help")])]
        )
        yield f"| `{key}` | {meaning.rstrip('.')} | {_default(part, value)} |"
        yield from _rows(part, f"{key}.", value)
        yield from _rows(schema.items(part), f"{key}[].", None)


def _default(node: Schema, value: Any) -> str:
    """The default of a key: the model's, else that of config.yaml."""
    if "otherwise" in node:
        return node["otherwise"]
    if node.get("default") and "properties" not in node:
        return f"`{yaml.safe_dump(node['default']).splitlines()[0]}`"
    if isinstance(value, Mapping):
        return ""
    if isinstance(value, list):
        if all(isinstance(item, (str, int)) for item in value):
            return ", ".join(map(str, value))
        return f"{len(value)}, see [config.yaml](../config.yaml)"
    return "" if value is None else str(value)


def main(root: Path, known: Mapping[str, Collection[str]]) -> None:
    """Write the schema, and the tables of keys and methods, of the repository at ``root``."""
    keys, methods = root / PAGE, root / methods_page.PAGE
    defaults = yaml.safe_load((root / "config.yaml").read_text("utf-8"))
    (root / SCHEMA_FILE).write_text(schema_file(known), "utf-8")
    keys.write_text(with_table(keys.read_text("utf-8"), table(defaults)), "utf-8")
    sources = (methods_page.PAPERS, methods_page.MEASUREMENTS)
    rows = methods_page.table(*((root / name).read_text("utf-8") for name in sources))
    document = with_table(methods.read_text("utf-8"), rows, methods_page.MARKS)
    methods.write_text(document, "utf-8")
