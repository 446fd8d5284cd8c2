"""The classes of PASCAL VOC's masks: their names, their palette indices, their colours."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lookwhere.errors import StudyError

FILES = ("labelmap.txt", "class_names.txt", "labels.txt")  # by colour; the others by index

# Of the palette indices from 1.
VOC = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
BACKGROUND, VOID = 0, -1  # in arrays of class or instance numbers; other numbers are positive
VOID_INDEX = 255
NO_CLASSES = {"background": BACKGROUND, "void": VOID, "ignore": VOID, "ignored": VOID}

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Labels:
    """The names of classes, and the number of each palette index, or of each colour."""

    names: Mapping[int, str]
    colours: Mapping[Colour, int]
    file: Path | None = None
    by_colour: bool = False  # else by palette index, and by colour where there is no palette

    def number(self, index: int | None, colour: Colour) -> int | None:
        """The class number of a palette ``index``, or of a ``colour``; None if it has none."""
        if self.by_colour or index is None:
            return self.colours.get(colour)
        if index == VOID_INDEX:
            return VOID
        return index if index == BACKGROUND or index in self.names else None


def read(root: Path) -> Labels:
    """The labels of a file in ``root``, of CVAT or of labelme; else VOC's."""
    of_colours, *of_indices = (root / name for name in FILES)
    if of_colours.is_file():
        return _of_colours(of_colours)
    file = next((file for file in of_indices if file.is_file()), None)
    names = [*VOC] if file is None else [name for name in _lines(file) if name != "__ignore__"]
    if not names or names[0].strip("_") != "background":
        names.insert(0, "background")
    indices = {colour: index for index, colour in enumerate(palette())}
    numbers = {index: name for index, name in enumerate(names) if index != BACKGROUND}
    known = {BACKGROUND: BACKGROUND, VOID_INDEX: VOID} | {number: number for number in numbers}
    colours = {colour: known[index] for colour, index in indices.items() if index in known}
    return Labels(numbers, colours, file)


def _of_colours(file: Path) -> Labels:
    """The labels of a file with a line NAME:RED,GREEN,BLUE:parts:actions each."""
    names: dict[int, str] = {}
    colours = {palette()[BACKGROUND]: BACKGROUND, palette()[VOID_INDEX]: VOID}
    for line in _lines(file):
        match = re.fullmatch(r"(.+?):\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(:.*)?", line)
        if match is None:
            raise StudyError(f"{str(file)!r}: {line!r} is no line NAME:RED,GREEN,BLUE::")
        name, colour = match[1].strip(), (int(match[2]), int(match[3]), int(match[4]))
        if name.lower().strip("_") in NO_CLASSES:
            colours.setdefault(colour, NO_CLASSES[name.lower().strip("_")])
        elif colour not in colours:
            number = len(names) + 1
            names[number], colours[colour] = name, number
    return Labels(names, colours, file, by_colour=True)


def _lines(file: Path) -> list[str]:
    """The lines of a text file that are neither empty nor comments."""
    try:
        lines = map(str.strip, file.read_text("utf-8-sig").splitlines())
    except (OSError, ValueError) as error:
        raise StudyError(f"{str(file)!r} can't be read ({error}): replace it") from None
    return [line for line in lines if line and not line.startswith("#")]


@functools.cache
def palette() -> tuple[Colour, ...]:
    """VOC's colours: the bits of an index, three by three, from the highest bits of a colour."""

    def channel(index: int, first: int) -> int:
        return sum((index >> 3 * place + first & 1) << 7 - place for place in range(3))

    return tuple((channel(i, 0), channel(i, 1), channel(i, 2)) for i in range(256))
