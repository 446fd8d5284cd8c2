"""Paired differences in concentration between every two methods, over the trained nets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists, matrix
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, styled
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics import agreement, wins
from lookwhere.statistics.paired import EQUAL, SIGNIFICANT, both_ways, differences, family
from lookwhere.statistics.strata import trained_only

CAPTION = """
Paired differences in concentration between every two methods, the one ahead first, on the same
sample, net and size, over the trained nets, with 95 % bootstrap intervals over images. Hollow:
Wilcoxon's p is 0.05 or more, by Holm's correction over all pairs of methods. Equal, = in a matrix:
no record differs. Below: the classes, nets and sizes that order two methods the other way round.
Many methods make a matrix, in which a cell is a pair, and those with the largest mean difference to
the others stand first.
"""
TITLE = "Which method is ahead, on the same records?"
MOST_ROWS = 15  # pairs; more are the cells of a matrix


@chart(
    "differences",
    "Differences between methods",
    source="measures",
    needs=["several methods"],
    caption=CAPTION,
)
def draw(records: pd.DataFrame) -> Figure:
    """A row a pair of methods, the one ahead first: the mean difference on the same record."""
    table = differences(records, [])
    table = table[table["other"].isin(LABELS)]
    table = table.sort_values("difference", ascending=False, kind="stable")
    trained = trained_only(records)
    exceptions = agreement.first(
        agreement.sentences(agreement.reversals(trained), trained, "below")
    )
    tests = artists.tests(family(table), "pairs of methods")
    if len(table) > MOST_ROWS:
        return _matrix(table, [tests, *artists.notes(trained, *exceptions)])
    labels = [
        f"{ALL_LABELS[r.method]}\n{artists.MINUS} {ALL_LABELS[r.other]}" for r in table.itertuples()
    ]
    with styled():
        figure = Figure(figsize=(COLUMN, 1.2 + 0.32 * len(table)))
        axes = figure.add_subplot()
        artists.label_rows(axes, labels)
        axes.axvline(0, color="0.25", linewidth=0.9)
        artists.points(axes, table, range(len(table)), ("difference", "low", "high"))
        for place, pairs in enumerate(table["pairs"]):
            if pairs == 0:
                artists.remark(axes, place, "no records in common")
        ends = table[["difference", "high"]].max(axis=1)
        artists.annotate_ends(
            axes,
            ends,
            range(len(table)),
            [EQUAL if r.result == EQUAL else f"{r.difference:.3f}" for r in table.itertuples()],
        )
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.22)
        axes.set_xlabel(f"{artists.DIFFERENCE}\n(same sample, net and size)")
        figure.suptitle(TITLE)
        handles = [*artists.hollow_handles(table), *artists.partial_handles(table)]
        notes = artists.notes(trained, *exceptions, intervals=table["low"])
        artists.legend(figure, handles, 1, [tests, *notes])
        return figure


def _matrix(table: pd.DataFrame, notes: Sequence[str]) -> Figure:
    """A cell a pair of methods, in the order of their mean differences to all others."""
    both = both_ways(table)
    order = wins.in_order(both, "difference")
    rows, columns = order[:-1], order[1:]
    values = both.pivot(index="method", columns="other", values="difference").loc[rows, columns]
    values = values.where(np.triu(np.ones((len(rows), len(rows)))) > 0)
    most = values.abs().max(axis=None)
    hollow = f"White: not significant, p ≥ {SIGNIFICANT:g}; intervals: tables/differences"
    labels = "Row less column, same sample, net and size", artists.DIFFERENCE
    with styled():
        figure = matrix.draw(
            both, values, values.map(_number), (-most, most), labels, [hollow, *notes]
        )
        figure.suptitle(TITLE)
        return figure


def _number(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1).replace("-", artists.MINUS) if value else "="
