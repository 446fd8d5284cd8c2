"""Masks of instances, their dilation, and their resize with the image.

Dilation is exact and isotropic: it adds every pixel whose Euclidean distance to the mask is at most
d, where d is the smallest distance at which the area has grown by the dilation.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from lookwhere.datasets import segmentations as checks
from lookwhere.errors import StudyError
from lookwhere.io import results

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels from 0; the last two exclusive


def run_lengths(segmentation: Any, height: int, width: int) -> str:
    """The mask of a COCO segmentation, in the notation of ``encode``.

    A segmentation is a list of polygons ``[x0, y0, x1, y1, ...]`` in pixels, a run-length encoding
    (``{"size", "counts"}``, compressed or not), or another form of ``segmentations.parts``. Raises
    StudyError if it is damaged or of another size.
    """
    if error := checks.fault(segmentation, height, width):
        raise StudyError(error)
    runs = _runs(checks.parts(segmentation), height, width)
    if not runs:
        return encode(np.zeros((height, width), dtype=bool))
    return coco_mask.merge(runs)["counts"].decode("ascii")


def box_run_lengths(
    left: float, top: float, right: float, bottom: float, height: int, width: int
) -> str:
    """The mask of a box, as COCO fills a polygon of its corners, in the notation of ``encode``.

    Sides are edges of pixels: a box from 2 to 5 covers the pixels 2, 3 and 4. Raises StudyError if
    a side is far outside the image.
    """
    return run_lengths([[left, top, right, top, right, bottom, left, bottom]], height, width)


def of_box(box: Box, height: int, width: int) -> Mask:
    """The mask (H, W) of the pixels of a box, which may reach beyond the image."""
    left, top, right, bottom = (max(side, 0) for side in box)
    mask = np.zeros((height, width), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def encode(mask: Mask) -> str:
    """The mask (H, W) as run lengths, in COCO's compressed notation."""
    return coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"].decode("ascii")


def decode(runs: str, height: int, width: int) -> Mask:
    """The mask (H, W) of run lengths from ``encode`` or ``run_lengths``."""
    return coco_mask.decode({"size": [height, width], "counts": runs}).astype(bool)


def read(path: Path) -> Mask:
    """Read the mask (H, W) of a picture by ``write``, in a result folder of masks."""
    results.verify(path, path.parent)
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            return np.asarray(picture) > 0
    except (OSError, SyntaxError, ValueError) as error:
        raise results.unusable(path, f"can't be read ({error})", path.parent) from None


def write(mask: Mask, path: Path) -> None:
    """Write the mask (H, W) as a grey picture, 0 and 255."""
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


def dilate(mask: Mask, dilation: float) -> Mask:
    """Dilate ``mask`` (H, W) by a share of its area: 0.2 adds at least 20 %, in whole rings.

    Pixels at equal distance are added together, so the area is the smallest one that is not below
    ``(1 + dilation) * area``, in whole pixels, unless the image is too small.
    """
    return dilation_index(mask, [dilation]) == 0


def dilation_index(mask: Mask, dilations: Sequence[float]) -> NDArray[np.uint8]:
    """The index of the smallest of the ascending ``dilations`` of ``mask`` that covers each pixel.

    (H, W). The i-th dilation covers the indices up to i; pixels of none have len(dilations).
    """
    free = ~mask
    distance = cv2.distanceTransform(
        free.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )  # (H, W), pixels; 0 on the mask
    outside = np.sort(distance[free])
    areas = (round(dilation * int(mask.sum())) for dilation in dilations)
    reaches = [
        0 if pixels == 0 else outside[pixels - 1] if pixels < outside.size else np.inf
        for pixels in areas
    ]
    return np.searchsorted(reaches, distance).astype(np.uint8)


def boxes(instances: Sequence[Mask]) -> Mask:
    """The pixels (H, W) in the bounding box of any of the ``instances`` (H, W)."""
    covered = np.zeros_like(instances[0])
    for instance in instances:
        left, top, columns, rows = cv2.boundingRect(instance.astype(np.uint8))
        covered[top : top + rows, left : left + columns] = True
    return covered


def resize(mask: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Resize a mask or a dilation index (H, W) by nearest neighbours to (height, width).

    Pixel centres are aligned, as in the resize of images.
    """
    exact = cv2.INTER_NEAREST_EXACT  # INTER_NEAREST aligns pixel corners
    resized = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=exact)
    return resized.astype(mask.dtype)


def _runs(parts: Sequence[Any], height: int, width: int) -> list[dict[str, Any]]:
    """The run-length encodings of the valid ``parts`` of a segmentation."""
    polygons = checks.polygons(parts)
    runs = coco_mask.frPyObjects(polygons, height, width) if polygons else []
    return [*runs, *(_compressed(part, height, width) for part in parts if isinstance(part, dict))]


def _compressed(part: dict[str, Any], height: int, width: int) -> dict[str, Any]:
    runs = {"size": [height, width], "counts": part["counts"]}
    if not isinstance(part["counts"], list):
        return runs
    counts = [int(length) for length in part["counts"]]
    return coco_mask.frPyObjects(runs | {"counts": counts}, height, width)
