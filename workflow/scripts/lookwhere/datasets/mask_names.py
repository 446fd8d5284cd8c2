"""The images of masks in a folder, by the names of both.

A mask has the path of its image, with or without the suffix of that (``37.jpg.png``), or else lies
in a folder of that path, or has it before a number, as in ``37_0``, if the image has no mask of its
own path. Where none does, all may have the same before or after it: ``37_mask``, ``mask_37``.
"""

import itertools
import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lookwhere.datasets import image_names, mask_files
from lookwhere.datasets.image_names import ImageNames

NUMBERED = re.compile(r"(.+)[_-][0-9]+")
SIGNS = "_-. "  # between the name of an image and what all masks have before or after it

# The mask files of each image, by the image's path without suffix.
Files = dict[str, list[Path]]


@dataclass(frozen=True)
class Affix:
    """What the names of all masks have before and after that of their image."""

    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}IMAGE{self.after}"

    def removed(self, path: str) -> str:
        """The path of a mask without it."""
        folder, name = posixpath.split(path)
        return posixpath.join(folder, name[len(self.before) : len(name) - len(self.after)])


def of_folder(folder: Path, names: ImageNames) -> tuple[Files, Affix]:
    """The mask files of a class, and what their names have beside those of the images."""
    paths: defaultdict[str, list[Path]] = defaultdict(list)
    for file in image_names.files_below(folder, mask_files.SUFFIXES):
        paths[image_names.without_suffix(file)].append(folder / file)
    affix = Affix()
    if not _count(paths, names):
        for bare in (str, _without_number):
            affix = _affix([bare(path) for path in paths], names)
            if affix != Affix():
                paths = _renamed(paths, {path: affix.removed(bare(path)) for path in paths})
                break
    files: Files = {}
    for path, of_path in paths.items():
        files.setdefault(_image_of(path, paths.keys(), names), []).extend(of_path)
    return files, affix


def _affix(paths: Sequence[str], names: ImageNames) -> Affix:
    """The shortest affix of all ``paths`` without which most have images; empty if none helps."""
    counts = {
        affix: _count({affix.removed(path) for path in paths}, names)
        for affix in _common([posixpath.basename(path) for path in paths])
    }
    best = max(counts, key=lambda affix: (counts[affix], -len(str(affix))), default=Affix())
    return best if counts.get(best) else Affix()


def _common(names: Sequence[str]) -> Iterator[Affix]:
    """The affixes that all ``names`` have, up to a sign, and that leave a part of each."""
    start = _shared_start(names)
    end = _shared_start([name[::-1] for name in names])[::-1]
    befores = ["", *(start[: at + 1] for at, sign in enumerate(start) if sign in SIGNS)]
    afters = ["", *(end[at:] for at, sign in enumerate(end) if sign in SIGNS)]
    least = min(map(len, names), default=0)
    for before in befores:
        for after in afters:
            if len(before) + len(after) < least:
                yield Affix(before, after)


def _shared_start(names: Sequence[str]) -> str:
    shared = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in shared)


def _count(paths: Iterable[str], names: ImageNames) -> int:
    """How many paths of masks have an image."""
    return sum(_image_of(path, (), names) in names.files for path in paths)


def _renamed(paths: Files, new: dict[str, str]) -> defaultdict[str, list[Path]]:
    renamed: defaultdict[str, list[Path]] = defaultdict(list)
    for path, files in paths.items():
        renamed[new[path]] += files
    return renamed


def _without_number(path: str) -> str:
    """The path without the number of an instance, if it has one."""
    numbered = NUMBERED.fullmatch(path)
    return numbered[1] if numbered else path


def _image_of(path: str, masks: Collection[str], names: ImageNames) -> str:
    """The path of the image of a mask; that of the mask itself if there is none."""
    if (own := names.path(path)) is not None:
        return own
    for image in (PurePosixPath(path).parent.as_posix(), _without_number(path)):
        if image in names.files and image not in masks:
            return image
    return path
