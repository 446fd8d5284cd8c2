"""Paired differences in concentration between every two methods, over the trained nets."""

from collections.abc import Collection

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from ..differences import differences
from ..methods import ALL_LABELS, LABELS
from ..style import COLUMN, STYLE
from . import marks


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """A row a pair of methods: the mean difference on the same record, with its interval."""
    table = differences(records, [], untrained)
    table = table[table["other"].isin(LABELS)]
    labels = [
        f"{ALL_LABELS[r.method]}\n{marks.MINUS} {ALL_LABELS[r.other]}" for r in table.itertuples()
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 0.9 + 0.32 * len(table)))
        axes = figure.add_subplot()
        marks.rows(axes, labels)
        axes.axvline(0, color="0.25", linewidth=0.9)
        marks.points(axes, table, range(len(table)), ("difference", "low", "high"))
        axes.set_xlabel("Mean difference in concentration\n(same sample, net and size)")
        figure.suptitle("Which method is ahead, on the same records?")
        return figure
