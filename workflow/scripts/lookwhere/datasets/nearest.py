"""The files that are nearest to missing names, for people whose names differ in small ways.

Names are equal here if they differ in upper and lower case, in the Unicode form of accents, in
``%20`` for a space, in spaces around them, or in their folder; next come other extensions or none,
and COCO's names of 2014 (``COCO_train2014_000000000036.jpg``) for those of 2017.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

MAX_FILES = 1_000_000  # of a folder, which are compared
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif", ".heic")
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")
COCO_NUMBER = re.compile(r"(?:coco_\w+_)?(\d{12})")


@dataclass(frozen=True)
class Nearest:
    """What a folder has instead of missing names."""

    files: dict[str, str]  # by missing name; both below the folder
    archives: tuple[str, ...]  # in the folder, and of its name beside it

    @property
    def subfolder(self) -> str | None:
        """The folder, below that of the images, which has every missing name; None if none has."""
        folders = {_above(file, name) for name, file in self.files.items()}
        return folders.pop() if len(folders) == 1 else None


def nearest(missing: Collection[str], folder: Path) -> Nearest:
    """Search ``folder``, once for all ``missing`` names."""
    names: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name in missing:
        for rank, key in enumerate(_keys(name)):
            names[key].append((name, rank))
    best: dict[str, tuple[int, int, str]] = {}
    archives = [str(path) for path in _beside(folder)]
    for file in _files(folder):
        if file in missing:  # a link to a file that does not exist
            continue
        archives += [str(folder / file)] if is_archive(file) else []
        for rank, key in enumerate(_keys(file)):
            for name, rank_of_name in names.get(key, ()):
                found = (max(rank, rank_of_name), len(file), file)
                best[name] = min(found, best.get(name, found))
    files = {name: best[name][-1] for name in missing if name in best}
    return Nearest(files, tuple(sorted(archives)))


def is_archive(name: str) -> bool:
    """Whether a file is an archive by its name."""
    return name.lower().endswith(ARCHIVES)


def _keys(name: str) -> Iterator[str]:
    """What equal names share, from the strictest to the loosest."""
    last = unquote(name.replace("\\", "/")).rpartition("/")[-1]
    plain = unicodedata.normalize("NFC", last).casefold().strip()
    yield f"/{plain}"
    path = PurePosixPath(plain)
    if path.suffix in IMAGES or not path.suffix:
        yield path.stem
        if number := COCO_NUMBER.fullmatch(path.stem):
            yield f"{number[1]}."


def _files(folder: Path) -> Iterator[str]:
    """The names of the files below ``folder``; links to folders are not followed."""
    count = 0
    for root, _, files in os.walk(folder):
        below = os.path.relpath(root, folder)
        for file in files:
            count += 1
            if count > MAX_FILES:
                return
            yield file if below == "." else f"{below}/{file}"


def _beside(folder: Path) -> Iterator[Path]:
    """The archives of the folder's name beside it."""
    for suffix in ARCHIVES:
        path = folder.absolute().with_name(folder.absolute().name + suffix)
        if path.is_file():
            yield path


def _above(file: str, name: str) -> str | None:
    """The folder in which ``name`` is ``file``; None if it is in none."""
    path, parts = PurePosixPath(file), PurePosixPath(name).parts
    inside = path.parts[-len(parts) :] == parts and len(path.parts) > len(parts)
    return str(PurePosixPath(*path.parts[: -len(parts)])) if inside else None
