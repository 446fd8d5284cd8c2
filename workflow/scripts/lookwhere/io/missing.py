"""Missing maps: a file with the reason, in the folder of a method that is not defined for a net."""

from pathlib import Path

from lookwhere.io.atomic import sync
from lookwhere.io.results import verify

FILE = "not_defined.txt"


def note(folder: Path, reason: str) -> None:
    """Write the reason into the ``folder`` of a method's maps."""
    path = folder / FILE
    path.write_text(f"{reason}\n", "utf-8")
    sync(path)


def is_noted(folder: Path, below: Path = Path()) -> bool:
    """Whether the result ``folder``, or the one ``below`` it, holds the reason for missing maps.

    Raises StudyError, as ``results.verify`` does, if the file is damaged.
    """
    file = folder / below / FILE
    if not file.exists():
        return False
    verify(file, folder)
    return True
