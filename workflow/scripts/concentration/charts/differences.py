"""Paired differences in concentration between every two methods, over the trained nets."""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..differences import differences
from ..groups import of_trained
from ..methods import ALL_LABELS, LABELS
from ..style import COLUMN, styled
from . import marks


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """A row a pair of methods, the one ahead first: the mean difference on the same record."""
    table = differences(records, [], untrained)
    table = _ahead_first(table[table["other"].isin(LABELS)])
    labels = [
        f"{ALL_LABELS[r.method]}\n{marks.MINUS} {ALL_LABELS[r.other]}" for r in table.itertuples()
    ]
    with styled():
        figure = Figure(figsize=(COLUMN, 1.2 + 0.32 * len(table)))
        axes = figure.add_subplot()
        marks.rows(axes, labels)
        axes.axvline(0, color="0.25", linewidth=0.9)
        marks.points(axes, table, range(len(table)), ("difference", "low", "high"))
        ends = table[["difference", "high"]].max(axis=1)
        marks.beside(axes, ends, range(len(table)), [f"{d:.3f}" for d in table["difference"]])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.15)
        axes.set_xlabel(f"{marks.DIFFERENCE}\n(concentration, same record)")
        figure.suptitle("Which method is ahead, on the same records?")
        marks.legend(figure, [marks.hollow_handle()], 1, of_trained(records, untrained))
        return figure


def _ahead_first(table: pd.DataFrame) -> pd.DataFrame:
    """The same comparisons, turned so that no difference is below 0, the largest first."""
    behind = table["difference"] < 0
    turned = table.assign(
        method=table["method"].mask(behind, table["other"]),
        other=table["other"].mask(behind, table["method"]),
        difference=table["difference"].abs(),
        low=table["low"].mask(behind, -table["high"]),
        high=table["high"].mask(behind, -table["low"]),
    )
    return turned.sort_values("difference", ascending=False, kind="stable")
