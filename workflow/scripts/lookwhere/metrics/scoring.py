"""All scores of a sample's maps: energy, the other measures, and the sweep of dilations."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import masks
from lookwhere.datasets.coco import Sample
from lookwhere.datasets.masks import Mask
from lookwhere.methods.controls import CONTROLS
from lookwhere.metrics import concentration, localisation

NULLABLE = ("concentration", "energy_inside", "energy_total", *localisation.NAMES)


@dataclass(frozen=True)
class Field:
    """Where a sample's object lies, at the size of the maps."""

    mask: Mask  # (H, W), dilated
    boxes: Mask  # (H, W), the instances' bounding boxes
    rings: NDArray[np.uint8]  # (H, W), as masks.rings makes them
    growths: Sequence[float]  # of the rings: shares of the mask's area, ascending


def field(sample: Sample, mask: Mask, growths: Sequence[float]) -> Field:
    """The field of a sample whose dilated ``mask`` (H, W) has the size of the maps."""
    original = sample.segmentations, sample.height, sample.width
    fit = mask.shape
    return Field(
        mask=mask,
        boxes=masks.resize(masks.boxes(*original), *fit),
        rings=masks.resize(masks.rings(masks.union(*original), growths), *fit),
        growths=growths,
    )


def controls(sample: Sample, image: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """The control maps (1, H, W) by name, for the ``image`` (H, W, 3) at the size of the maps."""
    return {name: draw(image, sample.sample) for name, draw in CONTROLS.items()}


def score(saliency: NDArray[np.floating], field: Field) -> dict[str, Any]:
    """Energy and measures of a map (C, H, W), as columns; measures are None where P is."""
    scored = concentration.score(saliency, field.mask)
    measured: dict[str, float | None] = dict.fromkeys(localisation.NAMES)
    if scored.status == "ok":
        measured |= asdict(localisation.measure(saliency, field.mask, field.boxes))
    return {**asdict(scored), **measured, "box_fraction": float(field.boxes.mean())}


def sweep(saliency: NDArray[np.floating], field: Field) -> Iterator[dict[str, float | None]]:
    """Concentration of a map (C, H, W) at every dilation, with the share that the mask covers."""
    steps = concentration.sweep(saliency, field.rings, len(field.growths))
    for growth, (share, fraction) in zip(field.growths, steps, strict=True):
        yield {"dilation": growth, "concentration": share, "mask_fraction": fraction}
