"""Masks as pictures: a folder of them, or a CSV file that lists them.

A folder holds a folder per class, in which each mask has the path of its image below the image
folder; suffixes may differ::

    dog/36.png             the mask of the class dog in the image 36.jpg
    dog/street/7.png       ... in street/7.jpg
    dog/37_0.png, 37_1.png two instances in 37.jpg; or dog/37/a.png and dog/37/b.png
    dog/36_mask.png        ... in 36.jpg, if all masks of the class end so; or dog/mask_36.png

A CSV file has the columns ``image`` (below the image folder, with or without suffix), ``class`` and
``mask`` (below the folder of the file); rows of one image and class are several instances. Which
pixels of a mask are its instances is defined in ``mask_files``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lookwhere.datasets import csv_files, image_names, mask_files, mask_names
from lookwhere.datasets.base import Dataset, dataset, sample
from lookwhere.datasets.image_names import ImageNames
from lookwhere.datasets.mask_files import Instances
from lookwhere.datasets.mask_names import Affix, Files
from lookwhere.datasets.pools import EMPTY, NO_IMAGE, Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.errors import StudyError
from lookwhere.io.logs import log

COLUMNS = ("image", "class", "mask")
EXAMPLES = 3  # in a message


@dataset("masks", "Masks as pictures", lists_images=True)
class Masks(Dataset):
    """Mask pictures, in a folder per class or listed by a CSV file."""

    def __init__(self, annotations: Path, images: Path) -> None:
        self._annotations, self._images = annotations, images
        self._listed = _of_table(annotations) if annotations.is_file() else None
        self._of_folders: dict[str, Files] = {}

    def classes(self) -> Collection[str]:
        """The names of the folders, or those in the CSV file."""
        if self._listed is not None:
            return list(self._listed)
        folders = [entry for entry in self._annotations.iterdir() if entry.is_dir()]
        names = sorted(folder.name for folder in folders if not folder.name.startswith("."))
        if not names:
            raise StudyError(
                f"{str(self._annotations)!r} has no folder of a class: put the masks of a class in "
                "a folder of its name, or list them in a CSV file with the columns "
                f"{', '.join(COLUMNS)}"
            )
        return names

    def images(self, classes: Sequence[str]) -> Mapping[str, Pool]:
        """The images with a mask of each class that has a pixel. All its masks are decoded."""
        return {name: self._pool(name) for name in classes}

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples, an instance per mask file or per value in it."""
        for class_name, of_class in image_ids.items():
            files, grey, empty = self._files(class_name), 0, 0
            for image_id in of_class:
                pictures = _read(files[str(image_id)])
                grey += any(picture.is_grey for picture in pictures)
                empty += sum(not picture.masks for picture in pictures)
                yield sample(
                    image_id,
                    class_name,
                    file=self._names.file(str(image_id)),
                    instances=[mask for picture in pictures for mask in picture.masks],
                )
            if grey:
                log.warning(
                    "%d of %d masks of %r have grey values between black and white, from "
                    "compression or smooth edges: pixels in the upper half are the object",
                    grey,
                    len(of_class),
                    class_name,
                )
            if empty:
                log.warning(
                    "%d masks of %r have no pixel, beside others of their images: they are no "
                    "instances",
                    empty,
                    class_name,
                )

    def _pool(self, class_name: str) -> Pool:
        names, files = self._names, self._files(class_name)
        if self._listed is None:
            _report_others(self._annotations / class_name, bool(files))
        contents: dict[ImageId, list[Kind]] = {}
        left_out: dict[ImageId, str] = {}
        for path, of_image in files.items():
            image_id = image_names.image_id(path)
            contents[image_id] = [Kind.MASK] * len(of_image)
            if path not in names.files:
                left_out[image_id] = NO_IMAGE
            elif not any(picture.masks for picture in _read(of_image)):
                left_out[image_id] = EMPTY
        lost = [str(image_id) for image_id, reason in left_out.items() if reason == NO_IMAGE]
        if lost and len(lost) == len(files):
            raise StudyError(self._lost(class_name, lost))
        without = len(names.files.keys() - files.keys())
        log.debug("%d of %d images have no mask of %r", without, len(names.files), class_name)
        return Pool.of(contents, self.choices, left_out)

    def _lost(self, class_name: str, lost: Sequence[str]) -> str:
        """The error of a class of whose masks none has an image."""
        examples = ", ".join(map(repr, lost[:EXAMPLES]))
        images = ", ".join(map(repr, list(self._names.files)[:EXAMPLES])) or "no image"
        way_out = "correct the column image, or check dataset.images"
        if self._listed is None:
            columns = ", ".join(COLUMNS)
            way_out = f"rename the masks, or list them in a CSV file with the columns {columns}"
        return (
            f"none of the {len(lost)} masks of {class_name!r} ({examples}) has the name of an "
            f"image below {str(self._images)!r} ({images}): {way_out}"
        )

    @cached_property
    def _names(self) -> ImageNames:
        return ImageNames.below(self._images)

    def _files(self, class_name: str) -> Files:
        names = self._names
        if self._listed is None:
            if class_name not in self._of_folders:
                self._of_folders[class_name] = self._in_folder(class_name)
            return self._of_folders[class_name]
        files: Files = {}
        for image, mask in self._listed[class_name]:
            path = names.path(image) or image_names.without_suffix(image)
            files.setdefault(path, []).append(mask)
        return files

    def _in_folder(self, class_name: str) -> Files:
        files, affix = mask_names.of_folder(self._annotations / class_name, self._names)
        if affix != Affix():
            count = sum(map(len, files.values()))
            log.info("masks of %r (%d) are named %s, after their images", class_name, count, affix)
        return files


def _read(files: Sequence[Path]) -> list[Instances]:
    """The instances of the mask files of one image, which have one size."""
    pictures = [mask_files.instances(file) for file in files]
    for file, picture in zip(files, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            sizes = [f"{width} x {height}" for height, width in (pictures[0].shape, picture.shape)]
            raise StudyError(
                f"masks {str(files[0])!r} and {str(file)!r}, of one image, have {sizes[0]} and "
                f"{sizes[1]} pixels: save both at the size of the image"
            )
    return pictures


def _report_others(folder: Path, has_masks: bool) -> None:
    """Log the files in the folder of a class that are no pictures, such as arrays.

    Raises StudyError if there is nothing else.
    """
    others = [
        file
        for file in sorted(folder.rglob("[!.]*"))
        if file.suffix.lower() not in mask_files.SUFFIXES and file.is_file()
    ]
    if not others:
        return
    what = f"{len(others)} files in {str(folder)!r}, such as {others[0].name!r}, are no masks"
    read = f"{', '.join(mask_files.FORMATS)} are read"
    if not has_masks:
        raise StudyError(f"all {what} ({read}): save masks as PNG")
    log.info("%s (%s): left out", what, read)


def _of_table(file: Path) -> dict[str, list[tuple[str, Path]]]:
    """The (image, mask file) pairs of each class that a CSV file lists."""
    listed: dict[str, list[tuple[str, Path]]] = {}
    for _, row in csv_files.rows(file, COLUMNS):
        mask = file.parent / row["mask"].replace("\\", "/")
        listed.setdefault(row["class"], []).append((row["image"], mask))
    if not listed:
        raise StudyError(f"{str(file)!r} has no row: check dataset.annotations")
    return listed
