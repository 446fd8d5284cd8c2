"""Samples: the (image, class) pairs of a study, independent of the data set format."""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lookwhere.datasets import masks
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.names import slug
from lookwhere.io import results
from lookwhere.io.results import checked_file

# A whole number, or any text: a UUID, say.
ImageId = int | str

NUMBER = re.compile("0|[1-9][0-9]{0,17}")  # below 2^63
LEAST_LONG = 10**18  # the least that NUMBER excludes
MAX_NAME = 100  # bytes of an image id, and of a class, in names of files; these may have 255


@dataclass(frozen=True)
class Sample:
    """One (image, class) pair of the study."""

    id: str
    image_id: ImageId
    class_name: str
    file: str  # below the image folder
    width: int  # of the image as nets see it at the size original
    height: int
    licence: str
    address: str | None  # the URL of the image
    instances: tuple[str, ...]  # masks as run lengths (masks.encode)
    boxes: int = 0  # instances without a mask, whose region is their box
    crowds: int = 0  # crowds of the class in the image
    ignored: str | None = None  # pixels that count neither as object nor as background
    exif: str = "upright"  # the view, upright or stored, where the annotated size fits both
    is_sized: bool = True  # whether the annotations have the size; else it is the file's
    file_width: int = 0  # of the file, where the image is resized to fewer pixels; else 0
    file_height: int = 0
    bbox_iou: float | None = None  # least, of the instances with their boxes in the annotations

    @property
    def file_size(self) -> tuple[int, int]:
        """The size (width, height) of the image's file, in the annotated view."""
        return self.file_width or self.width, self.file_height or self.height

    def masks(self) -> list[Mask]:
        """The mask (H, W) of each instance of the class."""
        return [masks.decode(runs, self.height, self.width) for runs in self.instances]

    def ignored_pixels(self) -> Mask | None:
        """The pixels (H, W) that count neither as object nor as background; None if all count."""
        return None if self.ignored is None else masks.decode(self.ignored, self.height, self.width)


def sample_id(image_id: ImageId, class_name: str) -> str:
    """The id of a sample: letters, digits, dots, dashes and underscores, also a name of files.

    >>> sample_id(139, "traffic light")
    '000000000139-traffic_light'
    >>> sample_id("2007_000032", "dog")
    '2007_000032-dog'
    """
    of_class = slug(class_name)
    if len(of_class.encode()) > MAX_NAME:
        of_class = _shortened(class_name)
    return f"{_name(image_id)}-{of_class}"


def canonical(image_id: object) -> ImageId | None:
    """The image id of a value in annotations: 36, 36.0 and "36" are 36; None if it is no id.

    >>> canonical("36"), canonical("036"), canonical(-1), canonical(None)
    (36, '036', '-1', None)
    """
    if type(image_id) is int and 0 <= image_id < LEAST_LONG:  # nearly all
        return image_id
    if isinstance(image_id, float) and image_id.is_integer():
        image_id = int(image_id)
    if isinstance(image_id, bool) or not isinstance(image_id, int | str):
        return None
    text = str(image_id)
    if is_number(text):
        return int(text)
    return text if text and text.isprintable() else None


def is_number(image_id: str) -> bool:
    """Whether an image id is a whole number, in plain digits."""
    return NUMBER.fullmatch(image_id) is not None


def rank(image_id: ImageId) -> tuple[bool, ImageId]:
    """The key by which image ids are sorted: numbers first, by value, then text."""
    return isinstance(image_id, str), image_id


def in_order(samples: Iterable[Sample], classes: Sequence[str]) -> list[Sample]:
    """Sort samples by class, in the order of ``classes``, then by image id."""
    return sorted(samples, key=lambda s: (classes.index(s.class_name), rank(s.image_id)))


def one_of_each_image(samples: Iterable[Sample]) -> list[Sample]:
    """One sample per image, sorted by image id."""
    by_id = {sample.image_id: sample for sample in samples}
    return [by_id[image_id] for image_id in sorted(by_id, key=rank)]


def first_of_each_class(samples: Iterable[Sample], count: int) -> list[Sample]:
    """The first ``count`` of the ``samples`` of each class, in their order."""
    of_class = Counter[str]()
    first = []
    for sample in samples:
        of_class[sample.class_name] += 1
        if of_class[sample.class_name] <= count:
            first.append(sample)
    return first


def write_samples(samples: Iterable[Sample], path: str | Path) -> None:
    """Write the samples as a result."""
    with checked_file(path) as draft:
        draft.write_text(json.dumps([asdict(sample) for sample in samples]), "utf-8")


def read_samples(path: str | Path) -> list[Sample]:
    """Read the samples of a result by ``write_samples``."""
    rows = json.loads(results.read(Path(path)))
    return [Sample(**{**row, "instances": tuple(row["instances"])}) for row in rows]


def _name(image_id: ImageId) -> str:
    """The image id in names of files; a checksum keeps ids apart whose names are equal."""
    if isinstance(image_id, int):
        return f"{image_id:012d}"
    return image_id if image_id == _start(image_id) else _shortened(image_id)


def _shortened(text: str) -> str:
    """The start of a text in names of files, and a checksum of the whole."""
    return f"{_start(text)}_{zlib.crc32(text.encode()):08x}"


def _start(text: str) -> str:
    """As many bytes of a text as a name of a file holds, of whole characters."""
    return slug(text).encode()[:MAX_NAME].decode(errors="ignore")
