"""The listing of a data set: every class with what can be drawn of it and what is left out."""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookwhere.datasets.base import Dataset
from lookwhere.datasets.pools import Choices, Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.errors import StudyError, hint
from lookwhere.io.results import checked_file

KINDS = {Kind.MASK: "masks", Kind.BOX: "boxes", Kind.CROWD: "crowds", Kind.NONE: "without_region"}


@dataclass(frozen=True)
class Listed:
    """What the annotations hold of a class."""

    name: str
    used: bool  # by the study
    images: int = 0  # that can be drawn
    kinds: Mapping[Kind, int] = field(default_factory=dict)  # annotations; none if not counted
    left_out: int | None = None  # images; None if not counted
    notes: Sequence[str] = ()  # what is left out and why, or what is wrong

    def row(self) -> dict[str, Any]:
        """The row of the class in ``classes.csv``."""
        counted = self.left_out is not None
        return {
            "class": self.name,
            "used": "yes" if self.used else "no",
            "images": self.images,
            **{label: self.kinds.get(kind, 0) if counted else "" for kind, label in KINDS.items()},
            "images_left_out": self.left_out if counted else "",
            "notes": "; ".join(self.notes),
        }


def of_classes(data: Dataset, used: Sequence[str]) -> list[Listed]:
    """Every class of the annotations: the ``used`` ones first, then by their number of images.

    A class whose annotations are faulty is listed with the fault, and ends no study that does not
    use it.
    """
    names = list(dict.fromkeys(data.classes()))
    others = [name for name in names if name not in used]
    pools = [*_pools(data, [name for name in used if name in names]), *_pools(data, others)]
    listed = {name: _listed(name, name in used, pool, data.choices) for name, pool in pools}
    for name in used:
        fault = f"{name!r} is not in the annotations; {hint(name, names)}"
        listed.setdefault(name, Listed(name, True, notes=[fault]))
    others.sort(key=lambda name: (-listed[name].images, name))
    return [listed[name] for name in [*used, *others]]


def write(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write the rows of a table as a result."""
    with checked_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as sink:
        table = csv.DictWriter(sink, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def of_samples(samples: Sequence[Sample], fractions: Mapping[str, float]) -> list[dict[str, Any]]:
    """The rows of ``samples.csv``: the samples of each class, in their order.

    ``fractions`` are the mask fractions by sample. A median is a value that occurs: of two in the
    middle the lower.
    """
    by_class: dict[str, list[Sample]] = {}
    for sample in samples:
        by_class.setdefault(sample.class_name, []).append(sample)
    return [_summary(name, of_class, fractions) for name, of_class in by_class.items()]


def _summary(
    name: str, samples: Sequence[Sample], fractions: Mapping[str, float]
) -> dict[str, Any]:
    images = sorted(samples, key=lambda s: (s.width * s.height, s.width))
    instances = sorted(len(sample.instances) for sample in samples)
    shares = sorted(fractions[sample.id] for sample in samples)
    return {
        "class": name,
        "samples": len(samples),
        "instances": sum(instances),
        "boxes": sum(sample.boxes for sample in samples),
        "crowds": sum(sample.crowds for sample in samples),
        **_ends("instances", instances),
        **_ends("mask_fraction", shares),
        **_ends("image", [f"{image.width} x {image.height}" for image in images]),
    }


def _ends(name: str, ascending: Sequence[Any]) -> dict[str, Any]:
    """The smallest, median and largest of values."""
    middle = (len(ascending) - 1) // 2
    places = {"smallest": 0, "median": middle, "largest": -1}
    return {f"{name}_{label}": ascending[place] for label, place in places.items()}


def _pools(
    data: Dataset, names: Sequence[str]
) -> Iterator[tuple[str, Collection[ImageId] | StudyError]]:
    """The pool of each class, or the fault of its annotations, isolated by halving the classes."""
    if not names:
        return
    try:
        pools = data.images(names)
    except StudyError as error:
        if len(names) == 1:
            yield names[0], error
            return
        middle = len(names) // 2
        yield from _pools(data, names[:middle])
        yield from _pools(data, names[middle:])
        return
    yield from ((name, pools[name]) for name in names)


def _listed(
    name: str, used: bool, pool: Collection[ImageId] | StudyError, choices: Choices
) -> Listed:
    if isinstance(pool, StudyError):
        return Listed(name, used, notes=[" ".join(str(pool).split())])
    if not isinstance(pool, Pool):
        return Listed(name, used, len(pool))
    left_out = sum(pool.left_out.values())
    return Listed(name, used, len(pool), pool.kinds, left_out, [*pool.sentences(name, choices)])
