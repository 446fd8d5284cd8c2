"""PASCAL VOC, and data sets in its layout.

``Annotations/ID.xml`` lists the objects of an image with their boxes. ``SegmentationClass/ID.png``
has the class of each pixel, ``SegmentationObject/ID.png`` the number of its instance; void pixels
are neither object nor background. Classes are VOC's by palette index, or those of a file of labels.
An image is segmented if it has a file in SegmentationClass; others have boxes alone.
"""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lookwhere.datasets import base, image_names, images, mask_files, voc_xml
from lookwhere.datasets.base import Dataset, dataset
from lookwhere.datasets.image_names import ImageNames
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.pools import Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.errors import StudyError
from lookwhere.io.logs import log

OBJECTS, CLASSES, INSTANCES = "Annotations", "SegmentationClass", "SegmentationObject"
FOLDERS = (OBJECTS, CLASSES, INSTANCES)
LABELS = ("labelmap.txt", "class_names.txt", "labels.txt")  # by colour; the others by index
MAX_PIXELS = 2**28  # of an image; the size of a larger one is read from its file

# Of the palette indices from 1.
VOC = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
BACKGROUND, VOID = 0, -1  # in arrays of class or instance numbers; other numbers are positive
VOID_INDEX = 255
LOOSE = 2**11  # instances of pixels of a class that are none of SegmentationObject: LOOSE + class
NO_CLASSES = {"background": BACKGROUND, "void": VOID, "ignore": VOID, "ignored": VOID}

Colour = tuple[int, int, int]
Key = tuple[int | None, Colour]  # a palette index, where there is one, and a colour
Numbers = NDArray[np.intp]  # (H, W)
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels from 0; the last two exclusive


@dataclass(frozen=True)
class Labels:
    """The names of classes, and the number of each palette index, or of each colour."""

    names: Mapping[int, str]
    colours: Mapping[Colour, int]
    file: Path | None = None
    by_colour: bool = False  # else by palette index, and by colour where there is no palette

    def number(self, index: int | None, colour: Colour) -> int | None:
        """The class number of a palette ``index``, or of a ``colour``; None if it has none."""
        if self.by_colour or index is None:
            return self.colours.get(colour)
        if index == VOID_INDEX:
            return VOID
        return index if index == BACKGROUND or index in self.names else None


@dataclass(frozen=True)
class Picture:
    """A PNG: its pixels, and the palette index and the colour of each value."""

    path: Path
    values: NDArray[np.integer]  # (H, W)
    keys: Mapping[int, Key]

    def numbered(self, numbers: Mapping[int, int]) -> Numbers:
        """The number of each pixel (H, W) by its value."""
        table = np.zeros(max(numbers, default=0) + 1, dtype=np.intp)
        table[list(numbers)] = list(numbers.values())
        return table[self.values.astype(np.intp)]


@dataclass(frozen=True)
class Object:
    """An object of an XML file."""

    name: str
    box: Box | None
    difficult: bool


@dataclass(frozen=True)
class Page:
    """An XML file."""

    size: tuple[int, int] | None  # (width, height)
    objects: Sequence[Object]


