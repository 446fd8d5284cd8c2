"""COCO panoptic annotations: a JSON file, and beside it a folder with a PNG for each image.

A pixel's colour is the id of its segment, R + 256 G + 256^2 B. Segments of things are instances;
those of stuff, such as sky, are not.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import coco_files, mask_files, masks
from lookwhere.datasets.base import dataset
from lookwhere.datasets.coco import Coco
from lookwhere.datasets.coco_annotations import Annotation
from lookwhere.datasets.coco_files import Instances
from lookwhere.datasets.coco_names import is_text
from lookwhere.datasets.pools import Kind
from lookwhere.datasets.samples import ImageId
from lookwhere.errors import StudyError
from lookwhere.io import receipts


@dataset("panoptic", "COCO panoptic", annotations="file")
class Panoptic(Coco):
    """A COCO panoptic file, with its PNGs in a folder of the same name."""

    def __init__(self, annotations: Path, images: Path) -> None:
        self._segments = receipts.folder_of(annotations)
        instances = _instances(coco_files.load(annotations), annotations)
        if not self._segments.is_dir():
            raise StudyError(
                f"{str(self._segments)!r}, the folder with the PNGs of {annotations.name}, does "
                "not exist: unpack them there"
            )
        self._use(instances, images)

    def _runs(
        self, annotation: Annotation, kind: Kind, image_id: ImageId, height: int, width: int
    ) -> str:
        name, segment_id = annotation["segmentation"], annotation.get("id")
        if not is_text(name) or type(segment_id) is not int:
            raise StudyError(
                f"segment {segment_id!r} of image {image_id}, in the file {name!r}: give it a "
                "whole number as its id, and the name of a PNG"
            )
        path = self._segments / name
        segments = _segments(path)
        if segments.shape != (height, width):
            raise StudyError(
                f"{str(path)!r} has {segments.shape[1]} x {segments.shape[0]} pixels, but its "
                f"image {image_id} has {width} x {height}: replace it"
            )
        return masks.encode(segments == segment_id)


def _instances(content: Any, path: Path) -> Instances:
    """The things as COCO instances, whose segmentation is the name of a PNG."""
    lists = [content.get(key) if isinstance(content, dict) else None for key in coco_files.LISTS]
    images, annotations, categories = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        for listed in lists
    )
    if not any(isinstance(each.get("segments_info"), list) for each in annotations):
        raise StudyError(
            f"annotations {str(path)!r} are no COCO panoptic file (no annotation has a list "
            "'segments_info'): give one, or use dataset.format: coco"
        )
    segments = [
        segment | {"image_id": each.get("image_id"), "segmentation": each.get("file_name")}
        for each in annotations
        for segment in each.get("segments_info") or []
        if isinstance(segment, dict)
    ]
    things = [entry for entry in categories if entry.get("isthing", 1)]
    return {"images": images, "annotations": segments, "categories": things}


@lru_cache(maxsize=1)
def _segments(path: Path) -> NDArray[np.uint32]:
    """The id (H, W) of the segment of each pixel."""
    picture = mask_files.picture(path, ("PNG",))
    colours = np.asarray(picture.convert("RGB")).astype(np.uint32)  # (H, W, 3)
    return colours @ np.array([1, 256, 256**2], dtype=np.uint32)
