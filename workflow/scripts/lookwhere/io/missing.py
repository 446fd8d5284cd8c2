"""Folders of maps that are not there: in place of the maps of a method that is not defined for a
net lies one file with the reason.
"""

from pathlib import Path

from lookwhere.io.atomic import sync
from lookwhere.io.results import verify

FILE = "not_defined.txt"


def note(folder: Path, reason: str) -> None:
    """Write into the ``folder`` of a method's maps why there are none."""
    path = folder / FILE
    path.write_text(f"{reason}\n", "utf-8")
    sync(path)


def is_noted(folder: Path, below: Path = Path()) -> bool:
    """Whether the result ``folder``, or the one ``below`` it, says why there are no maps.

    Raises StudyError, as ``results.verify`` does, if what it says can't be relied on.
    """
    file = folder / below / FILE
    if not file.exists():
        return False
    verify(file, folder)
    return True
