"""The mean map of a net, method and size over the study's other images: what any image would get.

Maps of images of other sizes meet on a common grid. Each is divided by its energy, so that none
counts more; the maps of the sample's own image are left out.

    M_i = sum over j of another image than i of  e_j / sum e_j,  P_i = M_i · w_i / M_i · k_i

e_j is the energy of the map of sample j in every cell, w_i the share of each cell that the mask of
sample i covers, and k_i the share of its pixels that count.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets.regions import Region
from lookwhere.metrics.concentration import Energy
from lookwhere.metrics.rivals import NO_OTHER_IMAGE
from lookwhere.metrics.saliency import Saliency

CELLS = 32  # along each side: a mean over images has no finer detail

Grid = NDArray[np.floating]  # (CELLS, CELLS), or flat


def on_grid(saliency: Saliency, region: Region) -> Grid | str:
    """The share of a map's energy in each cell, or the status of a map without a finite energy."""
    energy = saliency.without(region.ignored).energy
    total = energy.sum()
    if not np.isfinite(total):
        return "not_finite"
    return _sums(energy) / total if total > 0 else "zero_energy"


def coverage(region: Region) -> tuple[Grid, Grid]:
    """The shares of each cell that the mask of a region covers, and that counts."""
    counted = np.ones(region.mask.shape) if region.ignored is None else ~region.ignored
    pixels = _sums(np.ones(region.mask.shape))
    return _sums(region.mask) / pixels, _sums(counted) / pixels


def score(
    grids: NDArray[np.floating],
    images: Sequence[object],
    covered: NDArray[np.floating],
    counted: NDArray[np.floating],
    fractions: Sequence[float],
) -> list[Energy]:
    """The energy of the mean map of the other images on the mask of each of N samples.

    Parameters
    ----------
    grids
        (N, cells), by ``on_grid``; rows of NaN have no map.
    images
        The image of each sample.
    covered, counted
        (N, cells) each, by ``coverage``.
    fractions
        The mask fraction of each sample.
    """
    present = ~np.isnan(grids).any(axis=1)
    defined = np.where(present[:, None], grids, 0).astype(np.float64)
    _, image = np.unique(np.asarray(images, dtype=str), return_inverse=True)
    of_image = np.zeros((image.max(initial=-1) + 1, defined.shape[1]))
    np.add.at(of_image, image, defined)
    others = present.sum() - np.bincount(image, weights=present)  # maps, by image
    of_others = np.clip(of_image.sum(axis=0) - of_image, 0, None)  # no rounding below 0
    scores = []
    for place, fraction in enumerate(fractions):
        own = image[place]
        if others[own] == 0:
            scores.append(Energy(None, None, None, fraction, NO_OTHER_IMAGE))
            continue
        mean = of_others[own] / others[own]
        inside, total = float(mean @ covered[place]), float(mean @ counted[place])
        if fraction == 0 or total == 0:
            status = "empty_mask" if fraction == 0 else "zero_energy"
            scores.append(Energy(None, inside, total, fraction, status))
        else:
            scores.append(Energy(min(inside / total, 1.0), inside, total, fraction, "ok"))
    return scores


def _sums(pixels: NDArray) -> NDArray[np.float64]:
    """The sum of the ``pixels`` (H, W) in each cell; a pixel on several counts in parts."""
    height, width = pixels.shape
    return _overlaps(height) @ pixels.astype(np.float64) @ _overlaps(width).T


def _overlaps(length: int) -> NDArray[np.float64]:
    """How much of each of ``length`` pixels lies in each cell (CELLS, length)."""
    edges, starts = np.linspace(0, length, CELLS + 1), np.arange(length)
    ends = np.minimum(edges[1:, None], starts + 1)
    return np.clip(ends - np.maximum(edges[:-1, None], starts), 0, None)
