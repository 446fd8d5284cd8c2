"""Paired differences in concentration between every two methods, over the trained nets."""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .. import agreement
from ..differences import differences
from ..groups import of_trained
from ..methods import ALL_LABELS, LABELS
from ..style import COLUMN, styled
from . import marks

CAPTION = """
Paired differences in concentration between every two methods, the one ahead first, on the same
sample, net and size, over the trained nets, with 95 % bootstrap intervals over images. Hollow:
Wilcoxon's p by Holm's correction is 0.05 or more. Below: the classes, nets and sizes that order
two methods the other way round.
"""


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """A row a pair of methods, the one ahead first: the mean difference on the same record."""
    table = differences(records, [], untrained)
    table = table[table["other"].isin(LABELS)]
    table = table.sort_values("difference", ascending=False, kind="stable")
    labels = [
        f"{ALL_LABELS[r.method]}\n{marks.MINUS} {ALL_LABELS[r.other]}" for r in table.itertuples()
    ]
    trained = of_trained(records, untrained)
    with styled():
        figure = Figure(figsize=(COLUMN, 1.2 + 0.32 * len(table)))
        axes = figure.add_subplot()
        marks.rows(axes, labels)
        axes.axvline(0, color="0.25", linewidth=0.9)
        marks.points(axes, table, range(len(table)), ("difference", "low", "high"))
        ends = table[["difference", "high"]].max(axis=1)
        marks.beside(axes, ends, range(len(table)), [f"{d:.3f}" for d in table["difference"]])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.22)
        axes.set_xlabel(f"{marks.DIFFERENCE}\n(same sample, net and size)")
        figure.suptitle("Which method is ahead, on the same records?")
        turned = agreement.first(
            agreement.sentences(agreement.reversals(trained), trained, "below")
        )
        marks.legend(
            figure,
            [*marks.hollow_handles(table), *marks.partial_handles(table)],
            1,
            marks.notes(trained, *turned, intervals=table["low"]),
        )
        return figure
