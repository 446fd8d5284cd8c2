"""The share of a map's energy that lies on the mask.

    E_total = sum |I|^2,  E = sum |I M|^2,  P = E / E_total      (over channels and pixels, float64)

P is the concentration. It is undefined, and None, where the map holds no energy, where it is not
finite, or where the mask is empty; the status says which.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .masks import Mask

STATUSES = ("ok", "zero_energy", "not_finite", "empty_mask")


@dataclass(frozen=True)
class Energy:
    """The energy of one map, in squared logits per unit of the normalised input."""

    concentration: float | None
    energy_inside: float | None
    energy_total: float | None
    mask_fraction: float
    status: str


def score(saliency: NDArray[np.floating], mask: Mask) -> Energy:
    """The energy of a map (C, H, W) on a mask (H, W) of the same height and width."""
    if saliency.ndim != 3 or saliency.shape[1:] != mask.shape:
        raise ValueError(f"a map of shape {saliency.shape} does not fit a mask of {mask.shape}")
    pixels = np.square(saliency, dtype=np.float64, order="C").sum(axis=0)  # (H, W)
    total, fraction = float(pixels.sum()), float(mask.mean())
    if not np.isfinite(total):
        return Energy(None, None, None, fraction, "not_finite")
    # Added up in the same order as the total: a mask of everything gives exactly 1, and a larger
    # mask never less than a smaller one.
    inside = float(np.multiply(pixels, mask, order="C").sum())
    if not mask.any():
        return Energy(None, inside, total, fraction, "empty_mask")
    if total == 0:
        return Energy(None, inside, total, fraction, "zero_energy")
    return Energy(inside / total, inside, total, fraction, "ok")
