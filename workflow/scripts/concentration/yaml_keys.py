"""Keys that stand twice in a YAML file: parsers keep the last one without a word."""

from collections.abc import Iterator

import yaml


def repeated(text: str) -> list[str]:
    """A sentence for every key of ``text`` that its mapping holds more than once."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:  # Snakemake reads JSON, too, and has read this file already
        return []
    return list(_repeated(root, "")) if root is not None else []


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
