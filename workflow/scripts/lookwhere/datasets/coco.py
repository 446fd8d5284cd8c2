"""COCO instances files: reading, and the choice of the study's samples.

A sample is one (image, class) pair. The subset of a study is itself a COCO instances file: the
chosen images and, for each, the instances of the class that it was chosen for. Crowds are left out.
"""

import gc
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookwhere.datasets import coco_checks, masks
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError, enumerate_errors, hint
from lookwhere.io import results

Instances = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """One (image, class) pair of the study."""

    sample: str
    image_id: int
    class_name: str
    file: str  # below the image folder
    width: int
    height: int
    licence: str
    segmentations: tuple[Any, ...]


def sample_id(image_id: int, class_name: str) -> str:
    """``000000000139-traffic_light``"""
    return f"{image_id:012d}-{slug(class_name)}"


def slug(class_name: str) -> str:
    """The class in a file name: what is no letter, digit, dot or dash becomes an underscore."""
    return re.sub(r"[^\w.-]+", "_", class_name)


def read(path: Path) -> Instances:
    """A COCO instances file. Raises StudyError if it is missing, cut short, or not one."""
    try:
        if path.exists() and not path.is_file():
            raise StudyError(f"annotations {str(path)!r} can't be read (not a regular file)")
        instances = _parse(path.read_bytes())
    except FileNotFoundError:
        raise StudyError(f"annotations {str(path)!r} do not exist") from None
    except (ValueError, RecursionError) as error:  # also numbers, and nesting, without end
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


def read_subset(path: str) -> Instances:
    """The subset of a selection or of the study: a result of ``select_subset`` or
    ``list_samples``."""
    return _parse(results.read(Path(path)))


def _parse(content: bytes) -> Any:
    collecting = gc.isenabled()
    gc.disable()  # it would walk through millions of new lists, none of which is garbage
    try:
        return json.loads(content)
    finally:
        if collecting:
            gc.enable()


def class_faults(instances: Instances, classes: Sequence[str]) -> list[str]:
    """A sentence for each class that the annotations do not know."""
    names = [category["name"] for category in coco_checks.named(instances["categories"])]
    return [
        f"class {name!r} is not a category of the annotations; {hint(name, names)}"
        for name in classes
        if name not in names
    ]


def select(instances: Instances, spans: Sequence[Span], seed: int) -> Instances:
    """The subset of a selection: of each span the images at its places in the order of the class.

    The order of a class is drawn from ``seed``, and depends on no other class. Raises StudyError
    that lists every class that is unknown or has too few images, or names what is wrong with an
    entry that the study would use.
    """
    classes = list(dict.fromkeys(span.class_name for span in spans))
    categories = coco_checks.categories(instances["categories"], classes)
    pools = coco_checks.pools(instances["annotations"], categories)
    faults = class_faults(instances, classes) + _shortages(pools, spans)
    if faults:
        raise StudyError(enumerate_errors("the subset can't be drawn:", faults))
    chosen: list[dict[str, Any]] = []
    for span in spans:
        pool = pools[span.class_name]
        rng = np.random.default_rng([seed, categories[span.class_name]["id"]])
        order = rng.permutation(sorted(pool))
        for image_id in sorted(order[span.first : span.last].tolist()):
            chosen.extend(pool[image_id])
    images = coco_checks.images(
        instances["images"], {annotation["image_id"] for annotation in chosen}
    )
    for annotation in chosen:
        coco_checks.require_segmentation(annotation, images[annotation["image_id"]])
    licences = instances.get("licenses")
    return {
        "info": instances.get("info", {}),
        "licenses": licences if isinstance(licences, list) else [],
        "images": [images[image_id] for image_id in sorted(images)],
        "annotations": chosen,
        "categories": [categories[name] for name in classes],
    }


def merge(subsets: Sequence[Instances], classes: Sequence[str]) -> Instances:
    """One subset of the samples of several, with the categories in the order of ``classes``."""
    images = {image["id"]: image for subset in subsets for image in subset["images"]}
    categories = {c["name"]: c for subset in subsets for c in subset["categories"]}
    return {
        **subsets[0],
        "images": [images[image_id] for image_id in sorted(images)],
        "annotations": [entry for subset in subsets for entry in subset["annotations"]],
        "categories": [categories[name] for name in classes],
    }


def samples(subset: Instances) -> list[Sample]:
    """The samples of a subset, by class in the study's order, then by image id."""
    images = {image["id"]: image for image in subset["images"]}
    names = {category["id"]: category["name"] for category in subset["categories"]}
    licences = _licences(subset["licenses"])
    groups: dict[tuple[int, int], list[Any]] = {}
    for annotation in subset["annotations"]:
        key = annotation["category_id"], annotation["image_id"]
        groups.setdefault(key, []).append(annotation["segmentation"])
    return [
        _sample(images[image_id], names[category], licences, groups[category, image_id])
        for category in names
        for image_id in sorted(image for cat, image in groups if cat == category)
    ]


def instances_of(sample: Sample) -> list[Mask]:
    """The mask (H, W) of each instance of a sample.

    Raises StudyError if a segmentation is damaged or of another size.
    """
    return [
        masks.union([segmentation], sample.height, sample.width)
        for segmentation in sample.segmentations
    ]


def _sample(
    image: dict[str, Any], class_name: str, licences: dict[str, str], segmentations: list[Any]
) -> Sample:
    return Sample(
        sample=sample_id(image["id"], class_name),
        image_id=image["id"],
        class_name=class_name,
        file=image["file_name"],
        width=image["width"],
        height=image["height"],
        licence=licences.get(str(image.get("license")), "unknown"),
        segmentations=tuple(segmentations),
    )


def _licences(licences: list[Any]) -> dict[str, str]:
    """Names of licences by id. They are for information, so a faulty one is unknown."""
    return {
        str(entry["id"]): entry["name"]
        for entry in licences
        if isinstance(entry, dict)
        and coco_checks.is_count(entry.get("id"))
        and coco_checks.is_text(entry.get("name"))
    }


def _shortages(pools: dict[str, dict[int, Any]], spans: Sequence[Span]) -> list[str]:
    return [
        f"class {span.class_name!r} has {len(pools[span.class_name])} images with instances that "
        f"are no crowd, fewer than images_per_class: {span.last}; ask for fewer or leave the class "
        "out"
        for span in spans
        if span.class_name in pools and len(pools[span.class_name]) < span.last
    ]
