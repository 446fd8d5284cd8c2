"""Validation of COCO segmentations.

pycocotools parses them in C, unchecked: a coordinate that is not a number crashes the process, and
run lengths shorter than the image fill the mask with uninitialised memory. So they are checked
first.
"""

from collections.abc import Sequence
from typing import Any

FAR = 2  # how many widths or heights a polygon may reach beyond its image
# Pixels along the outlines of a segmentation: pycocotools allocates 100 bytes for each, and crashes
# if it can't. The outline of a million-pixel blob of fractal detail is far shorter.
LONGEST = 5_000_000


def fault(segmentation: Any, height: int, width: int) -> str | None:
    """The error of a ``segmentation`` of an image of ``height`` x ``width`` pixels, or None.

    Valid are lists of polygons, each a flat list of coordinates in pixels, and run-length
    encodings, compressed or not, of exactly the image's size.
    """
    if isinstance(segmentation, list):
        errors = (_polygon_fault(polygon, height, width) for polygon in segmentation)
        return next(filter(None, errors), None) or _outline_fault(segmentation)
    if isinstance(segmentation, dict):
        return _runs_fault(segmentation, height, width)
    return f"a {type(segmentation).__name__} is neither a list of polygons nor run lengths"


def run_lengths(compressed: str | bytes) -> list[int] | None:
    """The run lengths in COCO's compressed notation; None if it is not one.

    Six bits a character: five of the number, lowest first, and a continuation bit. From the fourth
    on, a number is the difference to the last but one.
    """
    runs: list[int] = []
    number = shift = 0
    for code in compressed if isinstance(compressed, bytes) else compressed.encode():
        bits = code - 48
        if not 0 <= bits < 64 or shift > 30:
            return None
        number |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                number -= 1 << shift
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = shift = 0
    return runs if shift == 0 else None


def _polygon_fault(polygon: Any, height: int, width: int) -> str | None:
    if not isinstance(polygon, list):
        return f"{str(polygon)[:40]!r} is not a polygon [x0, y0, x1, y1, ...]"
    if len(polygon) % 2:
        return f"a polygon has {len(polygon)} numbers, which are no pairs of x and y"
    for coordinates, length in ((polygon[::2], width), (polygon[1::2], height)):
        for number in coordinates:
            if type(number) not in (int, float):
                return f"a polygon has the coordinate {str(number)[:40]!r}, which is not a number"
            if not -FAR * length <= number <= (1 + FAR) * length:  # false for nan, too
                return (
                    f"a polygon has the coordinate {str(number)[:40]}, far outside its image of "
                    f"{width} x {height} pixels"
                )
    return None


def _outline_fault(polygons: list[list[float]]) -> str | None:
    """pycocotools walks along the outline, for an edge in max(dx, dy) steps."""
    length = 0.0
    for polygon in polygons:
        x, y = polygon[::2], polygon[1::2]
        length += sum(max(abs(x[i] - x[i - 1]), abs(y[i] - y[i - 1])) for i in range(len(x)))
    if length > LONGEST:
        return (
            f"the outline of its polygons is {length:.0f} pixels long, more than {LONGEST}: "
            "simplify it, or leave the image out"
        )
    return None


def _runs_fault(runs: dict[str, Any], height: int, width: int) -> str | None:
    size = runs.get("size")
    if not isinstance(size, Sequence) or list(size) != [height, width]:
        return (
            f"a run-length mask has the size {size}, but its image is {height} pixels high and "
            f"{width} wide"
        )
    counts: Any = runs.get("counts")
    lengths = run_lengths(counts) if isinstance(counts, str | bytes) else counts
    if not isinstance(lengths, list) or not all(type(n) is int and n >= 0 for n in lengths):
        return f"run lengths {str(counts)[:40]!r} are damaged"
    if sum(lengths) != height * width:
        return f"run lengths cover {sum(lengths)} of the image's {height * width} pixels"
    return None
