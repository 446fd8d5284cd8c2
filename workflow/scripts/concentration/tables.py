"""Tables as files: raw numbers as csv, and readable ones for a page, a paper and the report."""

import html
from pathlib import Path
from typing import Any

import pandas as pd

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

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 14px/1.45 system-ui, sans-serif; margin: 1rem; color: #222; background: #fff; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .2rem .7rem; text-align: left; white-space: nowrap; }}
thead th {{ border-bottom: 1px solid #222; }}
tbody tr:nth-child(even) {{ background: #f4f4f4; }}
</style>
<h3>{title}</h3>
{table}
</html>
"""


def write(table: pd.DataFrame, stem: Path, title: str) -> None:
    """The table as ``stem`` with every suffix of FORMATS; its ``title`` stands on the page."""
    shown = readable(table)
    texts = {
        "csv": table.to_csv(index=False),
        "md": shown.to_markdown(index=False, disable_numparse=True) + "\n",
        "tex": shown.to_latex(index=False, escape=True),
        "html": PAGE.format(title=html.escape(title), table=shown.to_html(index=False, border=0)),
    }
    for suffix, text in texts.items():
        with whole_file(f"{stem}.{suffix}") as draft:
            draft.write_text(text)


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table in words: rounded numbers, intervals in one column, labels, - where undefined."""
    columns: dict[str, list[str]] = {}
    intervals = {name: ends for name, ends in INTERVALS.items() if name in table}
    ends_told = {end for low, high, _ in intervals.values() for end in (low, high)}
    for name in table:
        if name in ends_told:
            continue
        columns[_heading(name)] = [_readable(name, value) for value in table[name]]
        low, high, heading = intervals.get(name, ("", "", ""))
        if low in table and heading not in columns:
            pairs = zip(table[low], table[high], strict=True)
            columns[heading] = [_interval(DECIMALS[name], *pair) for pair in pairs]
    return pd.DataFrame(columns)


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
