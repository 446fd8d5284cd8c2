"""Occlusion: what the logit loses where a window of the image is grey."""

from itertools import product
from math import ceil
from typing import TYPE_CHECKING

from lookwhere.methods.registry import method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "occlusion",
    "Occlusion",
    family="perturbation",
    needs=[],
    cite="zeiler2014visualizing",
    group="occlusion",
)
def occlusion(run: "Run", *, window: float = 0.125, stride: float = 0.0625) -> "Tensor":
    """At a pixel the mean of y_c(x) - y_c(x_w), over the windows w on it (N, 1, H, W).

    x_w is the image x with a square window of 0, of the normalised input: grey, the data set's mean
    colour (Zeiler and Fergus 2014, section 4.2, who show y_c(x_w) by the window's place). The mean
    over windows is that of captum. ``window`` and ``stride`` are shares of the shorter side, at
    least a pixel; the last windows end at the image's edge. One forward pass a window: 225 of a
    square.
    """
    size = run.images.shape[2:]
    side, step = (max(1, round(share * min(size))) for share in (window, stride))
    rows, columns = (_places(length, side, step) for length in size)
    places = list(product(rows, columns))
    score = run.logits.float().gather(1, run.targets[:, None])
    total, counts = run.images.new_zeros(2, len(run.images), 1, *size)
    for number in run.passes(len(places)):
        row, column = places[number]
        occluded = run.images.clone()
        occluded[:, :, row, column] = 0
        loss = score - run.logits_at(occluded).gather(1, run.targets[:, None])
        total[:, :, row, column] += loss[:, :, None, None]
        counts[:, :, row, column] += 1
    return total / counts.clamp(min=1)


def _places(length: int, side: int, step: int) -> list[slice]:
    """The windows of a ``side`` on a ``length``, a ``step`` apart, that cover it."""
    count = 1 + max(0, ceil((length - side) / step))
    return [slice(number * step, number * step + side) for number in range(count)]
