"""Numbers of faithfulness that have a level of chance: 0 for a map of random order.

A deletion or insertion by itself has none: it depends on the image and the net. On one baseline the
two are equal on average over random orders, so that their difference has one; and so has ROAD.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Contrast:
    """A metric, or what a metric is above another."""

    label: str
    metric: str
    less: str | None = None


CONTRASTS = (
    Contrast("ROAD", "road"),
    Contrast("Insertion less deletion (mean colour)", "insertion_mean", "deletion"),
    Contrast("Insertion less deletion (blur)", "insertion", "deletion_blur"),
)


def of_metrics(names: Collection[str]) -> list[Contrast]:
    """The contrasts of a study with the metrics ``names``, the best one first."""
    return [c for c in CONTRASTS if {c.metric, c.less or c.metric} <= set(names)]
