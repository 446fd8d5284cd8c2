"""Numbers of images that can be drawn: a study of all images needs them to plan its jobs.

Annotations may take a minute to read, so that the numbers are cached in the file ``MEMORY``.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lookwhere.datasets.selections import Selection
from lookwhere.io.atomic import atomic_file

MEMORY = Path(".snakemake/images.json")  # in the folder in which the workflow runs
MOST = 20  # entries in the memory


def count(
    form: str, annotations: Path, images: Path, choices: Mapping[str, Any], classes: Sequence[str]
) -> dict[str, int]:
    """The number of images that can be drawn for each class; 0 for one that is not annotated.

    Raises StudyError if the annotations can't be used, and ImportError where a package is missing.
    """
    from lookwhere.datasets import base  # needs OpenCV, which Snakemake's own environment may lack

    data = base.load(form, annotations, images, choices)
    known = data.classes()
    pools = data.images([name for name in classes if name in known])
    return {name: len(pools[name]) if name in pools else 0 for name in classes}


def of_selections(selections: Sequence[Selection], classes: Sequence[str]) -> dict[str, int]:
    """The number of images of each class that recorded ``selections`` take."""
    spans = [span for selection in selections for span in selection.spans]
    return {
        name: max((span.last for span in spans if span.class_name == name), default=0)
        for name in classes
    }


def key(settings: Any) -> str:
    """The key of what the numbers depend on."""
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def names_below(folder: Path, without: Path) -> str:
    """A digest of the names of the files below ``folder``, which changes where files come or go.

    Hidden files and folders are left out, and the folder ``without``.
    """
    names = []
    for root, folders, files in os.walk(folder):
        inside = [(name, Path(root, name)) for name in folders if not name.startswith(".")]
        folders[:] = [name for name, path in inside if path.resolve() != without.resolve()]
        below = Path(root).relative_to(folder)
        names += [(below / name).as_posix() for name in files if not name.startswith(".")]
    listed = "\0".join(sorted(names)).encode(errors="surrogateescape")
    return hashlib.sha256(listed).hexdigest()


def recall(key: str, memory: Path = MEMORY) -> dict[str, int] | None:
    """The cached numbers; None where there are none."""
    numbers = _read(memory).get(key)
    return numbers if isinstance(numbers, dict) else None


def remember(key: str, numbers: Mapping[str, int], memory: Path = MEMORY) -> None:
    """Cache the numbers, unless permission is denied; the oldest entries make room."""
    entries = [*_read(memory).items(), (key, numbers)][-MOST:]
    if memory.parent.is_dir():
        with suppress(OSError), atomic_file(memory) as draft:
            draft.write_text(json.dumps(dict(entries)), "utf-8")


def _read(memory: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        entries = json.loads(memory.read_text("utf-8"))
        return entries if isinstance(entries, dict) else {}
    return {}
