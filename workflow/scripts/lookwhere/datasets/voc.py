"""PASCAL VOC, and data sets in its layout.

``Annotations/ID.xml`` lists the objects of an image with their boxes. ``SegmentationClass/ID.png``
has the class of each pixel, ``SegmentationObject/ID.png`` the number of its instance; void pixels
are neither object nor background. Classes are VOC's by palette index, or those of a file of labels.
An image is segmented if it has a file in SegmentationClass; others have boxes alone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from lookwhere.datasets import base, image_names, images, masks, voc_labels, voc_pictures, voc_xml
from lookwhere.datasets.base import Dataset, dataset
from lookwhere.datasets.image_names import ImageNames
from lookwhere.datasets.masks import Box, Mask
from lookwhere.datasets.pools import Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.datasets.voc_labels import BACKGROUND, VOC, VOID
from lookwhere.datasets.voc_pictures import Numbers, Picture
from lookwhere.datasets.voc_xml import Annotation, Object, Size
from lookwhere.errors import StudyError
from lookwhere.io.logs import log

OBJECTS, CLASSES, INSTANCES = "Annotations", "SegmentationClass", "SegmentationObject"
FOLDERS = (OBJECTS, CLASSES, INSTANCES)
LOOSE = 2**11  # instances of pixels of a class that are none of SegmentationObject: LOOSE + class
NOTHING = Annotation("annotation", None, ())  # of an image without an XML file


@dataclass(frozen=True)
class Content:
    """What an image holds of a class."""

    instances: Sequence[int]  # their numbers
    boxes: Sequence[Box | None]  # of objects without a mask; None where there is no box either

    def kinds(self) -> list[Kind]:
        """The kind of each."""
        of_objects = [Kind.BOX if box else Kind.NONE for box in self.boxes]
        return [Kind.MASK] * len(self.instances) + of_objects


@dataset("voc", "PASCAL VOC", annotations="folder")
class Voc(Dataset):
    """A folder such as ``VOCdevkit/VOC2012``, or a folder of XML files."""

    def __init__(self, annotations: Path, images: Path) -> None:
        self._root = _root(annotations)
        folder = self._root / OBJECTS
        self._xml = _files(folder if folder.is_dir() else self._root, ".xml")
        self._classes = _files(self._root / CLASSES, ".png")
        self._instances = _files(self._root / INSTANCES, ".png")
        self._labels = voc_labels.read(self._root)
        self._image_folder = images
        self._contents: dict[str, dict[ImageId, Content]] = {}

    def classes(self) -> Collection[str]:
        """The names of the classes of masks, then of other objects."""
        of_masks = self._labels.names.values() if self._classes else ()
        of_objects = (each.name for found in self._annotations.values() for each in found.objects)
        return list(dict.fromkeys([*of_masks, *sorted({*of_objects} - {""})]))

    def images(self, classes: Sequence[str]) -> Mapping[str, Collection[ImageId]]:
        """The images with an instance of each class."""
        self._contents = {name: {} for name in classes}
        for image_id, stem in self._stems.items():
            for name, content in self._content(stem, classes):
                self._contents[name][image_id] = content
        pools = {}
        for name, of_class in self._contents.items():
            kinds = {image_id: content.kinds() for image_id, content in of_class.items()}
            pools[name] = Pool.of(kinds, self.choices)
            self._log_difficult(name)
        return pools

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples of images that ``images`` returned."""
        for name, of_class in image_ids.items():
            for image_id in of_class:
                yield self._sample(image_id, name)

    def _sample(self, image_id: ImageId, name: str) -> Sample:
        stem, content = self._stems[image_id], self._contents[name][image_id]
        file = self._file(stem)
        of_instances, void, is_sized = [], None, True
        if stem in self._classes:
            _, instances, void = self._numbers(stem)
            of_instances = [instances == number for number in content.instances]
            height, width = void.shape
        else:
            path = self._image_folder / file
            annotated = self._annotations[stem].size
            width, height = annotated or images.size(path, self.choices.exif)
            is_sized = annotated is not None
        boxes = [masks.of_box(box, height, width) for box in content.boxes if box]
        return base.sample(
            image_id,
            name,
            file=file,
            instances=[*of_instances, *boxes],
            ignored=void,
            boxes=len(boxes),
            is_sized=is_sized,
        )

    @cached_property
    def _stems(self) -> dict[ImageId, str]:
        """The path without suffix of the files of each image."""
        return {image_names.image_id(stem): stem for stem in sorted({*self._classes, *self._xml})}

    @cached_property
    def _annotations(self) -> dict[str, Annotation]:
        """The content of all XML files. Raises StudyError if it shows that names are missing."""
        annotations = {stem: _annotation(path) for stem, path in self._xml.items()}
        if self._labels.file is None:
            segmented = (found for stem, found in annotations.items() if stem in self._classes)
            names = {each.name for found in segmented for each in found.objects}
            if others := sorted(names - {*VOC, ""}):
                raise StudyError(
                    f"the segmented images of {str(self._root)!r} hold {others[0]!r}, none of "
                    f"VOC's classes: {self._way()}"
                )
        return annotations

    @cached_property
    def _names(self) -> ImageNames:
        inner = "JPEGImages" if (self._image_folder / "JPEGImages").is_dir() else ""
        return ImageNames.below(self._image_folder, inner)

    def _file(self, stem: str) -> str:
        """The file of an image; one that is missing is reported with all others later."""
        path = self._names.path_anywhere(stem)
        return f"{stem}.jpg" if path is None else self._names.file(path)

    def _content(self, stem: str, classes: Sequence[str]) -> Iterator[tuple[str, Content]]:
        """What an image holds of each of the ``classes`` that it has."""
        annotation = self._annotations.get(stem, NOTHING)
        instances = self._of_classes(stem, classes) if stem in self._classes else {}
        for name in classes:
            objects = {
                number: each
                for number, each in enumerate(annotation.objects, 1)
                if each.name == name
            }
            numbers = instances.get(name, [])
            unmasked = self._unmasked(stem, objects, numbers)
            content = Content(numbers, [_box(each, annotation.size) for each in unmasked])
            if content.kinds():
                yield name, content

    def _unmasked(
        self, stem: str, objects: Mapping[int, Object], instances: Sequence[int]
    ) -> list[Object]:
        """The ``objects`` of a class, by their number in the XML, that have no mask.

        VOC numbers instances like the objects. Of segmented images it masks no difficult ones.
        """
        if stem not in self._classes:
            return list(objects.values())
        if len(objects) <= len(instances) or any(number > LOOSE for number in instances):
            return []
        return [
            each
            for number, each in objects.items()
            if number not in instances and not each.is_difficult
        ]

    def _of_classes(self, stem: str, classes: Sequence[str]) -> dict[str, list[int]]:
        """The numbers of the instances of the ``classes``: each of its majority of pixels."""
        numbers = {number: name for number, name in self._labels.names.items() if name in classes}
        picture = voc_pictures.read(self._classes[stem])
        if numbers.keys().isdisjoint(self._class_numbers(picture).values()):
            return {}
        of_pixels, instances, _ = self._numbers(stem, picture)
        both = (instances > 0) & (of_pixels > 0)
        shape = int(instances.max()) + 1, int(of_pixels.max()) + 1
        codes = instances[both] * shape[1] + of_pixels[both]
        pairs = np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape)
        of_class: dict[str, list[int]] = {}
        for instance in np.flatnonzero(pairs.any(axis=1)).tolist():
            name = numbers.get(int(pairs[instance].argmax()))
            if name is not None:
                of_class.setdefault(name, []).append(instance)
        return of_class

    def _numbers(self, stem: str, picture: Picture | None = None) -> tuple[Numbers, Numbers, Mask]:
        """The class and the instance of each pixel (H, W), and the void pixels (H, W).

        Pixels of a class without an instance are one instance, as all are without a file in
        SegmentationObject. ``picture`` is that of the classes.
        """
        of_classes = picture or voc_pictures.read(self._classes[stem])
        classes = of_classes.numbered(self._class_numbers(of_classes))
        instances = np.zeros_like(classes)
        if stem in self._instances:
            of_instances = voc_pictures.read(self._instances[stem])
            instances = of_instances.numbered(voc_pictures.instance_numbers(of_instances))
        if instances.shape != classes.shape:
            sizes = " and ".join(
                f"{each.shape[1]} x {each.shape[0]}" for each in (classes, instances)
            )
            raise StudyError(
                f"{str(self._classes[stem])!r} and {str(self._instances[stem])!r} differ in size "
                f"({sizes} pixels): replace one of them"
            )
        void = (classes == VOID) | (instances == VOID)
        loose = (classes > 0) & (instances == BACKGROUND)
        instances[loose] = LOOSE + classes[loose]
        return classes, instances, void

    def _class_numbers(self, picture: Picture) -> dict[int, int]:
        """The class number of each value of a picture."""
        numbers = {}
        for value, (index, colour) in picture.keys.items():
            number = self._labels.number(index, colour)
            if number is None:
                what = index if index is not None and not self._labels.by_colour else colour
                raise StudyError(
                    f"{str(picture.path)!r} has pixels of {what}, of no class: {self._way()}"
                )
            numbers[value] = number
        return numbers

    def _way(self) -> str:
        by_colour = voc_labels.FILES[0]
        file = self._labels.file or self._root / by_colour
        line = "NAME:RED,GREEN,BLUE::" if file.name == by_colour else "NAME, in their order,"
        return f"list its classes in {str(file)!r}, a line {line} each"

    def _log_difficult(self, name: str) -> None:
        objects = [
            each
            for annotation in self._annotations.values()
            for each in annotation.objects
            if each.name == name
        ]
        difficult = sum(each.is_difficult for each in objects)
        if difficult:
            log.info(
                "%d of %d objects of %r are difficult: they are instances like others, unless a "
                "segmented image has no mask of them",
                difficult,
                len(objects),
                name,
            )


