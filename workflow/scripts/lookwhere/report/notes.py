"""Notes below tables: the extent of their records, and the family of their tests."""

from collections.abc import Sequence

import pandas as pd

from lookwhere.statistics import equal_maps
from lookwhere.statistics.strata import extent, untrained_nets

INTERVALS = "95 % bootstrap intervals over images."
TESTS = "p: Wilcoxon's signed-rank test over images, corrected by Holm's method over {}."


def of_each(by: Sequence[str]) -> str:
    """`` of each net`` for tables by net; nothing for those without groups."""
    return f" of each {', '.join(by)}" if by else ""


def extent_of(records: pd.DataFrame, *more: str) -> str:
    """The extent of a table's records, and the methods of equal maps: ``39 images, 3 nets.``"""
    equal = (f"{sentence}." for sentence in equal_maps.sentences(records))
    return " ".join([f"{extent(records)}{untrained_in(records)}.", *more, *equal])


def untrained_in(records: pd.DataFrame) -> str:
    """`` (untrained included)`` where some of the nets are untrained."""
    return " (untrained included)" if untrained_nets(records) else ""
