"""The region of a sample: the ground truth that maps are compared with.

It is prepared once per sample, at the size of the image, and follows it to that of the net's input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import geometry, masks
from lookwhere.datasets.masks import Mask
from lookwhere.io import results


@dataclass(frozen=True)
class Region:
    """The ground truth of a sample."""

    mask: Mask  # (H, W), dilated
    boxes: Mask  # (H, W), bounding boxes of the instances, not dilated
    dilation_index: NDArray[np.uint8]  # (H, W), of the smallest dilation that covers a pixel
    dilations: NDArray[np.float64]  # ascending, shares of the undilated area

    def at(self, size: str) -> "Region":
        """The region at an input size, from that at the size of the image."""
        return Region(
            geometry.transform_mask(self.mask, size),
            geometry.transform_mask(self.boxes, size),
            geometry.transform_mask(self.dilation_index, size, padding=len(self.dilations)),
            self.dilations,
        )


def prepare(instances: Sequence[Mask], dilation: float, dilations: Sequence[float]) -> Region:
    """Prepare the region of ``instances`` (H, W): their union, dilated by a share of its area.

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
    """Write the region as an ``.npz`` file."""
    np.savez_compressed(path, **vars(region))


def read(path: Path) -> Region:
    """Read the region of a file by ``write``, in a result folder of regions.

    Raises StudyError, with the way out, if it is damaged.
    """
    results.verify(path, path.parent)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Region(**arrays)
    except (OSError, ValueError, TypeError, BadZipFile) as error:
        raise results.unusable(path, f"can't be read ({error})", path.parent) from None
