"""Drawn scenes as a COCO instances file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

LICENCE = {
    "id": 1,
    "name": "CC0 1.0, drawn by the workflow",
    "url": "https://creativecommons.org/publicdomain/zero/1.0/",
}


@dataclass(frozen=True)
class Category:
    """A category of the file."""

    id: int
    name: str
    supercategory: str


@dataclass(frozen=True)
class Instance:
    """One instance: its image's and category's number, its (H, W) mask, and polygons if any.

    A crowd, and what has no polygons, is written as run lengths.
    """

    image: int
    category: int
    mask: NDArray[np.bool_]
    polygons: tuple[tuple[float, ...], ...] = ()
    iscrowd: bool = False


def instances_file(
    shapes: Sequence[tuple[int, ...]],
    instances: Sequence[Instance],
    categories: Sequence[Category],
) -> dict[str, Any]:
    """The content of the file, for ``json.dump`` and ``pycocotools.coco.COCO``.

    Parameters
    ----------
    shapes
        Height and width of each image; images are numbered from 1.
    """
    return {
        "info": {"description": "Drawn scenes with exact masks", "version": "1.0"},
        "licenses": [LICENCE],
        "images": [_image(i, *shape) for i, shape in enumerate(shapes, 1)],
        "annotations": [_annotation(k, item) for k, item in enumerate(instances, 1)],
        "categories": [asdict(category) for category in categories],
    }


def _image(number: int, height: int, width: int) -> dict[str, object]:
    return {
        "id": number,
        "file_name": f"{number:012d}.jpg",
        "width": width,
        "height": height,
        "license": 1,
    }


def _annotation(number: int, item: Instance) -> dict[str, object]:
    """One instance; run lengths are uncompressed, as in COCO's own files."""
    packed = rle.encode(np.asfortranarray(item.mask.astype(np.uint8)))
    runs = {"counts": _run_lengths(item.mask), "size": list(item.mask.shape)}
    polygons = [list(p) for p in item.polygons]
    return {
        "id": number,
        "image_id": item.image,
        "category_id": item.category,
        "segmentation": runs if item.iscrowd or not polygons else polygons,
        "area": float(rle.area(packed)),
        "bbox": [float(v) for v in rle.toBbox(packed)],
        "iscrowd": int(item.iscrowd),
    }


def _run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of the alternating runs of 0 and 1, column by column, starting with 0."""
    flat = np.concatenate([[False], mask.ravel(order="F"), [not mask[-1, -1]]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(v) for v in np.diff(edges, prepend=0)]
