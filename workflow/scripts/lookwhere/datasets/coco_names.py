"""The files of images that a COCO instances file names, below the image folder.

Names are paths below the folder. Tools also write backslashes, absolute paths, addresses of files,
and characters as %20; LVIS has no name but the image's URL. Another spelling counts only where no
file has the name itself.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import unquote, urlsplit

from lookwhere.errors import StudyError


def file_name(image: dict[str, Any], what: str, folder: Path) -> str:
    """The path below ``folder`` of the file of an ``image``; ``what`` names it in messages.

    Raises StudyError if it has no valid name, or one outside the folder.
    """
    name = image.get("file_name") or image.get("coco_url")
    if is_text(name) and name.startswith(("http://", "https://")):
        return _of_address(name, what, folder)
    if name is None:
        raise StudyError(f"{what} has no 'file_name', which COCO's instances files have")
    if not is_text(name) or "\0" in name or not Path(name).name:
        raise StudyError(f"{what} has the file name {name!r}, which is not valid")
    below = [path for each in _spellings(name) if (path := _below(each, folder)) is not None]
    found = next((path for path in below if (folder / path).is_file()), None)
    if found is not None:
        return found
    separated = _below(name.replace("\\", "/"), folder)
    if separated is None:
        raise StudyError(
            f"{what} has the file name {name!r}, outside its folder: {_way_out(name, folder)}"
        )
    return separated


def key(image: dict[str, Any]) -> str:
    """The name of an image's file, equal for names that may be one file."""
    name = str(image.get("file_name") or image.get("coco_url"))
    return os.path.normpath(name.replace("\\", "/"))


def is_text(value: Any) -> TypeGuard[str]:
    """Whether a value is a string that can be encoded: JSON allows surrogates such as "\\ud800"."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _of_address(address: str, what: str, folder: Path) -> str:
    """``train2017/000000000139.jpg``, or its last part alone, whichever is in the folder."""
    parts = [part for part in _local(address).split("/") if part not in ("", ".", "..")]
    if not parts or "\0" in "".join(parts):
        raise StudyError(f"{what} has the address {address!r}, which names no file")
    below = "/".join(parts[-2:])
    return below if (folder / below).is_file() else parts[-1]


def _spellings(name: str) -> Iterator[str]:
    """The ``name``, and what it may mean."""
    for each in (name, unquote(name), _local(name) if name.startswith("file:") else name):
        yield each
        yield each.replace("\\", "/")


def _local(address: str) -> str:
    """The path of an address, decoded."""
    try:
        return unquote(urlsplit(address).path)
    except ValueError:  # of a faulty host
        return ""


def _below(name: str, folder: Path) -> str | None:
    """The normalised path below ``folder``; None if it is outside, or the folder itself."""
    if "\0" in name:  # which normpath would cut
        return None
    for root in (folder.absolute(), folder.resolve()):
        path = Path(os.path.normpath(root / name))
        root = Path(os.path.normpath(root))
        if path != root and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return None


def _way_out(name: str, folder: Path) -> str:
    last = Path(name.replace("\\", "/")).name
    if (folder / last).is_file():
        return f"{str(folder / last)!r} exists, so remove the folders from the file name"
    return "give the folder of the images, or one above it, as dataset.images"
