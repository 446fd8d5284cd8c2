"""Folders of maps that other tools made: a folder a method, in it a file a sample.

A method that the library lacks is an entry as well, whose maps are read and never computed. This
module needs no torch.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lookwhere.declarations import Declaration
from lookwhere.errors import StudyError
from lookwhere.methods.chosen import in_words

if TYPE_CHECKING:
    from lookwhere.methods.run import Run

# The variable that lists the methods of the study's folders, for this process and its children.
OF_FOLDERS = "LOOKWHERE_METHODS"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
FAMILY = "of folders"


def methods_in(folder: Path) -> list[str]:
    """The methods whose maps a folder holds: its folders. Hidden ones, or with ``_``, are left out.

    Raises StudyError if there is none, or if one has no name of a method.
    """
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    names = [name for name in names if not name.startswith((".", "_"))]
    if not names:
        raise StudyError(
            f"{str(folder)!r} has no folder of a method: put the maps of a method in a folder of "
            "its name"
        )
    for name in names:
        if not NAME.fullmatch(name):
            raise StudyError(
                f"{str(folder / name)!r} has no name of a method: rename it, in letters, digits "
                "and any of ._+-"
            )
    return names


def of_config(config: dict[str, Any]) -> dict[str, list[str]]:
    """The methods of each net of ``config``, possibly invalid, whose maps are in a folder."""
    return {name: methods for name, methods in _of_nets(config) if methods}


def all_are_folders(config: dict[str, Any]) -> bool:
    """Whether all nets of ``config``, possibly invalid, are folders of maps."""
    nets = config.get("nets")
    are = [isinstance(net, dict) and "maps" in net for net in nets] if type(nets) is list else []
    return bool(are) and all(are)


def declared() -> dict[str, Declaration]:
    """The methods of the study's folders as entries, by name, labelled by their name in words."""
    names = filter(None, os.environ.get(OF_FOLDERS, "").split(os.pathsep))
    options = {"family": FAMILY}
    return {
        name: Declaration(
            "method", name, in_words(name), Path(__file__), only_read.__name__, options
        )
        for name in names
    }


def only_read(run: "Run") -> NoReturn:
    """No net has maps by a method that the library lacks."""
    from lookwhere.methods.registry import NotDefinedError

    raise NotDefinedError("no such method is known, only maps of it, from a folder")


only_read.needs = frozenset()  # type: ignore[attr-defined]


def _of_nets(config: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    nets = config.get("nets")
    for net in nets if isinstance(nets, list) else []:
        maps = net.get("maps") if isinstance(net, dict) else None
        if isinstance(maps, str):
            try:
                yield str(net.get("name")), methods_in(Path(maps))
            except (OSError, ValueError, StudyError):  # validation reports it
                continue
