"""Further metrics of localisation, as their papers define them.

With I the map, |I| its strength (summed over the channels), |I|^2 the energy of a pixel, M the
dilated mask and B the bounding boxes of the instances, in float64. Ties are resolved in expectation
over random orders, so that an uninformative map scores the share of the image that M, or B, covers.
"""

import numpy as np

from lookwhere.datasets.masks import Mask
from lookwhere.datasets.regions import Region
from lookwhere.metrics.registry import metric
from lookwhere.metrics.saliency import Saliency


@metric(
    "relevance_mass_accuracy",
    "Relevance mass accuracy",
    needs=("map", "region"),
    bounds=(0, 1),
    chance="mask_fraction",
    better="higher",
    cite="arras2022clevr",
)
def relevance_mass_accuracy(saliency: Saliency, region: Region) -> float:
    """sum |I| M / sum |I|: concentration without the square (Arras et al. 2022)."""
    return _mass_on(region.mask, saliency)


@metric(
    "relevance_rank_accuracy",
    "Relevance rank accuracy",
    needs=("map", "region"),
    bounds=(0, 1),
    chance="mask_fraction",
    better="higher",
    cite="arras2022clevr",
)
def relevance_rank_accuracy(saliency: Saliency, region: Region) -> float:
    """The mask's share of as many pixels of most energy as it covers (Arras et al. 2022)."""
    return _share_of_first(saliency, region, int(region.mask.sum()))


@metric(
    "pointing_game",
    "Pointing game",
    needs=("map", "region"),
    bounds=(0, 1),
    chance="mask_fraction",
    better="higher",
    cite="zhang2018topdown",
)
def pointing_game(saliency: Saliency, region: Region) -> float:
    """1 if the pixel of most energy lies on M, else 0.

    After Zhang et al. 2018, where M is widened by 15 pixels instead.
    """
    return _share_of_first(saliency, region, 1)


@metric(
    "energy_pointing_game",
    "Energy pointing game",
    needs=("map", "region"),
    bounds=(0, 1),
    chance="box_fraction",
    better="higher",
    cite="wang2020scorecam",
)
def energy_pointing_game(saliency: Saliency, region: Region) -> float:
    """sum |I| B / sum |I| (Wang et al. 2020: Score-CAM)."""
    return _mass_on(region.boxes, saliency)


def _mass_on(region: Mask, saliency: Saliency) -> float:
    """The share of a map's strength on a ``region`` (H, W)."""
    part, whole = np.multiply(saliency.strength, region).sum(), saliency.strength.sum()
    return min(float(part / whole), 1.0)  # the sums may round differently


def _share_of_first(saliency: Saliency, region: Region, count: int) -> float:
    """The mask's share of the ``count`` pixels of most energy that count; ties in expectation."""
    pixels, mask = region.counted(saliency.energy), region.counted(region.mask)
    last = np.partition(pixels, -count, axis=None)[-count]
    above, tied = pixels > last, pixels == last
    expected = (count - above.sum()) * (tied & mask).sum() / tied.sum()
    return float(((above & mask).sum() + expected) / count)
