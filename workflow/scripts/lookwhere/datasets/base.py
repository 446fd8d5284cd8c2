"""Data sets, the sources of samples. Each format is an entry, a class under ``@dataset``."""

import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from lookwhere import declarations
from lookwhere.datasets import masks, reduction, region_kinds
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.names import FORMATS
from lookwhere.datasets.pools import Choices, Pool
from lookwhere.datasets.samples import ImageId, Sample, in_order, rank, sample_id
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError, enumerate_errors, hint
from lookwhere.io.logs import log

Format = TypeVar("Format", bound="type[Dataset]")


class Dataset(ABC):
    """Annotated images.

    Parameters
    ----------
    annotations, images
        The paths of ``dataset.annotations`` and ``dataset.images`` in the configuration.

    Raises
    ------
    StudyError
        If the annotations can't be used, with the error and the way out. So do the methods.
    """

    choices = Choices()  # of the study; ``choose`` sets them

    @abstractmethod
    def __init__(self, annotations: Path, images: Path) -> None: ...

    @abstractmethod
    def classes(self) -> Collection[str]:
        """The names of the annotated classes."""

    @abstractmethod
    def images(self, classes: Sequence[str]) -> Mapping[str, Collection[ImageId]]:
        """The ids of the images that can be drawn for each of the ``classes``.

        A ``Pool`` also counts what is left out.
        """

    @abstractmethod
    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples of the ``image_ids`` of each class; ``sample`` creates one."""

    def choose(self, choices: Choices) -> None:
        """Take the choices of the study."""
        self.choices = choices

    def number(self, class_name: str) -> int:
        """The number of a class, which seeds the order of its images."""
        return zlib.crc32(class_name.encode())


def dataset(
    name: str,
    label: str,
    annotations: Literal["file", "folder", "either"] = "either",
    lists_images: bool = False,
) -> Callable[[Format], Format]:
    """Declare the class below, a ``Dataset``, as a format of data sets.

    ``name`` is its name in the configuration, ``label`` that in print, and ``annotations`` what
    the path of the annotations may be. ``lists_images`` states that the files in the image folder
    decide which images can be drawn, so that samples are selected again where files come or go. All
    are literals.
    """

    def declare(cls: Format) -> Format:
        return cls

    return declare


def load(
    name: str, annotations: Path, images: Path, choices: Mapping[str, Any] | None = None
) -> Dataset:
    """Load a data set in a format. Raises StudyError if the annotations can't be used.

    ``choices`` are those of ``Choices``, by name.
    """
    data: Dataset = declarations.load(FORMATS[name])(annotations, images)
    data.choose(Choices(**choices or {}))
    return data


def sample(
    image_id: ImageId,
    class_name: str,
    *,
    file: str,
    instances: Sequence[Mask],
    licence: str = "unknown",
    address: str | None = None,
    ignored: Mask | None = None,
    boxes: int = 0,
    crowds: int = 0,
    is_sized: bool = True,
) -> Sample:
    """Create a sample from one or more ``instances`` (H, W), masks of the image's size.

    Parameters
    ----------
    file
        The image's path below the image folder.
    address
        The URL of the image.
    ignored
        Pixels (H, W) that count neither as object nor as background, such as the void border of
        PASCAL VOC. They leave the map, the mask and all shares of the image.
    boxes, crowds
        How many of the instances are boxes without a mask, and how many crowds the image holds.
    is_sized
        Whether the annotations have the size of the image; else it is that of the file.
    """
    void = [] if ignored is None else [ignored]
    [shape] = {mask.shape for mask in (*instances, *void)}
    return Sample(
        id=sample_id(image_id, class_name),
        image_id=image_id,
        class_name=class_name,
        file=file,
        width=shape[1],
        height=shape[0],
        licence=licence,
        address=address,
        instances=tuple(map(masks.encode, instances)),
        ignored=next((masks.encode(mask) for mask in void if mask.any()), None),
        boxes=boxes,
        crowds=crowds,
        is_sized=is_sized,
    )


def class_errors(data: Dataset, classes: Sequence[str]) -> list[str]:
    """An error message for each of the ``classes`` that is not annotated."""
    names = data.classes()
    return [
        f"class {name!r} is not in the annotations; {hint(name, names)}"
        for name in classes
        if name not in names
    ]


def select(
    data: Dataset, spans: Sequence[Span], seed: int, max_pixels: int | None = None
) -> list[Sample]:
    """The samples of a selection: the images of each span, in the order of its class.

    The order of a class is drawn from ``seed`` and does not depend on other classes. Images of more
    than ``max_pixels`` are resized to as many. Raises a
    StudyError that lists every class that is not annotated or has too few images, or the data
    set's own.
    """
    classes = list(dict.fromkeys(span.class_name for span in spans))
    errors = class_errors(data, classes)
    pools = data.images([name for name in classes if name in data.classes()])
    notes = {name: _notes(data, name, pool) for name, pool in pools.items()}
    for note in (note for of_class in notes.values() for note in of_class):
        log.info("%s", note)
    errors += [
        _shortage(span, len(pools[span.class_name]), notes[span.class_name])
        for span in spans
        if span.class_name in pools and len(pools[span.class_name]) < span.last
    ]
    if errors:
        raise StudyError(enumerate_errors("the subset can't be drawn:", errors))
    image_ids: dict[str, list[ImageId]] = {name: [] for name in classes}
    for span in spans:
        rng = np.random.default_rng([seed, data.number(span.class_name)])
        pool = sorted(pools[span.class_name], key=rank)
        order = [pool[index] for index in rng.permutation(len(pool))]
        image_ids[span.class_name] += sorted(order[span.first : span.last], key=rank)
    samples = samples_of(data, image_ids, max_pixels)
    _require_unique(samples)
    if note := region_kinds.sentence((each.boxes, len(each.instances)) for each in samples):
        log.info("%s", note)
    return in_order(samples, classes)


def samples_of(
    data: Dataset, image_ids: Mapping[str, Sequence[ImageId]], max_pixels: int | None = None
) -> list[Sample]:
    """The samples of the ``image_ids`` of each class, which ``data.images`` has returned.

    Images of more than ``max_pixels`` are resized to as many.
    """
    samples = [replace(each, exif=data.choices.exif) for each in data.samples(image_ids)]
    return _reduced(samples, max_pixels) if max_pixels else samples


def _reduced(samples: Sequence[Sample], max_pixels: int) -> list[Sample]:
    reduced = [reduction.reduce(sample, max_pixels) for sample in samples]
    count = len({sample.image_id for sample in reduced if sample.file_width})
    images, verb = ("1 image", "is") if count == 1 else (f"{count} images", "are")
    log.info("%s of more than %d pixels %s resized", images, max_pixels, verb)
    pairs = zip(samples, reduced, strict=True)
    if lost := {before.id: count for before, after in pairs if (count := _lost(before, after))}:
        log.warning(
            "%d of %d instances have no pixel left at max_pixels: %d, such as one of %s",
            sum(lost.values()),
            sum(len(sample.instances) for sample in samples),
            max_pixels,
            next(iter(lost)),
        )
    return reduced


def _lost(before: Sample, after: Sample) -> int:
    """How many instances of a sample have pixels ``before`` it is resized, and none after."""
    if not after.file_width:
        return 0
    pairs = zip(before.masks(), after.masks(), strict=True)
    return sum(bool(one.any() and not other.any()) for one, other in pairs)


def _notes(data: Dataset, class_name: str, pool: Collection[ImageId]) -> list[str]:
    return list(pool.sentences(class_name, data.choices)) if isinstance(pool, Pool) else []


def _shortage(span: Span, count: int, notes: Sequence[str]) -> str:
    """The error of a class that has ``count`` images, with what is left out."""
    left_out = f" ({'; '.join(notes)})" if notes else ""
    what = f"class {span.class_name!r} has {count} images with an instance that can be used"
    if not count:
        return f"{what}; leave the class out{left_out}"
    return (
        f"{what}, fewer than images_per_class: {span.last}; lower it (all takes each that can be "
        f"drawn) or leave the class out{left_out}"
    )


def _require_unique(samples: Sequence[Sample]) -> None:
    for name, count in Counter(sample.id for sample in samples).items():
        if count > 1:
            raise StudyError(
                f"{count} samples have the id {name!r}, of image id and class: rename the images"
            )
