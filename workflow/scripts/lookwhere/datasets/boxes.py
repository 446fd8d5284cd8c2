"""Bounding boxes without masks: ImageNet's XML files, or a CSV file.

The region of a sample is its boxes, and every output that describes regions states so. The choice
``dataset.boxes`` is not needed: boxes are what this format annotates.

A folder of XML files is in ImageNet's layout (``n01440764/n01440764_10040.xml``, or flat). An XML
file has the name of its image, and the classes are the names of its objects (WordNet ids in
ImageNet's). Corners are pixels in the box, numbered from 0, as in ImageNet's, where xmax is at most
width - 1: a box is xmax - xmin + 1 pixels wide.

A CSV file has the columns ``image`` (below the image folder, with or without suffix), ``class``,
``x0``, ``y0``, ``x1`` and ``y1``, in pixels from the left and upper border: a box is x1 - x0 pixels
wide. Numbers are rounded to whole pixels.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lookwhere.datasets import csv_files, image_names, images, masks, voc_xml
from lookwhere.datasets.base import Dataset, dataset, sample
from lookwhere.datasets.image_names import ImageNames
from lookwhere.datasets.masks import Box
from lookwhere.datasets.pools import Choices, Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.datasets.voc_xml import CORNERS, Object, Size
from lookwhere.errors import StudyError

NO_IMAGE = "boxes without an image"
OTHER_SIZE = "boxes for another size of the image"
NO_PIXEL = "boxes without a pixel of their image"
SIDES = ("x0", "y0", "x1", "y1")
COLUMNS = ("image", "class", *SIDES)


@dataclass
class Boxed:
    """The boxes of an image by class, and its annotated size, if there is one."""

    boxes: dict[str, list[Box]]
    size: Size | None = None


@dataset("boxes", "Bounding boxes", lists_images=True)
class Boxes(Dataset):
    """Boxes without masks, in XML files or a CSV file."""

    def __init__(self, annotations: Path, images: Path) -> None:
        self._folder = images
        self._names = ImageNames.below(images)
        read = _of_table if annotations.is_file() else _of_folder
        self._boxed = read(annotations, self._names)  # by the image's path without suffix

    def choose(self, choices: Choices) -> None:
        """Take the choices of the study; boxes are always used."""
        super().choose(replace(choices, boxes="use"))

    def classes(self) -> Collection[str]:
        """The names of the objects."""
        return sorted({name for boxed in self._boxed.values() for name in boxed.boxes})

    def images(self, classes: Sequence[str]) -> Mapping[str, Pool]:
        """The images with a box of each class, in which all its boxes have pixels."""
        return {name: self._pool(name) for name in classes}

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples, an instance per box."""
        for class_name, of_class in image_ids.items():
            for image_id in of_class:
                path = str(image_id)
                boxes, (width, height) = self._boxed[path].boxes[class_name], self._size(path)
                yield sample(
                    image_id,
                    class_name,
                    file=self._names.file(path),
                    instances=[masks.of_box(box, height, width) for box in boxes],
                    boxes=len(boxes),
                    is_sized=self._boxed[path].size is not None,
                )

    def _pool(self, class_name: str) -> Pool:
        contents: dict[ImageId, list[Kind]] = {}
        left_out: dict[ImageId, str] = {}
        for path, boxed in self._boxed.items():
            if class_name in boxed.boxes:
                image_id = image_names.image_id(path)
                contents[image_id] = [Kind.BOX] * len(boxed.boxes[class_name])
                if reason := self._reason(path, boxed.boxes[class_name]):
                    left_out[image_id] = reason
        self._require_some_image(class_name, left_out)
        return Pool.of(contents, self.choices, left_out)

    def _reason(self, path: str, boxes: Sequence[Box]) -> str | None:
        """Why an image is left out; None if it can be drawn."""
        if path not in self._names.files:
            return NO_IMAGE
        annotated, file = self._boxed[path].size, self._folder / self._names.file(path)
        if annotated and annotated not in (images.size(file, v) for v in ("upright", "stored")):
            return OTHER_SIZE
        width, height = self._size(path)
        return None if all(masks.of_box(b, height, width).any() for b in boxes) else NO_PIXEL

    def _size(self, path: str) -> Size:
        """The annotated size of an image, or that of its file."""
        file = self._folder / self._names.file(path)
        return self._boxed[path].size or images.size(file, self.choices.exif)

    def _require_some_image(self, class_name: str, left_out: Mapping[ImageId, str]) -> None:
        """Raise StudyError if no box of a class has an image."""
        lost = [image_id for image_id, reason in left_out.items() if reason == NO_IMAGE]
        if lost and len(lost) == sum(class_name in boxed.boxes for boxed in self._boxed.values()):
            raise StudyError(
                f"none of the {len(lost)} images with a box of {class_name!r} (such as "
                f"{str(lost[0])!r}) is below {str(self._folder)!r}: check dataset.images"
            )


