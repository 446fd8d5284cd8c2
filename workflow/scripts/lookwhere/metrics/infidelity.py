"""Infidelity: whether the map's sum over a part of the image is what the net loses with that part.

The number is captum's, an optional package.
"""

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from lookwhere.io.logs import log
from lookwhere.metrics.registry import metric
from lookwhere.metrics.saliency import Saliency

if TYPE_CHECKING:
    from types import ModuleType

    from lookwhere.methods.passes import Passes

AT_ONCE = 8  # squares for which captum holds the image in memory


@metric(
    "infidelity",
    "Infidelity",
    needs=("map", "passes"),
    bounds=(0, None),
    better="lower",
    cite="yeh2019infidelity",
    packages=("captum",),
)
def infidelity(
    saliency: Saliency, passes: "Passes", *, squares: int = 32, side: float = 0.25
) -> float:
    """The mean of (beta sum_S I - (y(x) - y(x without S)))^2 over random squares S.

    Equation 1 of Yeh et al. 2019, with square removal: y is the target's logit, x without S has
    there the colour that the net's input subtracts, and I is summed over channels. A square has
    ``side`` times the shorter side of the image, and a sample has the same squares for all maps.
    beta, which minimises the mean, makes the number independent of the scale and sign of a map. It
    is in squared logits: those of other nets are no comparison. It reads a map as contributions,
    which add up to the logit: gradients are none, but their product with the input is. ``squares``
    + 1 forward passes.
    """
    from lookwhere.methods.passes import as_tensor

    height, width = passes.image.shape[1:]
    length, generator = max(1, round(side * min(height, width))), passes.generator()
    corners = iter(
        [[int(generator.integers(n - length + 1)) for n in (height, width)] for _ in range(squares)]
    )
    image = as_tensor(passes.image)[None]
    logit = as_tensor(passes.logits([passes.image]))
    values = saliency.values.sum(axis=0, dtype=np.float64) / len(passes.image)

    def without_squares(images: Any) -> tuple[Any, Any]:
        """Masks of the next squares (N, C, H, W), and the images without them."""
        removed = images.new_zeros(images.shape)
        for square, (top, left) in zip(removed, corners, strict=False):
            square[:, top : top + length, left : left + length] = 1
        return removed, images * (1 - removed)

    def logits(images: Any) -> Any:
        return logit if images is image else as_tensor(passes.logits(images.numpy()))

    value = _captum().infidelity(
        logits,
        without_squares,
        image,
        as_tensor(np.broadcast_to(values, passes.image.shape).copy())[None],
        n_perturb_samples=squares,
        max_examples_per_batch=min(AT_ONCE, squares),
        normalize=True,
    )
    return max(0.0, float(value))  # a sum of squares, but for rounding


@cache
def _captum() -> "ModuleType":
    """captum's metrics; states once whose number it is."""
    from captum import metrics

    log.info("infidelity is that of captum %s", version("captum"))
    return metrics
