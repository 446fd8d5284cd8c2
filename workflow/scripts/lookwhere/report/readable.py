"""Readable tables: visible columns, headings and rounded numbers."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from lookwhere.methods.names import ALL_LABELS
from lookwhere.metrics.registry import METRICS
from lookwhere.report.escapes import one_line
from lookwhere.statistics import verdicts
from lookwhere.statistics.strata import LOWEST_HIGHEST, mostly_undefined

HEADINGS = {
    "records": "n",
    "within": "difference, like with like",
    "ahead": "ahead on",
    "p_holm": "p (Holm)",
    "rank_correlation_signed": "with sign",
    "ssim": "SSIM",
    "not_ahead": "otherwise",
    "auc": "AUC",
}
DECIMALS = {
    "sum": 2,
    "mean": 3,
    "mask_fraction": 3,
    "chance": 3,
    "lift": 2,
    "trained_lift": 2,
    "twin_lift": 2,
    "rank_correlation": 2,
    "rank_correlation_signed": 2,
    "ssim": 2,
    "kept_to": 2,
    "entropy_rise": 2,
    "reference_mean": 3,
    "difference": 3,
    "within": 3,
    "effect_size": 2,
    "rank": 2,
    "critical_difference": 2,
    "chi_square": 1,
    "both": 2,
    "one": 2,
    "none": 2,
    "discrimination": 3,
    "lift_of_other": 2,
    "tau": 2,
    "lowest": 2,
    "highest": 2,
    "alpha": 2,
    "auc": 3,
    "faithful": 3,
    "sensitivity": 2,
    "specificity": 2,
    "best_sensitivity": 2,
    "best_specificity": 2,
    "threshold": 3,
}
# Two ends share a column behind their estimate.
INTERVALS = {
    "mean": ("low", "high", "95 % CI"),
    "difference": ("low", "high", "95 % CI"),
    "lift": ("lift_low", "lift_high", "95 % CI of lift"),
    "both": ("both_low", "both_high", "95 % CI of both"),
    "discrimination": ("discrimination_low", "discrimination_high", "95 % CI of discrimination"),
    "lift_of_other": ("other_low", "other_high", "95 % CI of lift of other"),
    "twin_lift": ("twin_lift_low", "twin_lift_high", "95 % CI of twin lift"),
    "rank_correlation": (
        "rank_correlation_low",
        "rank_correlation_high",
        "95 % CI of rank correlation",
    ),
    "ssim": ("ssim_low", "ssim_high", "95 % CI of SSIM"),
    "auc": ("auc_low", "auc_high", "95 % CI of AUC"),
    "faithful": ("faithful_low", "faithful_high", "95 % CI of faithful"),
    "within": ("within_low", "within_high", "95 % CI, like with like"),
}
RANGES = dict.fromkeys(("mean", "difference"), (*LOWEST_HIGHEST, "range of nets"))
METHODS = ("method", "other", "control")
MEASURES = ("measure", "other_measure")
P_VALUES = ("p", "p_holm")
IDENTIFIERS = ("status", "reasons")  # their values are names of the library, not of the study
RARE = ("undefined", "untested", "reasons", "negligible", "not_compared")  # hidden where all are 0
BULKY = ("sum", "behind")  # hidden unless a caller shows them
RECORDS, UNDEFINED = "_records", "_undefined"  # columns that count those of one estimate
NONE = "-"


@dataclass(frozen=True)
class Column:
    """A readable column; ``name`` is that of the csv, for an interval that of its lower end."""

    name: str
    heading: str
    cells: list[str]
    numeric: bool


def columns(
    table: pd.DataFrame, hide: Collection[str] = (), show: Collection[str] = ()
) -> list[Column]:
    """The readable columns of the table, with rounded numbers and - for undefined.

    Left out are those in ``hide``; the bulky, unless they are in ``show``; counts of rare cases
    that are all 0; counts of the records of one estimate where none is undefined, or that are those
    of the table; and ranges of nets where no row has any.
    """
    hidden = {*hide, *(set(BULKY) - set(show)), *_nowhere(table), *_of_counts(table)}
    if {"records", "undefined"} <= set(table):
        hidden.add("undefined")  # part of the records' column: 14 of 60
    if {"images", "ahead"} <= set(table):
        hidden.add("images")  # part of the next column: 38 of 39
    if {"images", "of_images"} <= set(table):
        hidden.add("of_images")
    if set(LOWEST_HIGHEST) <= set(table) and table[LOWEST_HIGHEST[0]].isna().all():
        hidden.add(LOWEST_HIGHEST[0])
    ends: dict[str, str] = {}  # of intervals, with their estimate
    for value, (low, high, _) in (*INTERVALS.items(), *RANGES.items()):
        if {value, low, high} <= set(table):
            ends.setdefault(low, value)
            ends.setdefault(high, value)
    visible = []
    for name in table.columns:
        if name in hidden or name in ends:
            continue
        of_matrix = name.isdigit()  # counts, marked
        numeric = pd.api.types.is_numeric_dtype(table[name]) or of_matrix
        cells = [_cell(name, v) for v in table[name]]
        if name == "records" and "undefined" in table:
            cells = list(map(_part, table["records"] - table["undefined"], table["records"]))
        if f"{_counted(name)}_undefined" in table:
            undefined = table[f"{_counted(name)}_undefined"]
            cells = list(map(_part, table[name] - undefined, table[name]))
        if name == "ahead" and "images" in table:
            counts = zip(table["ahead"], table["images"], strict=True)
            cells = [NONE if pd.isna(ahead) else f"{ahead} of {images}" for ahead, images in counts]
        if name == "images" and "of_images" in table:
            cells = list(map(_part, table["images"], table["of_images"]))
        if name == "mean" and any(partial := mostly_undefined(table)):
            stars = ["*" * (few and cell != NONE) for few, cell in zip(partial, cells, strict=True)]
            cells = [cell + star for cell, star in zip(cells, stars, strict=True)]
        visible.append(Column(name, _heading(name), cells, numeric))
        for low, high, heading in (of[name] for of in (INTERVALS, RANGES) if name in of):
            if ends.get(low) == name and low not in hidden:
                pairs = zip(table[low], table[high], strict=True)
                cells = [_interval(DECIMALS[name], *pair) for pair in pairs]
                visible.append(Column(low, heading, cells, True))
    return visible


def keys(columns: Sequence[Column]) -> int:
    """The number of leading columns that identify a row."""
    return next((n for n, column in enumerate(columns) if column.numeric), len(columns))


def grouping(columns: Sequence[Column]) -> int:
    """The number of leading columns that group the rows, by two or more on average."""
    rows = len(columns[0].cells)
    depths = range(keys(columns) - 1, 0, -1) if rows else ()
    return next((n for n in depths if rows >= 2 * len(list(groups(columns, n)))), 0)


def groups(columns: Sequence[Column], depth: int) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Runs of rows that share the cells of the first ``depth`` columns: the cells, row numbers."""
    rows = range(len(columns[0].cells))
    for key, run in groupby(rows, lambda row: tuple(c.cells[row] for c in columns[:depth])):
        yield key, list(run)


