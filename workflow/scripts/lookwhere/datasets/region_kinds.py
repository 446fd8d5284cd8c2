"""Regions in words: what every output states where boxes take the place of masks."""

from collections.abc import Iterable
from pathlib import Path

from lookwhere.io import results


def of_subset(path: Path) -> str:
    """The ``sentence`` about the samples that ``subset.csv`` lists."""
    subset = results.read_table(path)
    return sentence(zip(subset["boxes"], subset["instances"], strict=True))


def sentence(counts: Iterable[tuple[int, int]]) -> str:
    """The sentence about boxes, of the number of boxes and of instances of each sample.

    Empty if all regions are of masks.

    >>> sentence([(0, 2), (1, 3)])
    'The regions of 1 of 2 samples contain bounding boxes in place of masks.'
    >>> sentence([(2, 2), (1, 1)])
    'The regions are bounding boxes, not masks.'
    >>> sentence([(0, 1)])
    ''
    """
    listed = list(counts)
    of_boxes = sum(boxes > 0 for boxes, _ in listed)
    if not of_boxes:
        return ""
    if all(boxes == instances for boxes, instances in listed):
        return "The regions are bounding boxes, not masks."
    return (
        f"The regions of {of_boxes} of {len(listed)} samples contain bounding boxes in place of "
        "masks."
    )
