"""Paired differences in concentration between every method and the controls, net by net."""

from itertools import cycle
from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, MARKERS, PAGE, styled, wrapped
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics.paired import differences, family
from lookwhere.statistics.strata import trained_only, untrained_nets

CAPTION = """
Paired differences in concentration between every method and the controls, on the same sample and
size, with 95 % bootstrap intervals over images; one panel a trained net. Right of 0 the method is
ahead of the control, left of 0 behind it; hollow: not significant (Wilcoxon's p is 0.05 or more, by
Holm's correction over all pairs of a method and a control on the net). Untrained: the same method
on a net of the same architecture with random weights. Of many methods the control that each leaves
behind by least is drawn alone.
"""
TITLE = "Does each method beat the controls?"
CLOSEST = (
    "Of each method the control that it leaves behind by least (same sample and size); the others "
    "are in tables/differences_by_net"
)
DIFFERENCE = ("difference", "low", "high")
MOST_PANELS = 4  # beside each other


@chart("controls", "Methods and controls", source="measures", caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A panel a trained net, in it a row a method and a mark a control."""
    table = differences(records, ["net"])
    table = table[~table["other"].isin(LABELS) & ~table["net"].isin(untrained_nets(records))]
    methods, others = list(table["method"].unique()), list(table["other"].unique())
    nets = list(table["net"].unique())
    shapes = dict(zip(others, _shapes(others), strict=True))
    tests = artists.tests(family(table, ["net"]), "pairs of method and control, net by net")
    notes = [tests, *artists.notes(trained_only(records), intervals=table["low"])]
    columns = min(len(nets), MOST_PANELS)
    lines = ceil(len(nets) / columns)
    height = 0.45 + len(methods) * (0.08 + 0.08 * len(others))
    if panels.needed(len(methods), lines * height):
        return _closest(table, shapes, notes)
    with styled({"lines.markersize": 5}):
        figure = Figure(figsize=(COLUMN if columns == 1 else PAGE, 1.2 + lines * height))
        grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
        for axes, net in zip(grid.flat, nets, strict=False):
            _panel(axes, table[table["net"] == net], methods, shapes)
            artists.remarks(axes, methods, records[records["net"] == net])
            axes.set_title(wrapped(net), fontsize=8)
        for axes in grid.flat[len(nets) :]:
            axes.set_visible(False)
        grid[0, 0].set_ylim(len(methods) - 0.5, -0.5)
        for axes in grid[-1]:
            axes.set_xlabel("Mean difference\n(same sample and size)")
        figure.suptitle(TITLE)
        artists.legend(figure, _handles(table, shapes), 2 if columns == 1 else 4, notes)
        return figure


def _closest(table: pd.DataFrame, shapes: dict[str, Any], notes: list[str]) -> Figure:
    """A panel a net, in it a row a method: the control with the smallest difference alone."""
    with styled({"lines.markersize": 5}):
        in_order = table.sort_values("difference", kind="stable")
        least = in_order.drop_duplicates(["net", "method"]).sort_index()
        least = least.assign(marker=least["other"].map(shapes))
        tables = {str(net): of_net for net, of_net in least.groupby("net", sort=False)}
        page = panels.draw(tables, "Mean difference", DIFFERENCE, _zero)
        page.figure.suptitle(TITLE)
        present = {other: shape for other, shape in shapes.items() if other in set(least["other"])}
        rest = artists.left_out(len(page.left_out), "net", "differences_by_net")
        artists.legend(page.figure, _handles(least, present), 4, [CLOSEST, *notes, *rest])
        return page.figure


def _handles(table: pd.DataFrame, shapes: dict[str, Any]) -> list[Line2D]:
    style: dict[str, Any] = {"color": "0.25", "linestyle": ""}
    named = [Line2D([], [], marker=shapes[o], label=_name(o), **style) for o in shapes]
    return [*named, *artists.hollow_handles(table)]


def _panel(axes: Axes, table: pd.DataFrame, methods: list[str], shapes: dict[str, Any]) -> None:
    artists.label_rows(axes, [ALL_LABELS[method] for method in methods])
    _zero(axes)
    for shift, (other, shape) in zip(artists.dodge(len(shapes)), shapes.items(), strict=True):
        against = table[table["other"] == other]
        against = against.assign(marker=[shape] * len(against))  # a shape may be a tuple
        places = [methods.index(method) + shift for method in against["method"]]
        artists.points(axes, against, places, DIFFERENCE)
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _zero(axes: Axes, _: object = None) -> None:
    axes.axvline(0, color="0.25", linewidth=0.9)


def _shapes(others: list[str]) -> list[Any]:
    """A shape a control; untrained nets have their own."""
    further = cycle("ph8<>d")
    return [MARKERS.get(other) or next(further) for other in others]


def _name(other: str) -> str:
    return ALL_LABELS.get(other, wrapped(f"Untrained: {other}", 28))