def group_name(columns: Sequence[Column], cells: Sequence[str]) -> str:
    """The name of a group, from its cells."""
    named = zip(columns, cells, strict=False)
    return ", ".join(f"{column.heading}: {cell}" for column, cell in named)


def _part(count: int, of_all: int) -> str:
    return f"{count} of {of_all}" if count < of_all else str(of_all)


def _nowhere(table: pd.DataFrame) -> list[str]:
    return [name for name in RARE if name in table and len(table) and not table[name].any()]


def _of_counts(table: pd.DataFrame) -> list[str]:
    """Counts of single estimates: the undefined, and all where none is, or as of the records."""
    hidden = []
    for undefined in (name for name in table if name.endswith(UNDEFINED)):
        records = f"{undefined.removesuffix(UNDEFINED)}{RECORDS}"
        pair = [("records", records), ("undefined", undefined)]
        same = all(one in table and table[one].equals(table[other]) for one, other in pair)
        hidden += [undefined] if table[undefined].any() and not same else [undefined, records]
    return hidden


def _counted(name: str) -> str | None:
    """The estimate whose records a column counts: ``lift`` of ``lift_records``."""
    return name.removesuffix(RECORDS) if name.endswith(RECORDS) else None


def _heading(name: str) -> str:
    if estimate := _counted(name):
        return f"n of {_heading(estimate)}"
    return HEADINGS.get(name, name.replace("_", " "))


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return NONE
    if name in DECIMALS:
        return _rounded(value, DECIMALS[name])
    if name in P_VALUES:
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    if name in METHODS:
        name = str(value)
        return ALL_LABELS.get(name, verdicts.LABELS.get(name, one_line(name)))
    if name in MEASURES:
        metric = METRICS[value]
        return metric.label + " (lower is better)" * (metric.better == "lower")
    if name in IDENTIFIERS:
        return str(value).replace("_", " ")
    if isinstance(value, float):  # a count in a column with undefined ones
        return f"{value:.0f}" if value.is_integer() else f"{value:.3g}"
    return one_line(str(value))


def _rounded(value: float, places: int) -> str:
    return f"{value:z.{places}f}"  # z: no -0.000


def _interval(places: int, low: float, high: float) -> str:
    return NONE if pd.isna(low) else f"[{_rounded(low, places)}, {_rounded(high, places)}]"
