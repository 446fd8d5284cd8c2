"""All scores of a map: energy, the metrics of the study, and the sweep of dilations."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lookwhere.datasets.regions import Region
from lookwhere.metrics import concentration
from lookwhere.metrics.registry import METRICS, measure
from lookwhere.metrics.saliency import Saliency


def score(saliency: Saliency | str, region: Region, metrics: Sequence[str]) -> dict[str, Any]:
    """Energy and ``metrics`` of a map, as columns, concentration always among them.

    Where there is no map ``saliency`` is the status. Metrics are None where the status is not ok;
    they need no net.
    Ignored pixels count on neither side: metrics see a map of zeros there. Raises
    StudyError if a metric fails.
    """
    if isinstance(saliency, str):
        energy = asdict(concentration.of_no_map(region, saliency))
    else:
        saliency = saliency.without(region.ignored)
        energy = asdict(concentration.score(saliency, region))
    values = {
        name: measure(METRICS[name], saliency, region)
        if isinstance(saliency, Saliency) and energy["status"] == "ok"
        else None
        for name in metrics
        if name not in energy
    }
    return {**energy, **values, "box_fraction": region.fraction(region.boxes)}


def sweep(saliency: Saliency | str, region: Region) -> Iterator[dict[str, float | None]]:
    """Concentration of a map at every dilation, with the mask fraction."""
    none = Saliency(np.zeros((1, *region.mask.shape)))
    present = none if isinstance(saliency, str) else saliency
    steps = concentration.sweep(present.without(region.ignored), region)
    dilations = region.dilations.tolist()
    for dilation, (share, fraction) in zip(dilations, steps, strict=True):
        yield {"dilation": dilation, "concentration": share, "mask_fraction": fraction}
