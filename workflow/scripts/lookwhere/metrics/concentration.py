"""The share of a map's energy that lies on the mask.

    E_total = sum |I|^2,  E = sum |I M|^2,  P = E / E_total      (over channels and pixels, float64)

P is the concentration. It is undefined, and None, where the map has no energy or is not finite,
where the mask is empty, or where there is no map: the method is not defined for the net, or a
folder of maps lacks it. The status is the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lookwhere.datasets.regions import Region
from lookwhere.io.missing import NO_MAP, NOT_DEFINED
from lookwhere.metrics.registry import metric
from lookwhere.metrics.saliency import Saliency

STATUSES = ("ok", "zero_energy", "not_finite", "empty_mask", NOT_DEFINED, NO_MAP)

# Below this share of the energy of backpropagation, the gradient of the same sample, net and size,
# a map is negligible: it may be an artefact of the image's border.
NEGLIGIBLE, REFERENCE = 1e-6, "backpropagation"


@dataclass(frozen=True)
class Energy:
    """The energy of one map, in squared logits per unit of the normalised input."""

    concentration: float | None
    energy_inside: float | None
    energy_total: float | None
    mask_fraction: float
    status: str


@metric(
    "concentration",
    "Concentration",
    needs=("map", "region"),
    bounds=(0, 1),
    chance="mask_fraction",
    better="higher",
    cite="arras2022clevr",
)
def concentration(saliency: Saliency, region: Region) -> float | None:
    """E / E_total: in Arras et al. 2022, the relevance mass accuracy of the pooling l2-norm,sq."""
    return score(saliency, region).concentration


def score(saliency: Saliency, region: Region) -> Energy:
    """The energy of a map (C, H, W) on a region of the same height and width.

    The map is zero on the region's ignored pixels.
    """
    shape, mask = saliency.values.shape, region.mask
    if len(shape) != 3 or shape[1:] != mask.shape:
        raise ValueError(f"a map of shape {shape} does not fit a mask of {mask.shape}")
    pixels = saliency.energy
    total, fraction = float(pixels.sum()), region.fraction(mask)
    if not np.isfinite(total):
        return Energy(None, None, None, fraction, "not_finite")
    # Summed in the same order as the total: a mask of the whole image gives exactly 1, and a larger
    # mask never less than a smaller one.
    inside = float(np.multiply(pixels, mask, order="C").sum())
    if not mask.any():
        return Energy(None, inside, total, fraction, "empty_mask")
    if total == 0:
        return Energy(None, inside, total, fraction, "zero_energy")
    return Energy(inside / total, inside, total, fraction, "ok")


def of_no_map(region: Region, status: str) -> Energy:
    """The energy of a missing map, with the mask fraction of a region."""
    return Energy(None, None, None, region.fraction(region.mask), status)


def negligible(scores: pd.DataFrame) -> pd.Series:
    """Whether the energy of each record in ``scores`` is negligible, as nullable booleans.

    ``scores`` has a row a sample x net x method x size. Null where backpropagation's map of the
    same sample, net and size has no energy or is missing, and for maps of no net.
    """
    cell = ["sample", "net", "size"]
    own = scores["energy_total"].where(scores["net"].notna())
    plain = own.where(scores["method"] == REFERENCE)
    plain = plain.groupby([scores[name] for name in cell]).transform("max")
    share = (own / plain.where(plain > 0)).astype("Float64")
    return share < NEGLIGIBLE


def sweep(saliency: Saliency, region: Region) -> Iterator[tuple[float | None, float]]:
    """Concentration and mask fraction at each of the region's dilations, in turn.

    Map and region are those of ``score``. Concentration is None where ``score`` has none.
    """
    pixels, count = saliency.energy, len(region.dilations)
    total, counted = pixels.sum(), region.counted(region.mask).size
    index = region.dilation_index.ravel()
    inside = np.bincount(index, weights=pixels.ravel(), minlength=count + 1)
    covered = np.bincount(index, minlength=count + 1)
    for energy, area in zip(inside.cumsum()[:count], covered.cumsum()[:count], strict=True):
        defined = np.isfinite(total) and total > 0 and area > 0
        # Summed in another order than the total: may round above it.
        yield (
            (min(float(energy / total), 1.0) if defined else None),
            float(area / counted) if counted else 0.0,
        )