@dataclass(frozen=True)
class Content:
    """What an image holds of a class: numbers of instances, and objects without a mask."""

    instances: Sequence[int]
    objects: Sequence[Object]

    def kinds(self) -> list[Kind]:
        """The kind of each."""
        of_objects = [Kind.BOX if each.box else Kind.NONE for each in self.objects]
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
        self._labels = _labels(self._root)
        self._image_folder = images
        self._contents: dict[str, dict[ImageId, Content]] = {}

    def classes(self) -> Collection[str]:
        """The names of the classes of masks, then of other objects."""
        of_masks = self._labels.names.values() if self._classes else ()
        of_objects = (each.name for page in self._pages.values() for each in page.objects)
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
        masks, void, is_sized = [], None, True
        if stem in self._classes:
            _, instances, void = self._numbers(stem)
            masks = [instances == number for number in content.instances]
            height, width = void.shape
        else:
            path = self._image_folder / file
            annotated = self._pages[stem].size
            width, height = annotated or images.size(path, self.choices.exif)
            is_sized = annotated is not None
        boxes = [_drawn(each.box, height, width) for each in content.objects if each.box]
        return base.sample(
            image_id,
            name,
            file=file,
            instances=[*masks, *boxes],
            ignored=void,
            boxes=len(boxes),
            is_sized=is_sized,
        )

    @cached_property
    def _stems(self) -> dict[ImageId, str]:
        """The path without suffix of the files of each image."""
        return {image_names.image_id(stem): stem for stem in sorted({*self._classes, *self._xml})}

    @cached_property
    def _pages(self) -> dict[str, Page]:
        """The content of all XML files. Raises StudyError if it shows that names are missing."""
        pages = {stem: _page(path) for stem, path in self._xml.items()}
        if self._labels.file is None:
            segmented = (page for stem, page in pages.items() if stem in self._classes)
            names = {each.name for page in segmented for each in page.objects}
            if others := sorted(names - {*VOC, ""}):
                raise StudyError(
                    f"the segmented images of {str(self._root)!r} hold {others[0]!r}, none of "
                    f"VOC's classes: {self._way()}"
                )
        return pages

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
        page = self._pages[stem].objects if stem in self._xml else []
        instances = self._of_classes(stem, classes) if stem in self._classes else {}
        for name in classes:
            objects = {number: each for number, each in enumerate(page, 1) if each.name == name}
            numbers = instances.get(name, [])
            content = Content(numbers, self._unmasked(stem, objects, numbers))
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
            if number not in instances and not each.difficult
        ]

    def _of_classes(self, stem: str, classes: Sequence[str]) -> dict[str, list[int]]:
        """The numbers of the instances of the ``classes``: each of its majority of pixels."""
        numbers = {number: name for number, name in self._labels.names.items() if name in classes}
        picture = _read(self._classes[stem])
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
        of_classes = picture or _read(self._classes[stem])
        classes = of_classes.numbered(self._class_numbers(of_classes))
        instances = np.zeros_like(classes)
        if stem in self._instances:
            of_instances = _read(self._instances[stem])
            instances = of_instances.numbered(_instance_numbers(of_instances))
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
        file = self._labels.file or self._root / LABELS[0]
        line = "NAME:RED,GREEN,BLUE::" if file.name == LABELS[0] else "NAME, in their order,"
        return f"list its classes in {str(file)!r}, a line {line} each"

    def _log_difficult(self, name: str) -> None:
        objects = [
            each for page in self._pages.values() for each in page.objects if each.name == name
        ]
        difficult = sum(each.difficult for each in objects)
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


def _labels(root: Path) -> Labels:
    """The labels of a file in ``root``, of CVAT or of labelme; else VOC's."""
    of_colours, *of_indices = (root / name for name in LABELS)
    if of_colours.is_file():
        return _of_colours(of_colours)
    file = next((file for file in of_indices if file.is_file()), None)
    names = [*VOC] if file is None else [name for name in _lines(file) if name != "__ignore__"]
    if not names or names[0].strip("_") != "background":
        names.insert(0, "background")
    palette = {colour: index for index, colour in enumerate(_palette())}
    numbers = {index: name for index, name in enumerate(names) if index != BACKGROUND}
    known = {BACKGROUND: BACKGROUND, VOID_INDEX: VOID} | {number: number for number in numbers}
    colours = {colour: known[index] for colour, index in palette.items() if index in known}
    return Labels(numbers, colours, file)


def _of_colours(file: Path) -> Labels:
    """The labels of a file with a line NAME:RED,GREEN,BLUE:parts:actions each."""
    names: dict[int, str] = {}
    colours = {_palette()[BACKGROUND]: BACKGROUND, _palette()[VOID_INDEX]: VOID}
    for line in _lines(file):
        match = re.fullmatch(r"(.+?):\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(:.*)?", line)
        if match is None:
            raise StudyError(f"{str(file)!r}: {line!r} is no line NAME:RED,GREEN,BLUE::")
        name, colour = match[1].strip(), (int(match[2]), int(match[3]), int(match[4]))
        if name.lower().strip("_") in NO_CLASSES:
            colours.setdefault(colour, NO_CLASSES[name.lower().strip("_")])
        elif colour not in colours:
            number = len(names) + 1
            names[number], colours[colour] = name, number
    return Labels(names, colours, file, by_colour=True)


def _lines(file: Path) -> list[str]:
    """The lines of a text file that are neither empty nor comments."""
    try:
        lines = map(str.strip, file.read_text("utf-8-sig").splitlines())
    except (OSError, ValueError) as error:
        raise StudyError(f"{str(file)!r} can't be read ({error})") from None
    return [line for line in lines if line and not line.startswith("#")]


