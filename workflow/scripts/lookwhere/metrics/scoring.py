"""All scores of a sample's maps: energy, the other measures, and the sweep of dilations."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample
from lookwhere.methods.controls import CONTROLS
from lookwhere.metrics import concentration, localisation

NULLABLE = ("concentration", "energy_inside", "energy_total", *localisation.NAMES)


def controls(sample: Sample, image: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """The control maps (1, H, W) by name, for the ``image`` (H, W, 3) at the size of the maps."""
    return {name: draw(image, sample.id) for name, draw in CONTROLS.items()}


def score(saliency: NDArray[np.floating], region: Region) -> dict[str, Any]:
    """Energy and measures of a map (C, H, W), as columns; measures are None where P is."""
    scored = concentration.score(saliency, region.mask)
    measured: dict[str, float | None] = dict.fromkeys(localisation.NAMES)
    if scored.status == "ok":
        measured |= asdict(localisation.measure(saliency, region.mask, region.boxes))
    return {**asdict(scored), **measured, "box_fraction": float(region.boxes.mean())}


def sweep(saliency: NDArray[np.floating], region: Region) -> Iterator[dict[str, float | None]]:
    """Concentration of a map (C, H, W) at every dilation, with the share that the mask covers."""
    dilations = region.dilations.tolist()
    steps = concentration.sweep(saliency, region.dilation_index, len(dilations))
    for dilation, (share, fraction) in zip(dilations, steps, strict=True):
        yield {"dilation": dilation, "concentration": share, "mask_fraction": fraction}
