"""Tables as files: raw numbers as csv, and readable ones for a page, a paper and the report."""

import csv
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from . import escapes
from .files import whole_file
from .methods import ALL_LABELS

FORMATS = ("csv", "md", "tex", "html")

DECIMALS = {
    "sum": 2,
    "mean": 3,
    "mask_fraction": 3,
    "chance": 3,
    "lift": 2,
    "reference_mean": 3,
    "difference": 3,
    "effect_size": 2,
}
# Columns that are told as an interval behind the value that they belong to, where it is there.
INTERVALS = {
    "mean": ("low", "high", "95 % interval"),
    "difference": ("low", "high", "95 % interval"),
    "lift": ("lift_low", "lift_high", "95 % interval of lift"),
}
P_VALUES = ("p", "p_holm")
NONE = "-"

NOTHING = "Nothing to list."
LONG = 40  # rows; LaTeX breaks a longer table over pages

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 13px/1.4 system-ui, sans-serif; margin: 0 .5rem 1rem; color: #222; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .12rem .35rem; text-align: left; }}
td {{ white-space: nowrap; }}
thead th {{ position: sticky; top: 0; background: #fff; box-shadow: 0 1px #222; }}
tbody tr:nth-child(even) {{ background: #f4f4f4; }}
{style}
</style>
<h3>{title}</h3>
{body}
</html>
"""


def write(table: pd.DataFrame, stem: Path, title: str) -> None:
    """The table as ``stem`` with every suffix of FORMATS; its ``title`` stands on the page."""
    shown, numeric = readable(table)
    align = ["right" if number else "left" for number in numeric]
    nothing = "" if len(shown) else NOTHING
    texts = {
        "csv": csv_text(table),
        "md": f"{_markdown(shown, numeric, align)}\n\n{nothing}".rstrip() + "\n",
        "tex": _latex(shown, "".join(side[0] for side in align), nothing),
        "html": page(title, f"{_html(shown)}\n{nothing}", numeric),
    }
    for suffix, text in texts.items():
        with whole_file(f"{stem}.{suffix}") as draft:
            draft.write_text(text, "utf-8")


def csv_text(table: pd.DataFrame) -> str:
    """The table as csv. Its writer quotes no carriage return, at which a reader ends the row."""
    texts = table.select_dtypes(exclude="number")
    broken = any("\r" in str(value) for column in texts for value in texts[column].unique())
    quoting = csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL
    return table.to_csv(index=False, lineterminator="\n", quoting=quoting)


def page(title: str, body: str, numeric: Sequence[bool] = ()) -> str:
    """A page with the HTML ``body``; the columns of its tables that are ``numeric`` end flush."""
    right = [f":is(th, td):nth-child({n})" for n, number in enumerate(numeric, 1) if number]
    style = f"{', '.join(right)} {{ text-align: right; }}" if right else ""
    return PAGE.format(title=html.escape(title), body=body, style=style)


def readable(table: pd.DataFrame) -> tuple[pd.DataFrame, list[bool]]:
    """The table in words, and which of its columns are numbers.

    Numbers are rounded, ends of intervals share a column, - stands for what is undefined, and a
    column of reasons is left out where there are none.
    """
    columns: dict[str, list[str]] = {}
    numeric: list[bool] = []
    intervals = {name: ends for name, ends in INTERVALS.items() if name in table}
    told = {end for low, high, _ in intervals.values() for end in (low, high)}
    if "reasons" in table and not table["reasons"].any():
        told.add("reasons")
    for name in table.columns.difference(told, sort=False):
        columns[_heading(name)] = [_readable(name, value) for value in table[name]]
        numeric.append(pd.api.types.is_numeric_dtype(table[name]))
        low, high, heading = intervals.get(name, ("", "", ""))
        if low in table and heading not in columns:
            pairs = zip(table[low], table[high], strict=True)
            columns[heading] = [_interval(DECIMALS[name], *pair) for pair in pairs]
            numeric.append(True)
    return pd.DataFrame(columns), numeric


def _html(shown: pd.DataFrame) -> str:
    return shown.map(escapes.one_line).to_html(index=False, border=0)


def _markdown(shown: pd.DataFrame, numeric: Sequence[bool], align: Sequence[str]) -> str:
    names = shown.columns[[not number for number in numeric]]
    escaped = shown.assign(**{name: shown[name].map(escapes.markdown) for name in names})
    return escaped.to_markdown(index=False, disable_numparse=True, colalign=align or None)


def _latex(shown: pd.DataFrame, align: str, nothing: str) -> str:
    long = len(shown) > LONG
    packages = "booktabs and longtable" if long else "booktabs"
    escaped = shown.map(escapes.latex).rename(columns=escapes.latex)
    if len(escaped):
        escaped = escaped.assign(
            **{escaped.columns[0]: escaped.iloc[:, 0].map(escapes.latex_row_start)}
        )
    tabular = escaped.to_latex(index=False, escape=False, column_format=align, longtable=long)
    return f"% needs the LaTeX package{'s' if long else ''} {packages}\n{tabular}{nothing}"


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _readable(name: str, value: Any) -> str:
    if pd.isna(value):
        return NONE
    if name in DECIMALS:
        return f"{value:.{DECIMALS[name]}f}"
    if name in P_VALUES:
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    if name in ("method", "other"):
        return ALL_LABELS.get(str(value), str(value))
    return _heading(str(value)) if name == "measure" else str(value)


def _interval(places: int, low: float, high: float) -> str:
    return NONE if pd.isna(low) else f"[{low:.{places}f}, {high:.{places}f}]"
