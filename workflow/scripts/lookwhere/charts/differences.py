"""Paired differences in concentration between every two methods, over the trained nets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, PAGE, shortened, styled
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics import agreement
from lookwhere.statistics.paired import EQUAL, SIGNIFICANT, differences
from lookwhere.statistics.strata import trained_only

CAPTION = """
Paired differences in concentration between every two methods, the one ahead first, on the same
sample, net and size, over the trained nets, with 95 % bootstrap intervals over images. Hollow:
Wilcoxon's p by Holm's correction is 0.05 or more. Equal, = in a matrix: no record differs. Below:
the classes, nets and sizes that order two methods the other way round. Many methods make a matrix,
in which a cell is a pair, and those with the largest mean difference to the others stand first.
"""
TITLE = "Which method is ahead, on the same records?"
MOST_ROWS = 15  # pairs; more are the cells of a matrix
CELLS = "RdBu"
CELL, LEAST_CELL = 0.24, 0.2  # inches: the side of a cell, and of the smallest with a number
SIGNS = 32  # of a name
NAMES = 2.0  # inches of the page's width for the names of the methods
HEIGHT, BESIDE = 9.1, 2.9  # inches: of a page, and of a matrix's figure beside its cells and notes


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
    if len(table) > MOST_ROWS:
        return _matrix(table, artists.notes(trained, *exceptions))
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
        artists.legend(figure, handles, 1, notes)
        return figure


def _matrix(table: pd.DataFrame, notes: Sequence[str]) -> Figure:
    """A cell a pair of methods, in the order of their mean differences to all others."""
    reversed_pairs = table.rename(columns={"method": "other", "other": "method"})
    both = pd.concat([table, reversed_pairs.assign(difference=-table["difference"])])
    order = both.groupby("method")["difference"].mean().sort_values(ascending=False).index
    rows, columns = order[:-1], order[1:]
    cells = both.pivot(index="method", columns="other").loc[rows]
    values = cells["difference"][columns].where(np.triu(np.ones((len(rows), len(rows)))) > 0)
    significant = (cells["p_holm"][columns] < SIGNIFICANT).to_numpy()
    hollow = f"White: not significant, p ≥ {SIGNIFICANT:g} (Wilcoxon, Holm)"
    notes = [f"{hollow}; intervals: tables/differences", *notes]
    height = HEIGHT - BESIDE - artists.LINE * len(artists.lines_of(notes, PAGE))
    side = min(CELL, (PAGE - NAMES) / len(rows), height / len(rows))
    style = {
        "cmap": CELLS,
        "vmin": -values.abs().max(axis=None),
        "vmax": values.abs().max(axis=None),
    }
    with styled():
        figure = Figure(figsize=(PAGE, BESIDE + side * len(rows)))
        axes = figure.add_subplot(aspect="equal")
        mesh = axes.pcolormesh(
            values.where(significant), edgecolors="white", linewidth=0.5, **style
        )
        if side > LEAST_CELL:
            for row, column in np.argwhere(values.notna().to_numpy()):
                _number(axes, row, column, values.iat[row, column], style["vmax"])
        middles = np.arange(len(rows)) + 0.5
        axes.set_yticks(middles, [shortened(ALL_LABELS[str(m)], SIGNS) for m in rows])
        axes.set_xticks(
            middles, [shortened(ALL_LABELS[str(m)], SIGNS) for m in columns], rotation=90
        )
        axes.invert_yaxis()
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("Row less column, same sample, net and size")
        bar = figure.colorbar(mesh, ax=axes, location="bottom", shrink=0.4, aspect=40, pad=0.02)
        bar.set_label(artists.DIFFERENCE)
        figure.suptitle(TITLE)
        artists.legend(figure, [], 1, notes)
        return figure


def _number(axes: Axes, row: int, column: int, value: float, most: float) -> None:
    """The value in its cell, white on dark colours."""
    text = f"{value:.2f}".replace("0.", ".", 1).replace("-", artists.MINUS) if value else "="
    color = "white" if abs(value) > 0.6 * most else "0.1"
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=5.5, color=color)
