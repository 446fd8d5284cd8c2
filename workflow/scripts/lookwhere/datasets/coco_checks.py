"""The entries of a COCO instances file: those that a study uses are checked before it does.

Others may be as they are: a study of umbrellas does not end for a fault in a giraffe. Every
function raises StudyError, which names the entry, its value and what it should be.
"""

import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from lookwhere.datasets.segmentations import fault
from lookwhere.errors import StudyError

MOST_PIXELS = 178_956_970  # PIL reads no larger image


def named(categories: list[Any]) -> list[dict[str, Any]]:
    """The categories, each of which has a name."""
    for number, category in enumerate(categories):
        if not isinstance(category, dict) or not isinstance(category.get("name"), str):
            raise StudyError(f"categories[{number}] of the annotations has no name")
    return categories


def categories(entries: list[Any], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The categories of the classes, by name: each with an id, and neither shared with another."""
    wanted = {entry["name"]: entry for entry in named(entries) if entry["name"] in classes}
    for name, category in wanted.items():
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
    return wanted


def pools(
    annotations: list[Any], categories: dict[str, dict[str, Any]]
) -> dict[str, dict[int, list[dict[str, Any]]]]:
    """For each category its annotations that are no crowd, by image id."""
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
                f"annotations[{number}] lacks a sound category_id or image_id, which COCO's "
                "instances files give"
            ) from None
    for pool in pools.values():
        for image_id in pool:
            if not is_count(image_id):
                raise StudyError(f"image id {image_id!r} is not a whole number, as COCO's are")
    return pools


def _is_crowd(annotation: dict[str, Any]) -> bool:
    crowd = annotation.get("iscrowd") or 0
    if crowd not in (0, 1):  # such as "0", which Python takes for true
        raise StudyError(f"annotation {annotation.get('id')} has the iscrowd {crowd!r}, not 0 or 1")
    return bool(crowd)


def images(entries: list[Any], wanted: set[int]) -> dict[int, dict[str, Any]]:
    """The wanted images by id: each there once, sound, and with a file of its own."""
    ids: Counter[Any] = Counter()
    files: Counter[str] = Counter()
    found: dict[int, dict[str, Any]] = {}
    for number, entry in enumerate(entries):
        try:
            ids[entry["id"]] += 1
            files[_file(entry)] += 1
            if entry["id"] in wanted:
                found[entry["id"]] = entry
        except (KeyError, TypeError, AttributeError):
            raise StudyError(f"images[{number}] of the annotations has no sound id") from None
    for image_id in sorted(wanted):
        if image_id not in found:
            raise StudyError(
                f"an annotation names the image {image_id}, which the annotations lack"
            )
        if ids[image_id] > 1:
            raise StudyError(f"image {image_id} is listed {ids[image_id]} times: list it once")
        _require_sound(found[image_id])
        name = _file(found[image_id])
        if files[name] > 1:  # the masks of one would lie on the pixels of another
            raise StudyError(f"{files[name]} images have the file name {name!r}: give each its own")
    return found


def _file(image: dict[str, Any]) -> str:
    return posixpath.normpath(str(image.get("file_name")))


def _require_sound(image: dict[str, Any]) -> None:
    """The image has a size and a file name, which must stay inside the image folder."""
    what = f"image {image['id']}"
    if not is_count(image["id"]):
        raise StudyError(f"image id {image['id']!r} is not a whole number, as COCO's are")
    _require_keys(image, what, ["file_name", "width", "height"])
    for key in ("width", "height"):
        if not is_count(image[key]) or image[key] == 0:
            raise StudyError(f"{what} has the {key} {image[key]!r}, not a whole number from 1")
    if image["width"] * image["height"] > MOST_PIXELS:
        raise StudyError(
            f"{what} has {image['width']} x {image['height']} pixels, more than can be read: "
            "leave it out, or make it smaller"
        )
    name = image["file_name"]
    if not is_text(name) or "\0" in name or not PurePosixPath(name).name:
        raise StudyError(f"{what} has the file name {name!r}, which no file can have")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise StudyError(f"{what} has the file name {name!r}, outside its folder")


def require_segmentation(annotation: dict[str, Any], image: dict[str, Any]) -> None:
    """The annotation has a segmentation that is a mask of its image."""
    what = f"annotation {annotation.get('id')}"
    _require_keys(annotation, what, ["segmentation"])
    found = fault(annotation["segmentation"], image["height"], image["width"])
    if found:
        raise StudyError(f"{what}, of image {image['id']}: {found}")


def _require_keys(entry: dict[str, Any], what: str, keys: Sequence[str]) -> None:
    missing = [key for key in keys if entry.get(key) is None]
    if missing:
        raise StudyError(f"{what} has no {missing[0]!r}, which COCO's instances files give")


def is_count(value: Any) -> bool:
    """A whole number from 0, as COCO's ids are; 1.0 and true are none."""
    return type(value) is int and 0 <= value < 2**63


def is_text(value: Any) -> bool:
    """A string that can be written: JSON may hold half of a character, as "\\ud800"."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