@functools.cache
def _palette() -> tuple[Colour, ...]:
    """VOC's colours: the bits of an index, three by three, from the highest bits of a colour."""

    def channel(index: int, first: int) -> int:
        return sum((index >> 3 * place + first & 1) << 7 - place for place in range(3))

    return tuple((channel(i, 0), channel(i, 1), channel(i, 2)) for i in range(256))


def _read(path: Path) -> Picture:
    """Read a PNG. Raises StudyError if it is damaged, or has neither palette nor 8 bit colours."""
    file = mask_files.picture(path, ("PNG",))
    if file.mode in ("L", "P"):
        palette = file.getpalette("RGB") if file.mode == "P" else None
        present = [value for value, count in enumerate(file.histogram()) if count]
        return Picture(path, np.asarray(file), _keys(present, palette))
    if file.mode not in ("RGB", "RGBA"):
        raise StudyError(
            f"mask {str(path)!r} has PIL's mode {file.mode!r}: save it with a palette, or as 8 bit "
            "RGB"
        )
    codes = np.asarray(file.convert("RGB"), dtype=np.intp) @ (2**16, 2**8, 1)  # (H, W)
    values, unique = pd.factorize(codes.ravel())
    if len(unique) > mask_files.MAX_INSTANCES:
        raise StudyError(
            f"mask {str(path)!r} has {len(unique)} colours: it is a photograph, not a mask"
        )
    colours = ((code >> 16, code >> 8 & 255, code & 255) for code in unique.tolist())
    keys = {value: (None, colour) for value, colour in enumerate(colours)}
    return Picture(path, values.reshape(codes.shape), keys)


def _keys(indices: Iterable[int], palette: Sequence[int] | None) -> dict[int, Key]:
    """The indices with their colours in a flat ``palette``; without one they are greys."""
    greys = [value for value in range(256) for _ in range(3)]
    colours = greys if palette is None else [*palette, *greys[len(palette) :]]
    return {i: (i, (colours[3 * i], colours[3 * i + 1], colours[3 * i + 2])) for i in indices}


def _instance_numbers(picture: Picture) -> dict[int, int]:
    """The number of the instance of each value: its palette index, or that of its colour."""
    indices = {colour: index for index, colour in enumerate(_palette())}
    numbers = {
        value: indices.get(colour, len(indices) + value) if index is None else index
        for value, (index, colour) in picture.keys.items()
    }
    return {value: VOID if number == VOID_INDEX else number for value, number in numbers.items()}


def _drawn(box: Box, height: int, width: int) -> Mask:
    """The pixels (H, W) of a box."""
    left, top, right, bottom = (max(side, 0) for side in box)
    mask = np.zeros((height, width), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def _page(path: Path) -> Page:
    """Read an XML file. Raises StudyError if it is damaged, or none of VOC's."""
    root = voc_xml.parse(path)
    if root.tag != "annotation":
        raise StudyError(
            f"{str(path)!r} is no annotation of VOC (its root is <{root.tag}>): remove it, or "
            "export the annotations as PASCAL VOC"
        )
    width, height = (_number(root.findtext(f"size/{side}")) or 0 for side in ("width", "height"))
    size = (width, height) if min(width, height) > 0 and width * height <= MAX_PIXELS else None
    return Page(size, [_object(each, size) for each in root.findall("object")])


def _object(element: Element, size: tuple[int, int] | None) -> Object:
    return Object(
        (element.findtext("name") or "").strip(),
        _box(element.find("bndbox"), size),
        (element.findtext("difficult") or "").strip() == "1",
    )


def _box(element: Element | None, size: tuple[int, int] | None) -> Box | None:
    """The pixels of a box; VOC counts them from 1 and includes the last. None if there are none."""
    if element is None:
        return None
    sides = [_number(element.findtext(name)) for name in ("xmin", "ymin", "xmax", "ymax")]
    left, top, right, bottom = (side if side is not None else 0 for side in sides)
    width, height = size or (right, bottom)
    inside = left <= min(right, width) and top <= min(bottom, height) and min(right, bottom) > 0
    return (left - 1, top - 1, right, bottom) if None not in sides and inside else None


def _number(text: str | None) -> int | None:
    """The nearest whole number; None if the text is no number."""
    try:
        return round(float(text or ""))
    except (ValueError, OverflowError):
        return None
