"""Numbers of faithfulness that have a level of chance: 0 for a map of random order.

A deletion or insertion by itself has none: it depends on the image and the net. On one baseline the
two are equal on average over random orders, so that their difference has one; and so has ROAD.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lookwhere.metrics.registry import of_maps


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


def of_several_nets(names: Iterable[str]) -> list[str]:
    """The metrics among ``names`` of which a mean over nets can be read.

    They need no net, or have a level of chance. The others depend on the net: a probability on an
    empty image, or squared logits.
    """
    names = list(names)
    alone = {*of_maps(names), *(contrast.metric for contrast in CONTRASTS if not contrast.less)}
    return [name for name in names if name in alone]
