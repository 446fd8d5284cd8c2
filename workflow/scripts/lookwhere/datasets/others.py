"""Another class of the study in the image of a sample: does a map tell the two apart?

The other class is one that the study could draw in the image by its own rules, whether or not it
has drawn that sample, and whose targets are others: of classes that share a target, one map may
explain both. Of several it is one by chance, which the seed and the names alone decide: a class
that a study appends changes it where it comes first.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lookwhere.datasets import base
from lookwhere.datasets.base import Dataset
from lookwhere.datasets.samples import ImageId, Sample, sample_id
from lookwhere.datasets.targets import apart
from lookwhere.io import results
from lookwhere.io.logs import log

CLASSES = "classes.json"  # beside the regions: the other class, by the id of the sample


def choose(
    data: Dataset,
    samples: Sequence[Sample],
    targets: Mapping[str, Collection[int]],
    seed: int,
    max_pixels: int | None = None,
) -> dict[str, Sample]:
    """The sample of another class in the same image, by the id of a sample.

    ``targets`` are those of every class of the study. ``samples`` without another class are left
    out. Raises StudyError as ``data`` does.
    """
    drawable = {name: set(pool) for name, pool in data.images(list(targets)).items()}
    chosen: dict[str, tuple[str, ImageId]] = {}
    for sample in samples:
        present = [
            name for name in apart(targets, sample.class_name) if sample.image_id in drawable[name]
        ]
        if present:
            name = min(present, key=lambda name: _draw(seed, sample.id, name))
            chosen[sample.id] = name, sample.image_id
    image_ids = {
        name: list(dict.fromkeys(image for other, image in chosen.values() if other == name))
        for name in dict.fromkeys(other for other, _ in chosen.values())
    }
    by_id = {each.id: each for each in base.samples_of(data, image_ids, max_pixels)}
    return _of_equal_size(
        samples, {id_: by_id[sample_id(image, name)] for id_, (name, image) in chosen.items()}
    )


def write_classes(classes: Mapping[str, str], folder: Path) -> None:
    """Write the other class of each sample, by its id, into the ``folder`` of their regions."""
    (folder / CLASSES).write_text(json.dumps(classes), "utf-8")


def read_classes(folder: Path) -> dict[str, str]:
    """The other class of each sample that has one, by its id, from a result ``folder``."""
    results.verify(folder / CLASSES, folder)
    classes: dict[str, str] = json.loads((folder / CLASSES).read_text("utf-8"))
    return classes


def _draw(seed: int, sample: str, class_name: str) -> bytes:
    """A number by chance, which other classes do not change."""
    return hashlib.sha256(f"{seed}\n{sample}\n{class_name}".encode()).digest()


def _of_equal_size(samples: Sequence[Sample], others: Mapping[str, Sample]) -> dict[str, Sample]:
    """The ``others`` whose masks have the size of the sample's: no size fits both views of it."""
    sizes = {sample.id: (sample.width, sample.height) for sample in samples}
    equal = {id_: o for id_, o in others.items() if sizes[id_] == (o.width, o.height)}
    if lost := len(others) - len(equal):
        log.warning("%d samples have masks of another size than the other class: left out", lost)
    return equal
