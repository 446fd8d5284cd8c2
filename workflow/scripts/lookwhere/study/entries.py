"""The entries of ``methods`` and other lists: names of the library, or ``file.py:name``.

A configuration may be invalid here: values of other types are skipped.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lookwhere.study.homes import at_home

# The keys that list entries; methods may also list groups, which are lists of entries.
KINDS = ("methods", "metrics", "controls", "charts")
FORM = re.compile(r"(.+[.]py:)?[^\W\d]\w*")


def items(config: dict[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    """Yield the items of ``config`` under ``kind``, each after its key: ``methods[0][1]``."""
    value = config.get(kind)
    for number, item in enumerate(value if isinstance(value, list) else []):
        if kind == "methods" and isinstance(item, list):
            yield from ((f"{kind}[{number}][{index}]", part) for index, part in enumerate(item))
        else:
            yield f"{kind}[{number}]", item


def entries(config: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the items of ``config`` under ``kind`` that are text, each after its key."""
    return ((key, item) for key, item in items(config, kind) if isinstance(item, str))


def file_of(entry: str) -> str:
    """The file of ``file.py:name``, unchanged; empty for a name of the library."""
    return entry.rpartition(":")[0] if ".py:" in entry else ""


def name_of(entry: str) -> str:
    """The name of an entry."""
    return entry.rpartition(":")[2]


def files_of(entries: Iterable[str]) -> list[str]:
    """The Python files of the entries: absolute, sorted, unique."""
    files = {file_of(entry) for entry in entries} - {""}
    return sorted({os.path.normpath(Path.cwd() / at_home(file)) for file in files})


def all_files(config: dict[str, Any]) -> list[str]:
    """All Python files that a configuration, possibly invalid, names."""
    listed = [entry for kind in KINDS for _, entry in entries(config, kind)]
    dataset = config.get("dataset")
    form = dataset.get("format") if isinstance(dataset, dict) else None
    listed += [part["method"] for _, part in items(config, "methods") if _is_own(part)]
    return files_of([*listed, *([form] if isinstance(form, str) else [])])


def _is_own(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("method"), str)


def flat(entries: Iterable[Any]) -> tuple[Any, ...]:
    """Flatten groups of entries, which are tuples."""
    return tuple(part for item in entries for part in (item if isinstance(item, tuple) else [item]))
