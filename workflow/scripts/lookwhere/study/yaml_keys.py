"""Checks of YAML files of the configuration: no repeated keys and no aliases."""

from collections.abc import Iterator

import yaml


def faults(content: bytes) -> list[str]:
    """An error message for every alias of a YAML file, else for every repeated key."""
    try:
        text = content.decode("utf-8-sig")
        return list(_aliases(text)) or repeated(text)
    except UnicodeDecodeError:
        return ["it is not UTF-8 text; save it as such"]
    except yaml.YAMLError:  # Snakemake reads JSON, too, and has parsed this file
        return []


def repeated(text: str) -> list[str]:
    """An error message for every repeated key of ``text``."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return list(_repeated(root, "")) if root is not None else []


def _aliases(text: str) -> Iterator[str]:
    """Aliases of aliases grow exponentially: a few lines can expand without bound."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1
            yield f"line {line}: the alias *{event.anchor} is not allowed; write out its value"


def _repeated(node: yaml.Node, above: str) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(item, f"{above}[{number}]")
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            path = f"{above}.{name}" if above else name
            if name in lines:
                yield (
                    f"{path}: repeated, in lines {lines[name]} and {line}, of which only the "
                    "last would count; keep one"
                )
            lines[name] = line
            yield from _repeated(value, path)
