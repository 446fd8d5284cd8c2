"""Notes below tables: the extent of their records, and the family of their tests."""

from collections.abc import Sequence

import pandas as pd

from lookwhere.statistics import equal_maps
from lookwhere.statistics.strata import extent, untrained_nets

INTERVALS = "95 % bootstrap intervals over images."
TESTS = "p: Wilcoxon's signed-rank test over images, corrected by Holm's method over {}."
NO_TESTS = "There is no test: no pair differs on any image."


def of_each(by: Sequence[str]) -> str:
    """`` of each net`` for tables by net; nothing for those without groups."""
    return f" of each {', '.join(by)}" if by else ""


def families(*counted: tuple[str, str], by: Sequence[str] = ()) -> str:
    """The families of tests: of each its number, as ``paired.family``, and what is compared."""
    texts = [f"{count} {pairs}" for count, pairs in counted if count != "0"]
    return TESTS.format(f"{', and over '.join(texts)}{of_each(by)}") if texts else NO_TESTS


def extent_of(records: pd.DataFrame, *more: str) -> str:
    """The extent of a table's records, and the methods of equal maps: ``39 images, 3 nets.``"""
    equal = (f"{sentence}." for sentence in equal_maps.sentences(records))
    return " ".join([f"{extent(records)}{untrained_in(records)}.", *more, *equal])


def untrained_in(records: pd.DataFrame) -> str:
    """`` (untrained included)`` where some of the nets are untrained."""
    return " (untrained included)" if untrained_nets(records) else ""
