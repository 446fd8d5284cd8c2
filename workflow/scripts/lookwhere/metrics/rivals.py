"""Rivals of a map: maps that know the net, but not that the class is in the image.

    other_class     the same net, method and image, explained for another class in the image
    least_likely    the same, explained for the output of the lowest logit
    mean_map        the mean of the maps of the study's other images

The map of the least likely class is compared with that of the class in Rebuffi et al. 2020; that
methods may ignore the class, in Nie et al. 2018 and Adebayo et al. 2018.

Of another class there are two explanations and two objects: four energies. A map of anything
salient has the same energy on an object whichever class is explained. Pixels on the masks of both
objects count on neither side.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lookwhere.datasets.regions import Region
from lookwhere.metrics import gathering
from lookwhere.metrics.columns import NAMES, RECORD
from lookwhere.metrics.saliency import Saliency

OTHER_CLASS, LEAST_LIKELY, MEAN_MAP = "other_class", "least_likely", "mean_map"
LABELS = {
    OTHER_CLASS: "Other class",
    LEAST_LIKELY: "Least likely class",
    MEAN_MAP: "Mean map",
}

# Why a rival has no map, beside the statuses of concentration. A rival of the output that the
# sample's own map explains is that map: it differs from none.
NO_OTHER_CLASS, NO_OTHER_IMAGE = "no_other_class", "no_other_image"
SAME_OUTPUT = "same_output"

ENERGY = ["concentration", "energy_inside", "energy_total", "mask_fraction", "status"]
# The map of the sample's class, and of the other, each on both objects.
ENERGIES = ["own_on_own", "own_on_other", "other_on_own", "other_on_other"]
TOTALS = ["own_total", "other_total"]
FRACTIONS = ["own_fraction", "other_fraction"]  # of the pixels that count, without the shared
PAIR = ["other_class", *ENERGIES, *TOTALS, *FRACTIONS, "pair_status"]
COLUMNS = [*RECORD, "rival", "target", *ENERGY, *PAIR]


def pair(
    own: Saliency | str, other: Saliency | str, region: Region, other_region: Region
) -> dict[str, Any]:
    """The four energies of two maps (C, H, W) on the regions of both objects: the columns ``PAIR``.

    ``own`` explains the class of ``region``, ``other`` that of ``other_region``; a text is the
    status of a missing map. Without the name of the other class.
    """
    ignored = _either(region.ignored, other_region.ignored)
    counted = np.ones_like(region.mask) if ignored is None else ~ignored
    objects = {
        "own": region.mask & ~other_region.mask & counted,
        "other": other_region.mask & ~region.mask & counted,
    }
    values: dict[str, Any] = dict.fromkeys([*ENERGIES, *TOTALS])
    for name, pixels in objects.items():
        values[f"{name}_fraction"] = float(pixels.sum() / max(1, counted.sum()))
    status = "ok" if all(pixels.any() for pixels in objects.values()) else "empty_mask"
    for name, saliency in {"other": other, "own": own}.items():
        if isinstance(saliency, str):
            status = saliency
            continue
        energy = saliency.without(ignored).energy
        total = float(energy.sum())
        if not np.isfinite(total):
            status = "not_finite"
            continue
        values[f"{name}_total"] = total
        for place, pixels in objects.items():
            values[f"{name}_on_{place}"] = float(energy[pixels].sum())
        if total == 0:
            status = "zero_energy"
    return {**values, "pair_status": status}


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of a job as a table: numbers and names that are missing are null."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["concentration", "energy_inside", "energy_total", "mask_fraction"]
    numbers += [*ENERGIES, *TOTALS, *FRACTIONS]
    text = ["net", "rival", "status", "other_class", "pair_status"]
    types = dict.fromkeys(numbers, "float64") | dict.fromkeys(text, "str") | {"target": "Int64"}
    return frame.astype(types)


def gather(parts: Iterable[pd.DataFrame], names: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of all jobs, one a sample, net, method, size and rival, in the order of ``names``.

    ``names`` lists the study's nets, sizes, methods, classes and rivals, by column.
    """
    order = [*NAMES[:3], "rival", "class", "sample"]
    return gathering.gather([table([]), *parts], names, order)[COLUMNS]


def _either(one: Any, other: Any) -> Any:
    """The pixels (H, W) of either mask, each of which may be None."""
    return one if other is None else other if one is None else one | other
