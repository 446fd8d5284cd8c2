"""Checks of a COCO instances file: the entries that a study uses.

Errors in other entries are ignored: one in a giraffe does not end a study of umbrellas. Every
function raises StudyError, which names the entry, its value and what it should be.
"""

import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from lookwhere.datasets.segmentations import fault
from lookwhere.errors import StudyError

MAX_PIXELS = 178_956_970  # PIL reads no larger image


def named(categories: list[Any]) -> list[dict[str, Any]]:
    """The categories. Raises StudyError if one has no name."""
    for number, category in enumerate(categories):
        if not isinstance(category, dict) or not isinstance(category.get("name"), str):
            raise StudyError(f"categories[{number}] of the annotations has no name")
    return categories


def categories(entries: list[Any], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The categories of the classes, by name: each with a name and an id of its own."""
    selected = {entry["name"]: entry for entry in named(entries) if entry["name"] in classes}
    for name, category in selected.items():
        if not is_count(category.get("id")):
            raise StudyError(
                f"category {name!r} has the id {category.get('id')!r}, not a whole number from 0"
            )
        for entry in entries:
            if entry is not category and name == entry["name"]:
                raise StudyError(f"category {name!r} is listed twice: merge them, or rename one")
            if entry is not category and entry.get("id") == category["id"]:
                raise StudyError(
                    f"categories {name!r} and {entry['name']!r} share the id {category['id']}: "
                    "give each its own"
                )
    return selected


def pools(
    annotations: list[Any], categories: dict[str, dict[str, Any]]
) -> dict[str, dict[int, list[dict[str, Any]]]]:
    """The annotations of each category, without crowds, by image id."""
    names = {category["id"]: name for name, category in categories.items()}
    pools: dict[str, dict[int, list[dict[str, Any]]]] = {name: {} for name in categories}
    for number, annotation in enumerate(annotations):
        try:
            name = names.get(annotation["category_id"])
            if name is None or _is_crowd(annotation):
                continue
            pools[name].setdefault(annotation["image_id"], []).append(annotation)
        except (KeyError, TypeError, AttributeError):
            raise StudyError(
                f"annotations[{number}] lacks a valid category_id or image_id, which COCO's "
                "instances files have"
            ) from None
    for pool in pools.values():
        for image_id in pool:
            if not is_count(image_id):
                raise StudyError(f"image id {image_id!r} is not a whole number, as COCO's are")
    return pools


def _is_crowd(annotation: dict[str, Any]) -> bool:
    crowd = annotation.get("iscrowd") or 0
    if crowd not in (0, 1):  # such as "0", which is true in Python
        raise StudyError(f"annotation {annotation.get('id')} has the iscrowd {crowd!r}, not 0 or 1")
    return bool(crowd)


def images(entries: list[Any], ids: set[int]) -> dict[int, dict[str, Any]]:
    """The images with these ``ids``: each valid, listed once, and with a file of its own."""
    id_counts: Counter[Any] = Counter()
    file_counts: Counter[str] = Counter()
    images: dict[int, dict[str, Any]] = {}
    for number, entry in enumerate(entries):
        try:
            id_counts[entry["id"]] += 1
            file_counts[_file(entry)] += 1
            if entry["id"] in ids:
                images[entry["id"]] = entry
        except (KeyError, TypeError, AttributeError):
            raise StudyError(f"images[{number}] of the annotations has no valid id") from None
    for image_id in sorted(ids):
        if image_id not in images:
            raise StudyError(
                f"an annotation names the image {image_id}, which the annotations lack"
            )
        if (times := id_counts[image_id]) > 1:
            raise StudyError(f"image {image_id} is listed {times} times: list it once")
        _require_valid(images[image_id])
        name = _file(images[image_id])
        if (times := file_counts[name]) > 1:  # else masks would lie on the pixels of another image
            raise StudyError(f"{times} images have the file name {name!r}: give each its own")
    return images


def _file(image: dict[str, Any]) -> str:
    return posixpath.normpath(str(image.get("file_name")))


def _require_valid(image: dict[str, Any]) -> None:
    """Raise StudyError unless the image has a size, and a file name inside the image folder."""
    what = f"image {image['id']}"
    if not is_count(image["id"]):
        raise StudyError(f"image id {image['id']!r} is not a whole number, as COCO's are")
    _require_keys(image, what, ["file_name", "width", "height"])
    for key in ("width", "height"):
        if not is_count(image[key]) or image[key] == 0:
            raise StudyError(f"{what} has the {key} {image[key]!r}, not a whole number from 1")
    if image["width"] * image["height"] > MAX_PIXELS:
        raise StudyError(
            f"{what} has {image['width']} x {image['height']} pixels, more than can be read: "
            "leave it out, or make it smaller"
        )
    name = image["file_name"]
    if not is_text(name) or "\0" in name or not PurePosixPath(name).name:
        raise StudyError(f"{what} has the file name {name!r}, which is not valid")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise StudyError(f"{what} has the file name {name!r}, outside its folder")


def require_segmentation(annotation: dict[str, Any], image: dict[str, Any]) -> None:
    """Raise StudyError unless the annotation has a valid segmentation of its image."""
    what = f"annotation {annotation.get('id')}"
    _require_keys(annotation, what, ["segmentation"])
    if error := fault(annotation["segmentation"], image["height"], image["width"]):
        raise StudyError(f"{what}, of image {image['id']}: {error}")


def _require_keys(entry: dict[str, Any], what: str, keys: Sequence[str]) -> None:
    missing = [key for key in keys if entry.get(key) is None]
    if missing:
        raise StudyError(f"{what} has no {missing[0]!r}, which COCO's instances files have")


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 0, as COCO's ids are; 1.0 and true are not."""
    return type(value) is int and 0 <= value < 2**63


def is_text(value: Any) -> bool:
    """Whether a value is a string that can be encoded: JSON allows surrogates such as "\\ud800"."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