def _of_folder(folder: Path, names: ImageNames) -> dict[str, Boxed]:
    """The boxes of XML files, by the image's path without suffix."""
    files = list(image_names.files_below(folder, frozenset({".xml"})))
    if not files:
        raise StudyError(f"{str(folder)!r} has no XML file: check dataset.annotations")
    boxed: dict[str, Boxed] = {}
    for file in files:
        annotation = voc_xml.read(folder / file)
        name = image_names.without_suffix(file)
        path = names.path_anywhere(name) or name
        if path in boxed:
            raise StudyError(
                f"{str(folder / file)!r} and another XML file annotate the image {path!r}: merge "
                "them"
            )
        boxes: defaultdict[str, list[Box]] = defaultdict(list)
        for each in annotation.objects:
            left, top, right, bottom = _corners(each, folder / file)
            boxes[each.name].append(_rounded(left, top, right + 1, bottom + 1))
        boxed[path] = Boxed(dict(boxes), annotation.size)
    return boxed


def _of_table(file: Path, names: ImageNames) -> dict[str, Boxed]:
    """The boxes of a CSV file, by the image's path without suffix."""
    rows = [(row, _sides(row, line, file)) for line, row in csv_files.rows(file, COLUMNS)]
    if not rows:
        raise StudyError(f"{str(file)!r} has no row: check dataset.annotations")
    if max(max(sides) for _, sides in rows) <= 1:
        raise StudyError(
            f"all numbers in {str(file)!r} are between 0 and 1, so they seem to be shares of the "
            "image: multiply x by its width and y by its height"
        )
    boxed: dict[str, Boxed] = {}
    for row, sides in rows:
        path = names.path(row["image"]) or image_names.without_suffix(row["image"])
        of_image = boxed.setdefault(path, Boxed({}))
        of_image.boxes.setdefault(row["class"], []).append(_rounded(*sides))
    return boxed


def _corners(each: Object, file: Path) -> list[float]:
    """The corners of an object's box; the pixels at xmax and ymax are in it."""
    if not each.name:
        error = "an object has no name: add it, or remove the object"
        raise StudyError(f"annotations {str(file)!r}: {error}")
    missing = [name for name, corner in zip(CORNERS, each.corners, strict=True) if corner is None]
    if missing:
        error = f"object {each.name!r} has no number as its {missing[0]}: correct it"
        raise StudyError(f"annotations {str(file)!r}: {error}")
    return [corner for corner in each.corners if corner is not None]


def _rounded(*sides: float) -> Box:
    """The box of whole pixels."""
    left, top, right, bottom = (math.floor(side + 0.5) for side in sides)
    return left, top, right, bottom


def _sides(row: Mapping[str, str], line: int, file: Path) -> tuple[float, ...]:
    """The numbers x0, y0, x1 and y1 of a row."""
    try:
        left, top, right, bottom = (float(row[name]) for name in SIDES)
    except ValueError:
        left = top = right = bottom = math.nan
    if not (-math.inf < left < right < math.inf and -math.inf < top < bottom < math.inf):
        numbers = ", ".join(row[name] for name in SIDES)
        raise StudyError(
            f"line {line} of {str(file)!r} has the box {numbers}, but x0 < x1 and y0 < y1 are the "
            "borders of a box, in pixels (x1 and y1 are not its width and height): correct it"
        )
    return left, top, right, bottom
