"""The orientation of an image: as its pixels are stored, or upright by its EXIF tag.

Tools differ in the view on which people annotate. The annotated size decides where it fits one view
alone; where it fits both (a square image, a turn by 180 degrees, a mirrored one) the study does.
"""

import os
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image
from PIL.Image import Transpose
from PIL.PngImagePlugin import PngImageFile

from lookwhere.errors import StudyError

# What turns the stored pixels upright, in words and for PIL, by the value of the EXIF tag.
TURNS = {
    2: ("mirrored", Transpose.FLIP_LEFT_RIGHT),
    3: ("turned 180", Transpose.ROTATE_180),
    4: ("mirrored and turned 180", Transpose.FLIP_TOP_BOTTOM),
    5: ("mirrored and turned 270", Transpose.TRANSPOSE),
    6: ("turned 90", Transpose.ROTATE_270),  # PIL counts anticlockwise
    7: ("mirrored and turned 90", Transpose.TRANSVERSE),
    8: ("turned 270", Transpose.ROTATE_90),
}
SWAPS = (5, 6, 7, 8)  # values that swap width and height
INVERSE = {6: 8, 8: 6}  # the others are their own
UPRIGHT, STORED = "upright", "stored"


@dataclass(frozen=True)
class View:
    """How an image is seen: upright or as stored, and why."""

    tag: int  # its EXIF orientation; 1 turns nothing
    upright: bool
    by_size: bool  # whether the annotated size decides, or else ``dataset.exif``

    @property
    def name(self) -> str:
        """What is done to the stored pixels: ``stored``, ``turned 90`` (clockwise) and so on."""
        return TURNS[self.tag][0] if self.upright and self.tag in TURNS else STORED


def sizes(file: Image.Image) -> dict[str, tuple[int, int]]:
    """The size (width, height) of an image in each view, before it is decoded."""
    return _sizes(file, _tag(file))


def view(file: Image.Image, path: Path, width: int, height: int, exif: str) -> View:
    """The view of an image that is annotated at ``width`` x ``height``, before it is decoded.

    ``exif``, upright or stored, decides where the size fits both. Raises StudyError, which names
    the ``path``, if it fits neither.
    """
    orientation = _tag(file)
    views = _sizes(file, orientation)
    fitting = [name for name, size in views.items() if size == (width, height)]
    if not fitting:
        raise StudyError(
            f"image {str(path)!r} is {_described(views, orientation)}, but its annotation has "
            f"{width} x {height}: give the image that was annotated, or masks and annotations "
            "of its size"
        )
    upright = (exif if len(fitting) == 2 else fitting[0]) == UPRIGHT
    return View(orientation, upright, by_size=len(fitting) == 1)


def turn(image: Image.Image, seen: View, file: Image.Image) -> Image.Image:
    """Turn the decoded pixels of a ``file`` to a view."""
    is_turned = file.format == "TIFF"  # PIL turns these when it decodes them
    if seen.tag == 1 or seen.upright == is_turned:
        return image
    return image.transpose(TURNS[seen.tag if seen.upright else INVERSE.get(seen.tag, seen.tag)][1])


def counts(views: Iterable[View]) -> Iterator[str]:
    """Sentences that count the images with a tag, by what decides how they are seen."""
    reasons = Counter((seen.upright, seen.by_size) for seen in views if seen.tag != 1)
    for (upright, by_size), count in sorted(reasons.items(), reverse=True):
        subject = "1 image" if count == 1 else f"{count} images"
        verb = ("is" if count == 1 else "are") if upright else ("stays" if count == 1 else "stay")
        what = f"{subject} {verb} {'turned upright' if upright else 'as stored'}"
        choice = f"by dataset.exif: {UPRIGHT if upright else STORED}"
        yield f"{what}, {'since the annotated size fits only so' if by_size else choice}"


def _tag(file: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or a damaged one."""
    try:
        if isinstance(file, PngImageFile) and "exif" not in file.info and file.fp is not None:
            file.info["exif"] = _late_exif(file.fp)
        value = Image.Image.getexif(file).get(ExifTags.Base.Orientation)  # PNG's own decodes
    except Exception:  # damage makes PIL raise errors of many kinds
        return 1
    return int(value) if value in TURNS else 1


def _late_exif(source: IO[bytes]) -> bytes | None:
    """The EXIF block of a PNG, which may follow the pixels."""
    source.seek(8)  # behind the signature
    while len(head := source.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf":
            return source.read(length)
        source.seek(length + 4, os.SEEK_CUR)  # and the checksum
    return None


def _sizes(file: Image.Image, orientation: int) -> dict[str, tuple[int, int]]:
    width, height = file.size
    if _is_swapped(file):
        width, height = height, width
    upright = (height, width) if orientation in SWAPS else (width, height)
    return {UPRIGHT: upright, STORED: (width, height)}


def _is_swapped(file: Image.Image) -> bool:
    """Whether PIL lists the upright size of a file, which it does for TIFF alone."""
    tags = getattr(file, "tag_v2", {}) if file.format == "TIFF" else {}
    return tags.get(ExifTags.Base.Orientation) in SWAPS


def _described(views: dict[str, tuple[int, int]], orientation: int) -> str:
    stored, upright = (f"{w} x {h}" for w, h in (views[STORED], views[UPRIGHT]))
    turned = f" ({upright} upright, by its EXIF orientation {orientation})"
    return f"{stored} pixels{turned if orientation in SWAPS else ''}"
