"""Samples of images that are resized to fewer pixels, for studies with ``max_pixels``."""

import math
from dataclasses import replace

from lookwhere.datasets import masks
from lookwhere.datasets.samples import Sample


def reduced_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """The largest (width, height) of at most ``max_pixels`` with the aspect ratio, rounded down.

    >>> reduced_size(4000, 3000, max_pixels=1_000_000)
    (1154, 866)
    """
    if width * height <= max_pixels:
        return width, height
    columns = min(max(1, math.isqrt(max_pixels * width // height)), max_pixels)
    rows = min(max(1, math.isqrt(max_pixels * height // width)), max_pixels)
    return columns, rows


def reduce(sample: Sample, max_pixels: int) -> Sample:
    """The sample at no more than ``max_pixels``; its masks are resized by nearest neighbours.

    Raises StudyError if its masks are damaged.
    """
    width, height = reduced_size(sample.width, sample.height, max_pixels)
    if (width, height) == (sample.width, sample.height):
        return sample

    def resized(runs: str) -> str:
        mask = masks.decode(runs, sample.height, sample.width)
        return masks.encode(masks.resize(mask, height, width))

    return replace(
        sample,
        width=width,
        height=height,
        instances=tuple(map(resized, sample.instances)),
        ignored=None if sample.ignored is None else resized(sample.ignored),
        file_width=sample.width,
        file_height=sample.height,
    )
