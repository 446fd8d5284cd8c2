"""Pixel flipping: the net's probability while pixels get the lowest value, in the map's order."""

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lookwhere.metrics.order import area, replaced, strongest_first
from lookwhere.metrics.registry import metric
from lookwhere.metrics.saliency import Saliency

if TYPE_CHECKING:
    from lookwhere.methods.passes import Passes


@metric(
    "pixel_flipping",
    "Pixel flipping",
    needs=("map", "passes"),
    bounds=(0, 1),
    better="lower",
    cite="bach2015lrp",
)
def pixel_flipping(saliency: Saliency, passes: "Passes", *, steps: int = 32) -> float:
    """The area under the target's probability over the steps (Bach et al. 2015, figure 5).

    The order is that of the map's signed values, summed over channels: what speaks for the target
    first, what speaks against it last. In ``deletion`` the strongest is first, whatever its sign.
    As in Quantus' ``PixelFlipping`` a flipped pixel has in all channels the lowest value of this
    normalised image, which is near black or not as the image has it, and the curve begins after the
    first step. Theirs has steps of width 1; here they are of width 1 / (number of steps - 1). Ties
    are in random order. ``steps`` forward passes.
    """
    values = saliency.values.sum(axis=0, dtype=np.float64)
    order = strongest_first(values, passes.generator())
    lowest = np.full_like(passes.image, passes.image.min())
    flipped = islice(replaced(passes.image, lowest, order, steps), 1, None)
    return area(passes.probabilities(flipped))
