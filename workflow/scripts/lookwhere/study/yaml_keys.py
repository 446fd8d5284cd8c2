"""What a configuration may not hold, though YAML does: keys that stand twice, and aliases."""

from collections.abc import Iterator

import yaml


def faults(content: bytes) -> list[str]:
    """A sentence for every alias of a YAML file, or else for every key that stands twice."""
    try:
        text = content.decode("utf-8-sig")
        return list(_aliases(text)) or repeated(text)
    except UnicodeDecodeError:
        return ["it is not text in UTF-8; save it as such"]
    except yaml.YAMLError:  # Snakemake reads JSON, too, and has read this file already
        return []


def repeated(text: str) -> list[str]:
    """A sentence for every key of ``text`` that its mapping holds more than once."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return list(_repeated(root, "")) if root is not None else []


def _aliases(text: str) -> Iterator[str]:
    """Aliases of aliases grow without bound, so a file of a few lines could be endless."""
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
                    f"{path}: given twice, in the lines {lines[name]} and {line}, of which only "
                    "the last would count; keep one"
                )
            lines[name] = line
            yield from _repeated(value, path)
