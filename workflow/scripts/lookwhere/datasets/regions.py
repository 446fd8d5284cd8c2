"""The region of a sample: where its object lies, as maps are compared with it.

Prepared once a sample, at the image's size, and resized with the image to that of a map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import masks
from lookwhere.datasets.masks import Mask
from lookwhere.io import results


@dataclass(frozen=True)
class Region:
    """The ground truth of a sample."""

    mask: Mask  # (H, W), dilated as the study says
    boxes: Mask  # (H, W), the bounding boxes of the instances, not dilated
    dilation_index: NDArray[np.uint8]  # (H, W), of the smallest of the dilations that covers it
    dilations: NDArray[np.float64]  # ascending shares by which the undilated mask grows

    def resized(self, height: int, width: int) -> "Region":
        """The region at the size (height, width) of a map."""
        return Region(
            masks.resize(self.mask, height, width),
            masks.resize(self.boxes, height, width),
            masks.resize(self.dilation_index, height, width),
            self.dilations,
        )


def prepare(instances: Sequence[Mask], dilation: float, dilations: Sequence[float]) -> Region:
    """The region of one or more ``instances`` (H, W): their union, dilated by a share of its area.

    ``dilations`` are those of the dilation index.
    """
    union = np.logical_or.reduce(instances)
    return Region(
        masks.dilate(union, dilation),
        masks.boxes(instances),
        masks.dilation_index(union, dilations),
        np.asarray(dilations, dtype=np.float64),
    )


def write(region: Region, path: Path) -> None:
    """The region as an ``.npz`` file."""
    np.savez_compressed(path, **vars(region))


def read(path: Path) -> Region:
    """The region of a file that ``write`` made, in a result folder of regions.

    Raises StudyError, with the way out, if it is damaged.
    """
    results.verify(path, path.parent)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Region(**arrays)
    except (OSError, ValueError, TypeError, BadZipFile) as error:
        raise results.unusable(path, f"can't be read ({error})", path.parent) from None
