"""The order of a map's pixels, in which metrics of faithfulness change an image."""

from collections.abc import Iterator
from math import ceil

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.int64]


def strongest_first(values: NDArray[np.float64], generator: np.random.Generator) -> Pixels:
    """The places (H * W,) of the pixels of ``values`` (H, W), the highest first.

    Ties are in random order: in the order of the rows, the zeros of a map (of Grad-CAM, often most
    of it) would be changed from the top of the image to the bottom.
    """
    shuffled = generator.permutation(values.size)
    return shuffled[np.argsort(-values.ravel()[shuffled], kind="stable")]


def replaced(
    start: NDArray[np.float32], end: NDArray[np.float32], order: Pixels, steps: int
) -> Iterator[NDArray[np.float32]]:
    """``start`` (C, H, W), and it with ever more pixels of ``end``, in this order, to the last.

    Each step but the last has as many pixels; there are at most ``steps``.
    """
    changed, source = start.reshape(len(start), -1).copy(), end.reshape(len(end), -1)
    yield changed.reshape(start.shape).copy()
    share = ceil(order.size / steps)
    for first in range(0, order.size, share):
        places = order[first : first + share]
        changed[:, places] = source[:, places]
        yield changed.reshape(start.shape).copy()


def area(heights: NDArray[np.float64]) -> float:
    """The area under a curve (N,) of equal steps from 0 to 1, by trapezoids."""
    return float((heights.sum() - heights[[0, -1]].mean()) / (len(heights) - 1))
