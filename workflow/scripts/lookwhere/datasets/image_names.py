"""Names of the images below a folder, for formats whose annotations are files beside them.

The id of an image is its path below the folder without the suffix: that of ``street/36.jpg`` is
``street/36``.
"""

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lookwhere.datasets.samples import ImageId, canonical
from lookwhere.errors import StudyError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".ppm"}
)
# Of photographs that are not read. They are images all the same, so that a message names them.
UNREAD = frozenset({".heic", ".heif", ".dng", ".jxl"})


@dataclass(frozen=True)
class ImageNames:
    """The images below a folder."""

    folder: Path
    files: Mapping[str, tuple[str, ...]]  # by the path without suffix
    paths: Mapping[str, tuple[str, ...]]  # these, by their last part

    @classmethod
    def below(cls, folder: Path, part: str = "") -> "ImageNames":
        """List the images below ``folder``, or those in a ``part`` of it.

        One that is not read counts only where no other has its path without suffix.
        """
        files: dict[str, tuple[str, ...]] = {}
        paths: dict[str, tuple[str, ...]] = {}
        for file in sorted(files_below(folder, SUFFIXES | UNREAD, part), key=_is_unread):
            path = without_suffix(file)
            if path in files and _is_unread(file):
                continue
            if path not in files:
                name = PurePosixPath(path).name
                paths[name] = (*paths.get(name, ()), path)
            files[path] = (*files.get(path, ()), file)
        return cls(folder, files, paths)

    def path(self, name: str) -> str | None:
        """The path without suffix of the image that a path ``name`` with or without suffix means.

        Backslashes separate folders, too. None if there is no such image.
        """
        name = posixpath.normpath(name.replace("\\", "/"))
        if name in self.files:
            return name
        path = without_suffix(name)
        return path if name in self.files.get(path, ()) else None

    def path_anywhere(self, name: str) -> str | None:
        """``path``, or that of the only image in any folder that has the last part as its name."""
        if (path := self.path(name)) is not None:
            return path
        found = self.paths.get(PurePosixPath(name).name, ())
        return found[0] if len(found) == 1 else None

    def file(self, path: str) -> str:
        """The file of an image by its path without suffix.

        Raises StudyError if several files have it.
        """
        files = self.files[path]
        if len(files) > 1:
            names = " and ".join(repr(str(self.folder / file)) for file in files)
            raise StudyError(
                f"{names} have the same name but for the suffix, so that a mask belongs to either: "
                "rename one"
            )
        return files[0]


def files_below(folder: Path, suffixes: frozenset[str], part: str = "") -> Iterator[str]:
    """The paths below ``folder`` of files with one of the ``suffixes``, in any case, sorted.

    Only those in the folder ``part`` of it are listed. Hidden files and folders are left out.
    """
    for root, folders, names in os.walk(folder / part):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(root).relative_to(folder)
        for name in sorted(names):
            if PurePosixPath(name).suffix.lower() in suffixes and not name.startswith("."):
                yield (below / name).as_posix()


def _is_unread(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in UNREAD


def without_suffix(path: str) -> str:
    """The path without its last suffix."""
    return posixpath.splitext(path)[0]


def image_id(path: str) -> ImageId:
    """The id of the image with a path without suffix; ``str`` of the id is the path again.

    Raises StudyError if the path has characters that can't be printed.
    """
    found = canonical(path)
    if found is None:
        raise StudyError(f"image {path!r} has characters that can't be printed: rename it")
    return found
