"""The region of a sample: the ground truth that maps are compared with.

It is prepared once per sample, at the size of the image, and follows it to that of the net's input.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import geometry, masks
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.samples import Sample
from lookwhere.io import results


@dataclass(frozen=True)
class Region:
    """The ground truth of a sample."""

    mask: Mask  # (H, W), dilated
    boxes: Mask  # (H, W), bounding boxes of the instances, not dilated
    dilation_index: NDArray[np.uint8]  # (H, W), of the smallest dilation that covers a pixel
    dilations: NDArray[np.float64]  # ascending, shares of the undilated area
    ignored: Mask | None = None  # (H, W), in no mask, box or dilation; None: all pixels count

    def pictures(self) -> dict[str, NDArray[Any]]:
        """All parts (H, W), by name."""
        return {name: part for name, part in _present(self).items() if name != "dilations"}

    def at(self, size: str) -> "Region":
        """The region at an input size, from that at the size of the image."""
        padding = {"dilation_index": len(self.dilations)}  # in none; padding counts as background
        parts: dict[str, Any] = {
            name: geometry.transform_mask(part, size, padding.get(name, 0))
            for name, part in self.pictures().items()
        }
        return replace(self, **parts)

    def counted(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The ``pixels`` (H, W) that count: (H, W) if all do, else (N,)."""
        return pixels if self.ignored is None else pixels[~self.ignored]

    def fraction(self, part: Mask) -> float:
        """The share of the pixels that count that a ``part`` (H, W) covers; 0 if none counts."""
        counted = self.counted(part)
        return float(counted.mean()) if counted.size else 0.0


def prepare(
    instances: Sequence[Mask],
    dilation: float,
    dilations: Sequence[float],
    ignored: Mask | None = None,
) -> Region:
    """Prepare the region of ``instances`` (H, W): their union, dilated by a share of its area.

    ``dilations`` are those of the dilation index. ``ignored`` pixels (H, W) count on neither side:
    they leave the region after the dilation. Raises ValueError if they are of another size.
    """
    union = np.logical_or.reduce(instances)
    region = Region(
        masks.dilate(union, dilation),
        masks.boxes(instances),
        masks.dilation_index(union, dilations),
        np.asarray(dilations, dtype=np.float64),
    )
    if ignored is None:
        return region
    if ignored.shape != union.shape:
        raise ValueError(f"pixels of {ignored.shape} do not fit a mask of {union.shape}")
    return _without(region, ignored) if ignored.any() else region


def write(region: Region, path: Path) -> None:
    """Write the region as an ``.npz`` file."""
    np.savez_compressed(path, **_present(region))


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


def read_at(folder: str | Path, sample: str, size: str) -> Region:
    """Read the region of a ``sample``, by its id, and bring it to an input ``size``.

    ``folder`` is the result folder of its selection. Raises StudyError as ``read`` does.
    """
    return read(Path(folder, f"{sample}.npz")).at(size)


def folders_by_sample(
    selections: Iterable[Sequence[Sample]], folders: Iterable[str]
) -> dict[str, str]:
    """The folder of the region of every sample, by its id; the ``folders`` are by selection."""
    return {
        sample.id: folder
        for selection, folder in zip(selections, folders, strict=True)
        for sample in selection
    }


def _without(region: Region, ignored: Mask) -> Region:
    """The region without the ``ignored`` pixels (H, W)."""
    return replace(
        region,
        mask=region.mask & ~ignored,
        boxes=region.boxes & ~ignored,
        dilation_index=np.where(ignored, np.uint8(len(region.dilations)), region.dilation_index),
        ignored=ignored,
    )


def _present(region: Region) -> dict[str, Any]:
    """The fields of a region that are arrays, by name."""
    return {name: part for name, part in vars(region).items() if part is not None}
