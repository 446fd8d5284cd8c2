"""Selections: samples that were added to a study together.

The images of a class have an order, drawn from the seed, and a study takes the first of them. A
study that grows, by a class or by images per class, gets another selection with the new samples:
the earlier samples and their results stay. The list of selections is therefore part of the results.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookwhere.io.atomic import atomic_file

# A shard is one job's share of a selection, for a net and a size. Their number is bounded, since
# Snakemake takes a minute to plan 15 000 jobs.
SAMPLES_PER_SHARD, MAX_SHARDS = 90, 500


@dataclass(frozen=True)
class Span:
    """The images ``first`` to ``last`` (exclusive) in the order of a class."""

    class_name: str
    first: int
    last: int


@dataclass(frozen=True)
class Selection:
    """Samples that were added to the study together."""

    number: int
    spans: tuple[Span, ...]

    def shards(self, count: int | None = None) -> range:
        """The numbers of its shards, from 1: ``count``, or as many as its samples need."""
        samples = sum(span.last - span.first for span in self.spans)
        default = min(math.ceil(samples / SAMPLES_PER_SHARD), MAX_SHARDS)
        return range(1, 1 + min(count or default, samples))

    @property
    def classes(self) -> list[str]:
        """The unique names of its classes, in order."""
        return list(dict.fromkeys(span.class_name for span in self.spans))


def plan(recorded: Sequence[Selection], images: Mapping[str, int]) -> list[Selection]:
    """The selections of a study with this number of ``images`` per class.

    ``recorded`` selections stay if all their samples belong to the study; one more holds the
    samples that they lack.

    >>> first = plan([], {"dog": 10})
    >>> plan(first, {"dog": 20, "cat": 20})[1]
    Selection(number=2, spans=(Span(class_name='dog', first=10, last=20), \
Span(class_name='cat', first=0, last=20)))
    """
    selections: list[Selection] = []
    for selection in recorded:
        if all(
            _is_new(span, selections) and span.last <= images.get(span.class_name, 0)
            for span in selection.spans
        ):
            selections.append(selection)
    missing = tuple(s for name, count in images.items() for s in _gaps(name, count, selections))
    if not missing:
        return selections
    number = max((selection.number for selection in selections), default=0) + 1
    return [*selections, Selection(number, missing)]


def read(path: Path) -> list[Selection]:
    """Read the selections recorded at ``path``; none if they can't be read."""
    try:
        return [
            Selection(int(number), tuple(Span(str(n), int(a), int(b)) for n, a, b in spans))
            for number, spans in json.loads(path.read_text("utf-8")).items()
        ]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def write(selections: Sequence[Selection], path: Path) -> None:
    """Record the ``selections`` at ``path``."""
    spans = {s.number: [[p.class_name, p.first, p.last] for p in s.spans] for s in selections}
    with atomic_file(path) as draft:
        draft.write_text(json.dumps(spans, ensure_ascii=False), "utf-8")


def shard_of(samples: Sequence[Any], number: int, count: int) -> Sequence[Any]:
    """The samples of shard ``number`` of ``count``, from 1: every ``count``-th sample."""
    return samples[number - 1 :: count]


def leading(selections: Sequence[Selection], images: int) -> list[Selection]:
    """The selections that hold some of the first ``images`` of a class.

    >>> first = plan([], {"dog": 10})
    >>> [selection.number for selection in leading(plan(first, {"dog": 20}), 2)]
    [1]
    """
    return [s for s in selections if any(span.first < images for span in s.spans)]


def _is_new(span: Span, selections: Sequence[Selection]) -> bool:
    """Whether a span is valid and disjoint from those of the ``selections``."""
    return 0 <= span.first < span.last and not any(
        other.class_name == span.class_name and other.first < span.last and span.first < other.last
        for selection in selections
        for other in selection.spans
    )


def _gaps(name: str, count: int, selections: Sequence[Selection]) -> list[Span]:
    """The spans of the first ``count`` images of a class that ``selections`` lack."""
    spans = sorted(
        (span.first, span.last) for s in selections for span in s.spans if span.class_name == name
    )
    ends = [0, *(last for _, last in spans)]
    starts = [*(first for first, _ in spans), count]
    return [Span(name, a, b) for a, b in zip(ends, starts, strict=True) if a < b]
