"""Selections: which samples came into a study together.

The images of a class have an order, drawn from the seed, and a study takes the first of them. A
study that grows, by a class or by images a class, gets a selection of what is new: the samples of
the earlier ones stay as they are, and so does all that was computed of them. Which selections a
study has is therefore part of its results.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookwhere.io.atomic import whole_file

# A shard is one job's share of a selection, for a net and a size. Their number is bounded for
# Snakemake's sake, which takes a minute to plan 15 000 jobs.
SAMPLES_PER_SHARD, MOST_SHARDS = 90, 500


@dataclass(frozen=True)
class Span:
    """The images of a class from the place ``first`` in its order to before ``last``."""

    class_name: str
    first: int
    last: int


@dataclass(frozen=True)
class Selection:
    """Samples that came into the study together."""

    number: int
    spans: tuple[Span, ...]

    def shards(self, asked: int | None = None) -> range:
        """The numbers of its shards, from 1: as many as asked for, or as its samples need."""
        samples = sum(span.last - span.first for span in self.spans)
        needed = min(math.ceil(samples / SAMPLES_PER_SHARD), MOST_SHARDS)
        return range(1, 1 + min(asked or needed, samples))

    @property
    def classes(self) -> list[str]:
        """The names of its classes, in order, each once."""
        return list(dict.fromkeys(span.class_name for span in self.spans))


def plan(recorded: Sequence[Selection], images: Mapping[str, int]) -> list[Selection]:
    """The selections of a study that takes so many ``images`` of each class.

    Of the ``recorded`` ones those stay whose samples all belong to the study; one more holds what
    they lack.

    >>> first = plan([], {"dog": 10})
    >>> plan(first, {"dog": 20, "cat": 20})[1]
    Selection(number=2, spans=(Span(class_name='dog', first=10, last=20), \
Span(class_name='cat', first=0, last=20)))
    """
    kept: list[Selection] = []
    for selection in recorded:
        if all(
            _is_new(span, kept) and span.last <= images.get(span.class_name, 0)
            for span in selection.spans
        ):
            kept.append(selection)
    missing = tuple(span for name, count in images.items() for span in _gaps(name, count, kept))
    if not missing:
        return kept
    return [*kept, Selection(max((s.number for s in kept), default=0) + 1, missing)]


def read(path: Path) -> list[Selection]:
    """The selections that were recorded at ``path``; none where that can't be read."""
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
    with whole_file(path) as draft:
        draft.write_text(json.dumps(spans, ensure_ascii=False), "utf-8")


def shard_of(samples: Sequence[Any], number: int, count: int) -> Sequence[Any]:
    """The samples of one of ``count`` shards, whose ``number`` is from 1: every n-th sample."""
    return samples[number - 1 :: count]


def _is_new(span: Span, selections: Sequence[Selection]) -> bool:
    """Whether a span is one, and shares no place with those of the ``selections``."""
    return 0 <= span.first < span.last and not any(
        other.class_name == span.class_name and other.first < span.last and span.first < other.last
        for selection in selections
        for other in selection.spans
    )


def _gaps(name: str, count: int, selections: Sequence[Selection]) -> list[Span]:
    """What the ``selections`` lack of the first ``count`` images of a class."""
    spans = sorted(
        (span.first, span.last) for s in selections for span in s.spans if span.class_name == name
    )
    ends = [0, *(last for _, last in spans)]
    starts = [*(first for first, _ in spans), count]
    return [Span(name, a, b) for a, b in zip(ends, starts, strict=True) if a < b]
