"""COCO segmentations: their parts, their run lengths, their validation.

pycocotools parses them in C, unchecked: a coordinate that is not a number crashes the process, and
run lengths shorter than the image fill the mask with uninitialised memory. So they are checked
first.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

FAR = 2  # how many widths or heights a polygon may reach beyond its image
# Pixels along the outlines of a segmentation: pycocotools allocates 100 bytes for each, and crashes
# if it can't. The outline of a million-pixel blob of fractal detail is far shorter.
LONGEST = 5_000_000
CORNERS = 3  # of the least polygon
EMPTY_LENGTH = 8  # characters of compressed run lengths without a pixel, and more


def parts(segmentation: list[Any] | dict[str, Any]) -> list[Any]:
    """The polygons and run-length encodings of a segmentation, not yet checked.

    COCO has a list of polygons, or one run-length encoding. Tools also write one polygon without
    the outer list, polygons as three or more pairs, run-length encodings in a list, and one list
    more around all: none of these can mean anything else.

    >>> parts([10, 10, 20, 10, 20, 20]) == parts([[10, 10], [20, 10], [20, 20]])
    True
    """
    if isinstance(segmentation, dict):
        return [segmentation]
    if segmentation and type(segmentation[0]) in (int, float):
        return [segmentation]
    if _is_pairs(segmentation):
        return [_flat(segmentation)]
    return [part for piece in segmentation for part in _unwrapped(piece)]


def has_mask(segmentation: Any) -> bool:
    """Whether a segmentation has a mask by its form: a polygon, or run lengths with a pixel.

    A polygon has three points. It may cover no pixel: COCO itself has a few without area. What is
    neither is damage, which ``fault`` names when the mask is read.
    """
    if not segmentation or not isinstance(segmentation, list | dict):
        return bool(segmentation)
    pieces = parts(segmentation)
    return _is_mask(pieces[0]) or any(map(_is_mask, pieces[1:]))


def fault(segmentation: Any, height: int, width: int) -> str | None:
    """The error of a ``segmentation`` of an image of ``height`` x ``width`` pixels, or None.

    Valid are lists of polygons, each a flat list of coordinates in pixels, and run-length
    encodings, compressed or not, of exactly the image's size, in the forms of ``parts``.
    """
    if not isinstance(segmentation, list | dict):
        return f"a {type(segmentation).__name__} is neither a list of polygons nor run lengths"
    pieces = parts(segmentation)
    errors = (
        _runs_fault(piece, height, width)
        if isinstance(piece, dict)
        else _polygon_fault(piece, height, width)
        for piece in pieces
    )
    return next(filter(None, errors), None) or _outline_fault(polygons(pieces))


def polygons(pieces: Sequence[Any]) -> list[list[float]]:
    """The polygons among the parts of a segmentation: fewer than three points cover nothing."""
    return [piece for piece in pieces if isinstance(piece, list) and len(piece) >= 2 * CORNERS]


def run_lengths(compressed: str | bytes) -> list[int] | None:
    """The run lengths in COCO's compressed notation; None if it is not one.

    Six bits a character: five of the number, lowest first, and a continuation bit. From the fourth
    on, a number is the difference to the last but one.
    """
    text = (
        compressed if isinstance(compressed, bytes) else compressed.encode(errors="surrogatepass")
    )
    codes = np.frombuffer(text, dtype=np.uint8).astype(np.int64) - 48  # (characters,)
    if not codes.size:
        return []
    ends = np.flatnonzero(codes & 32 == 0)  # the last character of each number
    if codes.min() < 0 or codes.max() > 63 or not ends.size or ends[-1] != codes.size - 1:
        return None
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 7:  # 35 bits, more than any image has pixels
        return None
    shifts = 5 * (np.arange(codes.size) - np.repeat(starts, lengths))
    runs = np.add.reduceat((codes & 31) << shifts, starts)  # (numbers,)
    runs -= (codes[ends] >> 4 & 1) << 5 * lengths  # the highest bit is that of the sign
    for first in (1, 2):
        runs[first::2] = np.cumsum(runs[first::2])
    return runs.tolist()


def _unwrapped(piece: Any) -> list[Any]:
    """A polygon or run lengths, in the form of COCO, or several from one list more."""
    if not (isinstance(piece, list) and piece and isinstance(piece[0], list | dict)):
        return [piece]
    return [_flat(piece)] if _is_pairs(piece) else piece


def _is_pairs(points: Sequence[Any]) -> bool:
    """Whether a polygon is a list of pairs."""
    return len(points) >= CORNERS and all(isinstance(p, list) and len(p) == 2 for p in points)


def _flat(pairs: Sequence[Any]) -> list[Any]:
    return [number for pair in pairs for number in pair]


def _is_mask(part: Any) -> bool:
    if isinstance(part, list):
        return len(part) >= 2 * CORNERS or any(isinstance(each, list) for each in part[:1])
    if not isinstance(part, dict):
        return bool(part)
    counts = part.get("counts")
    if isinstance(counts, str | bytes) and len(counts) <= EMPTY_LENGTH:
        counts = run_lengths(counts) or counts
    return any(counts[1::2]) if isinstance(counts, list) else bool(counts)


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
    if not isinstance(lengths, list) or not all(_is_length(length) for length in lengths):
        return f"run lengths {str(counts)[:40]!r} are damaged"
    if sum(lengths) != height * width:
        return f"run lengths cover {sum(map(int, lengths))} of the image's {height * width} pixels"
    return None


def _is_length(value: Any) -> bool:
    """Whether a run length is a whole number from 0; pandas and numpy write 864.0."""
    return type(value) in (int, float) and 0 <= value < 2**63 and value % 1 == 0
