"""Samples: the (image, class) pairs of a study, independent of the data set format."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lookwhere.datasets import masks
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.names import slug
from lookwhere.io import results
from lookwhere.io.results import checked_file


@dataclass(frozen=True)
class Sample:
    """One (image, class) pair of the study."""

    id: str
    image_id: int
    class_name: str
    file: str  # below the image folder
    width: int
    height: int
    licence: str
    address: str | None  # the URL of the image
    instances: tuple[str, ...]  # masks as run lengths (masks.encode)

    def masks(self) -> list[Mask]:
        """The mask (H, W) of each instance of the class."""
        return [masks.decode(runs, self.height, self.width) for runs in self.instances]


def sample_id(image_id: int, class_name: str) -> str:
    """``000000000139-traffic_light``"""
    return f"{image_id:012d}-{slug(class_name)}"


def in_order(samples: Iterable[Sample], classes: Sequence[str]) -> list[Sample]:
    """Sort samples by class, in the order of ``classes``, then by image id."""
    return sorted(samples, key=lambda s: (classes.index(s.class_name), s.image_id))


def one_of_each_image(samples: Iterable[Sample]) -> list[Sample]:
    """One sample per image, sorted by image id."""
    by_id = {sample.image_id: sample for sample in samples}
    return [by_id[image_id] for image_id in sorted(by_id)]


def write_samples(samples: Iterable[Sample], path: str | Path) -> None:
    """Write the samples as a result."""
    with checked_file(path) as draft:
        draft.write_text(json.dumps([asdict(sample) for sample in samples]), "utf-8")


def read_samples(path: str | Path) -> list[Sample]:
    """Read the samples of a result by ``write_samples``."""
    rows = json.loads(results.read(Path(path)))
    return [Sample(**{**row, "instances": tuple(row["instances"])}) for row in rows]