def _root(path: Path) -> Path:
    """The folder of VOC's folders, or of XML files."""
    if not path.is_dir():
        raise StudyError(
            f"annotations {str(path)!r} are no folder: give one such as VOCdevkit/VOC2012"
        )
    siblings = any((path.parent / name).is_dir() for name in FOLDERS if name != path.name)
    if path.name in FOLDERS and (siblings or path.name != OBJECTS):
        raise StudyError(
            f"annotations {str(path)!r} are one of VOC's folders: give the one that holds all, "
            f"{str(path.parent)!r}"
        )
    if _is_root(path) or any(path.glob("*.xml")):
        return path
    below = sorted(each for each in path.iterdir() if each.is_dir() and _is_root(each))
    if len(below) == 1:
        return below[0]
    if below:
        names = " and ".join(repr(each.name) for each in below)
        raise StudyError(f"annotations {str(path)!r} hold {names}: give one of these folders")
    raise StudyError(
        f"annotations {str(path)!r} hold none of {', '.join(FOLDERS)} and no XML files: give a "
        "folder such as VOCdevkit/VOC2012"
    )


def _is_root(path: Path) -> bool:
    return any((path / name).is_dir() for name in FOLDERS)


def _files(folder: Path, suffix: str) -> dict[str, Path]:
    """The files below a ``folder`` by their path without suffix; none if it does not exist."""
    files = image_names.files_below(folder, frozenset({suffix}))
    return {image_names.without_suffix(file): folder / file for file in files}


def _annotation(path: Path) -> Annotation:
    """Read an XML file. Raises StudyError if it is damaged, or none of VOC's."""
    annotation = voc_xml.read(path)
    if annotation.root != NOTHING.root:
        raise StudyError(
            f"{str(path)!r} is no annotation of VOC (its root is <{annotation.root}>): remove it, "
            "or export the annotations as PASCAL VOC"
        )
    return annotation


def _box(each: Object, size: Size | None) -> Box | None:
    """The box of an object; VOC counts pixels from 1 and includes the last. None if it has none."""
    sides = [round(corner) for corner in each.corners if corner is not None]
    if len(sides) < len(each.corners):
        return None
    left, top, right, bottom = sides
    width, height = size or (right, bottom)
    inside = left <= min(right, width) and top <= min(bottom, height) and min(right, bottom) > 0
    return (left - 1, top - 1, right, bottom) if inside else None
