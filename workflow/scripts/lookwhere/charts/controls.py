"""Paired differences in concentration between every method and the controls, net by net."""

from itertools import cycle
from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists
from lookwhere.charts.style import COLUMN, MARKERS, PAGE, styled, wrapped
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics.paired import differences
from lookwhere.statistics.strata import of_trained, untrained_nets

CAPTION = """
Paired differences in concentration between every method and the controls, on the same sample and
size, with 95 % bootstrap intervals over images; one panel a trained net. Right of 0 the method is
ahead of the control, left of 0 behind it; hollow: not significant (Wilcoxon's p by Holm's
correction is 0.05 or more). Untrained: the same method on a net of the same architecture with
random weights.
"""
MOST_PANELS = 4  # beside each other


def draw(records: pd.DataFrame) -> Figure:
    """A panel a trained net, in it a row a method and a mark a control."""
    table = differences(records, ["net"])
    table = table[~table["other"].isin(LABELS) & ~table["net"].isin(untrained_nets(records))]
    methods, others = list(table["method"].unique()), list(table["other"].unique())
    nets = list(table["net"].unique())
    columns = min(len(nets), MOST_PANELS)
    panels = ceil(len(nets) / columns)
    height = 0.45 + len(methods) * (0.08 + 0.08 * len(others))
    with styled({"lines.markersize": 5}):
        figure = Figure(figsize=(COLUMN if columns == 1 else PAGE, 1.2 + panels * height))
        grid = figure.subplots(panels, columns, squeeze=False, sharex=True, sharey=True)
        shapes = dict(zip(others, _shapes(others), strict=True))
        for axes, net in zip(grid.flat, nets, strict=False):
            _panel(axes, table[table["net"] == net], methods, shapes)
            artists.remarks(axes, methods, records[records["net"] == net])
            axes.set_title(wrapped(net), fontsize=8)
        for axes in grid.flat[len(nets) :]:
            axes.set_visible(False)
        grid[0, 0].set_ylim(len(methods) - 0.5, -0.5)
        for axes in grid[-1]:
            axes.set_xlabel("Mean difference\n(same sample and size)")
        figure.suptitle("Does each method beat the controls?")
        look: dict[str, Any] = {"color": "0.25", "linestyle": ""}
        handles = [Line2D([], [], marker=shapes[o], label=_name(o), **look) for o in others]
        handles += artists.hollow_handles(table)
        notes = artists.notes(of_trained(records), intervals=table["low"])
        artists.legend(figure, handles, 2 if columns == 1 else 4, notes)
        return figure


def _panel(axes: Axes, table: pd.DataFrame, methods: list[str], shapes: dict[str, str]) -> None:
    artists.rows(axes, [ALL_LABELS[method] for method in methods])
    axes.axvline(0, color="0.25", linewidth=0.9)
    for shift, (other, shape) in zip(artists.offsets(len(shapes)), shapes.items(), strict=True):
        against = table[table["other"] == other]
        against = against.assign(marker=[shape] * len(against))  # a shape may be a tuple
        places = [methods.index(method) + shift for method in against["method"]]
        artists.points(axes, against, places, ("difference", "low", "high"))
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _shapes(others: list[str]) -> list[str]:
    """A shape a control; the nets that are controls have shapes of their own."""
    twins = cycle("ph8<>d")
    return [MARKERS.get(other) or next(twins) for other in others]


def _name(other: str) -> str:
    return ALL_LABELS.get(other, wrapped(f"Untrained: {other}", 28))
