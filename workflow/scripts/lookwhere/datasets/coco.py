"""COCO instances files."""

import gc
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lookwhere.datasets import coco_checks, masks
from lookwhere.datasets.base import Dataset, dataset
from lookwhere.datasets.samples import ImageId, Sample, sample_id
from lookwhere.errors import StudyError

Instances = dict[str, Any]


@dataset("coco", "COCO instances", annotations="file")
class Coco(Dataset):
    """A COCO instances file. Crowds are left out.

    The entries that a study uses are checked first; errors in others are ignored.
    """

    def __init__(self, annotations: Path, images: Path) -> None:
        self._instances = read(annotations)
        self._categories: dict[str, dict[str, Any]] = {}
        self._pools: dict[str, dict[int, list[dict[str, Any]]]] = {}

    def classes(self) -> Collection[str]:
        """The names of the categories."""
        return [entry["name"] for entry in coco_checks.named(self._instances["categories"])]

    def images(self, classes: Sequence[str]) -> Mapping[str, Collection[int]]:
        """The ids of the images with an instance of each class that is no crowd."""
        self._categories = coco_checks.categories(self._instances["categories"], classes)
        self._pools = coco_checks.pools(self._instances["annotations"], self._categories)
        return self._pools

    def number(self, class_name: str) -> int:
        """The id of the category."""
        return int(self._categories[class_name]["id"])

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples of images that ``images`` returned."""
        ids = {int(image_id) for of_class in image_ids.values() for image_id in of_class}
        images = coco_checks.images(self._instances["images"], ids)
        licences = _licences(self._instances.get("licenses"))
        for name, of_class in image_ids.items():
            for image_id in map(int, of_class):
                image = images[image_id]
                licence = licences.get(str(image.get("license")), "unknown")
                yield _sample(image, name, licence, self._pools[name][image_id])


def read(path: Path) -> Instances:
    """Read a COCO instances file. Raises StudyError if it is missing, truncated, or not one."""
    try:
        if path.exists() and not path.is_file():
            raise StudyError(f"annotations {str(path)!r} can't be read (not a regular file)")
        instances = _parse(path.read_bytes())
    except FileNotFoundError:
        raise StudyError(f"annotations {str(path)!r} do not exist") from None
    except (ValueError, RecursionError) as error:  # also of endless numbers and nesting
        raise StudyError(
            f"annotations {str(path)!r} are not whole JSON ({error}): fetch the file again"
        ) from None
    except OSError as error:
        raise StudyError(f"annotations {str(path)!r} can't be read ({error.strerror})") from None
    for key in ("images", "annotations", "categories"):
        if not isinstance(instances, dict) or not isinstance(instances.get(key), list):
            raise StudyError(
                f"annotations {str(path)!r} have no list {key!r}: not a COCO instances file"
            )
    return instances


def _parse(content: bytes) -> Any:
    collecting = gc.isenabled()
    gc.disable()  # collections would scan millions of live lists
    try:
        return json.loads(content)
    finally:
        if collecting:
            gc.enable()


def _sample(
    image: dict[str, Any], class_name: str, licence: str, annotations: list[dict[str, Any]]
) -> Sample:
    for annotation in annotations:
        coco_checks.require_segmentation(annotation, image)
    height, width, address = image["height"], image["width"], image.get("coco_url")
    segmentations = (annotation["segmentation"] for annotation in annotations)
    return Sample(
        id=sample_id(image["id"], class_name),
        image_id=image["id"],
        class_name=class_name,
        file=image["file_name"],
        width=width,
        height=height,
        licence=licence,
        address=address if isinstance(address, str) else None,
        instances=tuple(masks.run_lengths(each, height, width) for each in segmentations),
    )


def _licences(licences: Any) -> dict[str, str]:
    """Names of licences by id. They are informative: a faulty one is unknown."""
    return {
        str(entry["id"]): entry["name"]
        for entry in (licences if isinstance(licences, list) else [])
        if isinstance(entry, dict)
        and coco_checks.is_count(entry.get("id"))
        and coco_checks.is_text(entry.get("name"))
    }
