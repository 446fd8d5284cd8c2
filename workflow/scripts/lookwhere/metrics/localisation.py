"""More measures of where a map lies, beside concentration, as the field defines them.

With I the map, |I| its strength (summed over the channels), |I|^2 the energy of a pixel, M the
dilated mask and B the bounding boxes of the instances, in float64:

    relevance mass accuracy  sum |I| M / sum |I|: concentration without the square
                             (Arras et al. 2022)
    relevance rank accuracy  the mask's share of as many pixels of most energy as it covers
                             (Arras et al. 2022)
    pointing game            1 if the pixel of most energy lies on M, else 0
                             (Zhang et al. 2018, where M is widened by 15 pixels instead)
    energy pointing game     sum |I| B / sum |I|
                             (Wang et al. 2020: Score-CAM)

Pixels of equal energy are drawn by lot: each counts by its chance to be among the first. So a map
without information scores the mask fraction in the first three, and the box fraction in the last.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets.masks import Mask
from lookwhere.metrics import concentration


@dataclass(frozen=True)
class Measures:
    """The measures of one map, each in [0, 1]."""

    relevance_mass_accuracy: float
    relevance_rank_accuracy: float
    pointing_game: float
    energy_pointing_game: float


NAMES = tuple(field.name for field in fields(Measures))

# What an uninformative map scores on average, as a column.
CHANCE = {"concentration": "mask_fraction", **dict.fromkeys(NAMES, "mask_fraction")}
CHANCE["energy_pointing_game"] = "box_fraction"


def measure(saliency: NDArray[np.floating], mask: Mask, boxes: Mask) -> Measures:
    """The measures of a map (C, H, W) with the dilated ``mask`` and the ``boxes``, both (H, W).

    The map must have energy and the mask must not be empty, as where the status is ok.
    """
    strength = np.abs(saliency, dtype=np.float64).sum(axis=0)  # (H, W)
    pixels = concentration.of_pixels(saliency)
    mass = strength.sum()
    return Measures(
        relevance_mass_accuracy=_share(np.multiply(strength, mask).sum(), mass),
        relevance_rank_accuracy=_share_of_first(pixels, mask, int(mask.sum())),
        pointing_game=_share_of_first(pixels, mask, 1),
        energy_pointing_game=_share(np.multiply(strength, boxes).sum(), mass),
    )


def _share(part: np.floating, whole: np.floating) -> float:
    return min(float(part / whole), 1.0)  # sums of other pixels may round otherwise


def _share_of_first(pixels: NDArray[np.float64], mask: Mask, count: int) -> float:
    """The share of the mask among the ``count`` largest pixels; ties are drawn by lot."""
    last = np.partition(pixels, -count, axis=None)[-count]
    above, tied = pixels > last, pixels == last
    drawn = (count - above.sum()) * (tied & mask).sum() / tied.sum()
    return float(((above & mask).sum() + drawn) / count)
