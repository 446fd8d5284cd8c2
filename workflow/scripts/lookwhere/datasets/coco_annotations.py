"""The annotations of a COCO instances file: of which class and image each is, and what it has."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from lookwhere.datasets import masks
from lookwhere.datasets.pools import Choices, Kind
from lookwhere.datasets.samples import ImageId, canonical
from lookwhere.datasets.segmentations import has_mask
from lookwhere.errors import StudyError
from lookwhere.io.logs import log

Annotation = dict[str, Any]
Groups = dict[str, dict[ImageId, list[Annotation]]]  # by class and image
LONGEST = 1e9  # pixels along a side of a box


def group(annotations: Sequence[Any], names: Mapping[Hashable, str]) -> Groups:
    """The annotations of each class, by image; ``names`` are those of the classes by category id.

    Annotations without category or image are left out, with a warning: which image lacks them is
    not known.
    """
    groups: Groups = {name: {} for name in names.values()}
    strays: list[int] = []
    for number, annotation in enumerate(annotations):
        try:
            category_id = annotation["category_id"]
            name = names.get(category_id)
            if name is None and category_id is not None:
                continue
            image_id = canonical(annotation["image_id"])
        except (KeyError, TypeError):  # also of annotations that are no objects
            name = image_id = None
        if name is None or image_id is None:
            strays.append(number)
        else:
            groups[name].setdefault(image_id, []).append(annotation)
    if strays:
        log.warning(
            "%d of %d annotations have no valid category_id or image_id, such as annotations[%d]: "
            "left out",
            len(strays),
            len(annotations),
            strays[0],
        )
    return groups


def kind(annotation: Annotation, choices: Choices) -> Kind:
    """What an annotation has. A crowd that counts as an instance needs a mask or a box, too."""
    is_mask = has_mask(annotation.get("segmentation"))
    if is_crowd(annotation) and (is_mask or choices.crowds != "count"):
        return Kind.CROWD
    if is_mask:
        return Kind.MASK
    return Kind.NONE if box(annotation) is None else Kind.BOX


def is_crowd(annotation: Annotation) -> bool:
    """Whether an annotation is a crowd. Raises StudyError if ``iscrowd`` is neither 0 nor 1."""
    crowd = annotation.get("iscrowd") or 0
    if crowd not in (0, 1):  # such as "0", which is true in Python
        raise StudyError(
            f"annotation {annotation.get('id')} has the iscrowd {crowd!r}: write 0 or 1"
        )
    return bool(crowd)


def box(annotation: Annotation) -> tuple[float, float, float, float] | None:
    """The ``bbox`` of an annotation: x, y, width and height in pixels. None if it is not valid.

    Less than a pixel is no box: normalised coordinates are below 1.
    """
    bbox = annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4:
        return None
    if not all(type(side) in (int, float) and -LONGEST < side < LONGEST for side in bbox):
        return None
    x, y, width, height = bbox
    return (x, y, width, height) if min(width, height) >= 1 else None


def runs(annotation: Annotation, kind: Kind, image_id: ImageId, height: int, width: int) -> str:
    """The region of an annotation of a ``kind``, as run lengths: its mask, or else its box.

    Raises StudyError, with annotation and image, if it is damaged.
    """
    try:
        if kind is not Kind.BOX:
            return masks.run_lengths(annotation.get("segmentation"), height, width)
        x, y, columns, rows = box(annotation) or (0, 0, 0, 0)
        return masks.box_run_lengths(x, y, x + columns, y + rows, height, width)
    except StudyError as error:
        what = f"annotation {annotation.get('id')}, of image {image_id}"
        raise StudyError(f"{what}: {error}") from None
