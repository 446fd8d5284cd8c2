"""Missing maps: files in the folder of a method's maps that state which are missing, and why.

A method that is not defined for a net has no maps; a folder of maps that other tools made may lack
those of some samples. The statuses of their records are ``NOT_DEFINED`` and ``NO_MAP``.
"""

from collections.abc import Collection
from pathlib import Path

from lookwhere.io.atomic import sync
from lookwhere.io.results import verify

NOT_DEFINED, NO_MAP = "not_defined", "no_map"
FILE, LIST = "not_defined.txt", "no_map.txt"
FILES = {FILE, LIST}


def note(folder: Path, reason: str) -> None:
    """Write the reason why a method is not defined into the ``folder`` of its maps."""
    _write(folder / FILE, f"{reason}\n")


def list_samples(folder: Path, samples: Collection[str]) -> None:
    """List the ``samples`` without a map, by id, in the ``folder`` of a method's maps."""
    _write(folder / LIST, "".join(f"{sample}\n" for sample in samples))


def status(folder: Path, sample: str, below: Path = Path()) -> str | None:
    """Why the result ``folder``, or the one ``below`` it, has no map of a sample; None if unknown.

    Raises StudyError, as ``results.verify`` does, if a file is damaged.
    """
    if _text(folder, below / FILE) is not None:
        return NOT_DEFINED
    listed = _text(folder, below / LIST) or ""
    return NO_MAP if sample in listed.splitlines() else None


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    sync(path)


def _text(folder: Path, name: Path) -> str | None:
    """The text of a file in the result ``folder``; None where there is none."""
    file = folder / name
    if not file.exists():
        return None
    verify(file, folder)
    return file.read_text("utf-8")
