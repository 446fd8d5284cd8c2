"""Data sets, the sources of samples. Each format is an entry, a class under ``@dataset``."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from lookwhere import declarations
from lookwhere.datasets import masks
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.names import FORMATS
from lookwhere.datasets.samples import Sample, in_order, sample_id
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError, enumerate_errors, hint

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

    @abstractmethod
    def __init__(self, annotations: Path, images: Path) -> None: ...

    @abstractmethod
    def classes(self) -> Collection[str]:
        """The names of the annotated classes."""

    @abstractmethod
    def images(self, classes: Sequence[str]) -> Mapping[str, Collection[int]]:
        """The ids of the images in which each of the ``classes`` has instances with masks."""

    @abstractmethod
    def samples(self, image_ids: Mapping[str, Sequence[int]]) -> Iterable[Sample]:
        """The samples of the ``image_ids`` of each class; ``sample`` creates one."""

    def number(self, class_name: str) -> int:
        """The number of a class, which seeds the order of its images."""
        return zlib.crc32(class_name.encode())


def dataset(name: str, label: str) -> Callable[[Format], Format]:
    """Declare the class below, a ``Dataset``, as a format of data sets.

    ``name`` is its name in the configuration, ``label`` that in print; both are literals.
    """

    def declare(cls: Format) -> Format:
        return cls

    return declare


def load(name: str, annotations: Path, images: Path) -> Dataset:
    """Load a data set in a format. Raises StudyError if the annotations can't be used."""
    data: Dataset = declarations.load(FORMATS[name])(annotations, images)
    return data


def sample(
    image_id: int,
    class_name: str,
    *,
    file: str,
    instances: Sequence[Mask],
    licence: str = "unknown",
    address: str | None = None,
) -> Sample:
    """Create a sample from one or more ``instances`` (H, W), masks of the image's size.

    ``file`` is the image's path below the image folder, ``address`` its URL.
    """
    [shape] = {mask.shape for mask in instances}
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
    )


def class_errors(data: Dataset, classes: Sequence[str]) -> list[str]:
    """An error message for each of the ``classes`` that is not annotated."""
    names = data.classes()
    return [
        f"class {name!r} is not a category of the annotations; {hint(name, names)}"
        for name in classes
        if name not in names
    ]


def select(data: Dataset, spans: Sequence[Span], seed: int) -> list[Sample]:
    """The samples of a selection: the images of each span, in the order of its class.

    The order of a class is drawn from ``seed`` and does not depend on other classes. Raises a
    StudyError that lists every class that is not annotated or has too few images, or the data
    set's own.
    """
    classes = list(dict.fromkeys(span.class_name for span in spans))
    errors = class_errors(data, classes)
    pools = data.images([name for name in classes if name in data.classes()])
    errors += [
        f"class {span.class_name!r} has {len(pools[span.class_name])} images with an instance that "
        f"can be used, fewer than images_per_class: {span.last}; lower it or leave the class out"
        for span in spans
        if span.class_name in pools and len(pools[span.class_name]) < span.last
    ]
    if errors:
        raise StudyError(enumerate_errors("the subset can't be drawn:", errors))
    image_ids: dict[str, list[int]] = {name: [] for name in classes}
    for span in spans:
        rng = np.random.default_rng([seed, data.number(span.class_name)])
        order = rng.permutation(sorted(pools[span.class_name]))
        image_ids[span.class_name] += sorted(order[span.first : span.last].tolist())
    return in_order(data.samples(image_ids), classes)
