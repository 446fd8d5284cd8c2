"""Masks of Open Images V7.

The annotations are a folder that holds, in any folders below it, the CSV file or files of the masks
(``train-annotations-object-segmentation.csv``), the masks (PNG files by the name that the CSV file
lists), and, for names of classes in place of ids, ``class-descriptions.csv`` or a file of V7's or
of the boxable classes by such a name. A mask is one instance. Its size may differ from that of the
image, to which it is resized by nearest neighbours.
"""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from lookwhere.datasets import csv_files, image_names, images, mask_files, masks
from lookwhere.datasets.base import Dataset, dataset, sample
from lookwhere.datasets.image_names import ImageNames
from lookwhere.datasets.pools import EMPTY, NO_IMAGE, Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.errors import StudyError

SEGMENTATION = "segmentation.csv"  # the end of the names of lists of masks
DESCRIPTIONS = "class-descriptions"
COLUMNS = ("MaskPath", "ImageID", "LabelName")
NO_FILE = "masks without a file"


@dataset("openimages", "Open Images", annotations="folder", lists_images=True)
class OpenImages(Dataset):
    """A folder of the masks of Open Images."""

    def __init__(self, annotations: Path, images: Path) -> None:
        self._annotations, self._folder = annotations, images
        tables = [annotations / file for file in _files(annotations, ".csv")]
        lists = [table for table in tables if table.name.endswith(SEGMENTATION)]
        if not lists:
            raise StudyError(
                f"no CSV file below {str(annotations)!r} has a name that ends in {SEGMENTATION}: "
                "put the list of masks there, such as train-annotations-object-segmentation.csv"
            )
        described = [table for table in tables if DESCRIPTIONS in table.name]
        names = {mid: name for table in described for mid, name in _descriptions(table)}
        self._masks: dict[str, dict[str, list[str]]] = {}  # file names, by class and image's path
        for table in lists:
            for _, row in csv_files.rows(table, COLUMNS):
                of_class = self._masks.setdefault(names.get(row["LabelName"], row["LabelName"]), {})
                path = self._names.path_anywhere(row["ImageID"]) or row["ImageID"]
                of_class.setdefault(path, []).append(row["MaskPath"])

    def classes(self) -> Collection[str]:
        """The names of the labels, or their ids where there are no descriptions."""
        return list(self._masks)

    def images(self, classes: Sequence[str]) -> Mapping[str, Pool]:
        """The images of each class, all of whose masks have a file with a pixel."""
        return {name: self._pool(name) for name in classes}

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples, an instance per mask."""
        for class_name, of_class in image_ids.items():
            for image_id in of_class:
                file = self._names.file(str(image_id))
                width, height = images.size(self._folder / file, self.choices.exif)
                yield sample(
                    image_id,
                    class_name,
                    file=file,
                    instances=[
                        masks.resize(self._mask(name), height, width)
                        for name in self._masks[class_name][str(image_id)]
                    ],
                    is_sized=False,
                )

    @cached_property
    def _names(self) -> ImageNames:
        return ImageNames.below(self._folder)

    @cached_property
    def _files(self) -> dict[str, str]:
        """The files of the masks, by name."""
        return {PurePosixPath(file).name: file for file in _files(self._annotations, ".png")}

    def _pool(self, class_name: str) -> Pool:
        contents: dict[ImageId, list[Kind]] = {}
        left_out: dict[ImageId, str] = {}
        for path, of_image in self._masks[class_name].items():
            image_id = image_names.image_id(path)
            contents[image_id] = [Kind.MASK] * len(of_image)
            if path not in self._names.files:
                left_out[image_id] = NO_IMAGE
            elif not all(name in self._files for name in of_image):
                left_out[image_id] = NO_FILE
            elif not all(self._mask(name).any() for name in of_image):
                left_out[image_id] = EMPTY
        return Pool.of(contents, self.choices, left_out)

    def _mask(self, name: str) -> masks.Mask:
        """The mask (H, W) of a file, at its own size."""
        picture = mask_files.picture(self._annotations / self._files[name], ("PNG",))
        return np.asarray(picture.convert("L")) > 0


def _files(folder: Path, suffix: str) -> Iterable[str]:
    return image_names.files_below(folder, frozenset({suffix}))


def _descriptions(table: Path) -> list[tuple[str, str]]:
    """The (id, name) pairs of a list of classes, whose first line may be a header."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return [(row[0], row[1]) for row in csv.reader(file) if len(row) >= 2]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{str(table)!r} can't be read ({error}): fetch it again") from None
