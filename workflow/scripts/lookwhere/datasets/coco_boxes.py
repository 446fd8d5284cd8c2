"""Masks against the ``bbox`` of their own annotations: where they disagree, one of them is wrong.

Coordinates in percent or from 0 to 1, y before x, run lengths in row order, and images that were
resized without their polygons yield masks without error, on other pixels. Each shows in the IoU of
the mask's bounding box with ``bbox``, which is at least 0.54 on COCO for masks of 30 pixels or
more. The boxes may be the fault, so that this is a warning.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pycocotools import mask as coco_mask

from lookwhere.datasets.coco_annotations import Annotation, box
from lookwhere.datasets.samples import ImageId
from lookwhere.io.logs import log

LEAST_IOU = 0.5
LEAST_PIXELS = 30  # the boxes of smaller masks differ from COCO's by rounding
SPARSE = 4  # pixels of a box for each of its mask
EXAMPLES = 3


class Comparison(NamedTuple):
    """A mask, and the box of its annotation."""

    annotation_id: Any
    image_id: ImageId
    pixels: int  # of the mask
    iou: float | None  # None without a box, or of a mask of few pixels


def compare(
    annotation: Annotation, image_id: ImageId, runs: str, height: int, width: int
) -> Comparison:
    """Compare the mask of an annotation, as run lengths, with its ``bbox``.

    A mask that is the box differs from it where the box reaches beyond the image.
    """
    mask = {"size": [height, width], "counts": runs}
    pixels, bbox = int(coco_mask.area(mask)), box(annotation)
    if bbox is None or not _is_comparable(pixels, bbox[2] * bbox[3]):
        return Comparison(annotation.get("id"), image_id, pixels, None)
    iou = box_iou(coco_mask.toBbox(mask).tolist(), bbox)
    return Comparison(annotation.get("id"), image_id, pixels, iou)


def least(comparisons: Sequence[Comparison]) -> float | None:
    """The least IoU; None if no mask can be compared."""
    return min((each.iou for each in comparisons if each.iou is not None), default=None)


def box_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """The intersection over union of two boxes (x, y, width, height).

    >>> box_iou((0, 0, 2, 2), (1, 0, 2, 2))
    0.3333333333333333
    """
    sides = [
        max(0, min(a + a_length, b + b_length) - max(a, b))
        for a, a_length, b, b_length in zip(one[:2], one[2:], other[:2], other[2:], strict=True)
    ]
    intersection = float(sides[0] * sides[1])
    return intersection / (one[2] * one[3] + other[2] * other[3] - intersection)


def warn(comparisons: Sequence[Comparison]) -> None:
    """Log how many masks disagree with their boxes, and how many have no pixel, with examples."""
    compared = [each for each in comparisons if each.iou is not None]
    wrong = [each for each in compared if each.iou is not None and each.iou < LEAST_IOU]
    empty = [each for each in comparisons if not each.pixels]
    if wrong:
        log.warning(
            "%d of %d masks lie elsewhere than the bbox of their annotation (IoU below "
            "%g), such as %s. The maps are scored on these masks: check them. Usual causes: "
            "coordinates in percent or from 0 to 1, y before x, run lengths in row order, images "
            "that were resized without their polygons, or wrong boxes",
            len(wrong),
            len(compared),
            LEAST_IOU,
            "; ".join(f"{_name(each)} (IoU {each.iou:.2f})" for each in wrong[:EXAMPLES]),
        )
    if empty:
        log.warning(
            "%d of %d masks have no pixel, such as %s",
            len(empty),
            len(comparisons),
            "; ".join(map(_name, empty[:EXAMPLES])),
        )


def _is_comparable(pixels: int, area: float) -> bool:
    """Whether rounding can't explain a difference; a mask of no pixel may be a large box's."""
    return pixels >= LEAST_PIXELS or area >= SPARSE * LEAST_PIXELS


def _name(each: Comparison) -> str:
    return f"annotation {each.annotation_id} of image {each.image_id}"
