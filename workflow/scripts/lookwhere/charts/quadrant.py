"""Localised and faithful: is the map on the object, and does the net need what it shows?"""

from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import MARKERS, PAGE, PALETTE, shortened, styled
from lookwhere.statistics import faithful
from lookwhere.statistics.strata import counted, methods_only, trained_only

CAPTION = """
A point a method, with 95 % bootstrap intervals over images. Across: lift, on a logarithmic axis;
right of 1 more energy lies on the object than by chance. Up: what the net loses with the pixels
that the map ranks first, beyond what it loses with those that it ranks last; above 0 more than in
random order. Above and left, the net depends on pixels beside the object; below 0, the order of the
map does no better than a random one in this test, wherever its energy lies.
"""
TITLE = "On the object, and needed by the net?"
ACROSS, MOST = 2, 4  # panels in a row, and in all
NAME = 30  # characters of a net's name
LINE: dict[str, Any] = {"color": "0.25", "linewidth": 0.9, "linestyle": (0, (4, 2)), "zorder": 1}
WORDS: dict[str, Any] = {"fontsize": 6.5, "color": "0.45", "style": "italic", "zorder": 0}
# The quadrants: their corners in shares of the axes, and what their maps show.
QUADRANTS = {
    (0.99, 0.985): "on the object,\nneeded",
    (0.01, 0.985): "off the object,\nneeded",
    (0.99, 0.015): "on the object,\nnot needed",
    (0.01, 0.015): "off the object,\nnot needed",
}


@chart("quadrant", "Localised and faithful", source="measures", needs=["contrast"], caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A panel a trained net."""
    trained, contrast = methods_only(trained_only(records)), faithful.contrast_of(records)
    table = faithful.of_methods(records)
    counts = table.groupby("method", sort=False)[["faithful_records", "faithful_undefined"]].sum()
    without = table[~(table["lift"] > 0) | table["faithful"].isna()]
    table = table.drop(without.index)
    nets = list(trained["net"].unique())
    visible = nets[:MOST]
    with styled():
        down = ceil(len(visible) / ACROSS)
        figure = Figure(figsize=(PAGE, 1.0 + 2.7 * down))
        grid = figure.subplots(down, ACROSS, squeeze=False, sharex=True, sharey=True)
        for axes in list(grid.flat)[len(visible) :]:
            axes.remove()
        for place, (net, axes) in enumerate(zip(visible, grid.flat, strict=False)):
            _panel(axes, table[table["net"] == net])
            axes.set_title(shortened(net, NAME), fontsize=8)
            axes.tick_params(axis="x", labelbottom=True)
            if place % ACROSS == 0:
                axes.set_ylabel(f"{contrast.label}\n(0: random order)")
            if place + ACROSS >= len(visible):
                axes.set_xlabel("Lift (1: chance)")
        _room(grid.flat[0], table[table["net"].isin(visible)])
        figure.suptitle(TITLE)
        notes = artists.notes(trained, intervals=table["faithful_low"])
        counts = counts.set_axis(["records", "undefined"], axis=1).reset_index()
        notes += artists.undefined(counts, f"{contrast.label}, undefined")
        if len(without):
            notes.append(f"Lift 0 or undefined, left out: {counted(len(without), 'point')}")
        notes += artists.left_out(len(nets) - len(visible), "net", "measures")
        artists.legend(figure, artists.point_handles(trained["method"].unique()), 4, notes)
        return figure


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_xscale("log")
    axes.axvline(1, **LINE)
    axes.axhline(0, **LINE)
    for (x, y), words in QUADRANTS.items():
        sides: dict[str, Any] = {"ha": "right" if x > 0.5 else "left"}
        sides["va"] = "top" if y > 0.5 else "bottom"
        axes.text(x, y, words, transform=axes.transAxes, **sides, **WORDS)
    for row in table.to_dict("records"):
        color = PALETTE[row["method"]]
        ends: dict[str, Any] = {"color": color, "linewidth": 0.8, "zorder": 2}
        axes.plot([row["lift_low"], row["lift_high"]], [row["faithful"]] * 2, **ends)
        axes.plot([row["lift"]] * 2, [row["faithful_low"], row["faithful_high"]], **ends)
        mark: dict[str, Any] = {"marker": MARKERS[row["method"]], "linestyle": "", "zorder": 3}
        axes.plot([row["lift"]], [row["faithful"]], color=color, **mark)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _room(axes: Axes, table: pd.DataFrame) -> None:
    """Limits with all points, and a part of every quadrant for its words."""
    columns = (["lift", "lift_low", "lift_high"], ["faithful", "faithful_low", "faithful_high"])
    lifts, heights = (table[names].stack().dropna() for names in columns)
    low, high = min([1, *lifts[lifts > 0]]), max([1, *lifts])
    axes.set_xlim(min(low, high**-0.4) / 1.2, max(high, low**-0.4) * 1.2)
    least, most = min([0, *heights]), max([0, *heights])
    reach = most - least or 1
    axes.set_ylim(least - 0.3 * reach, most + 0.3 * reach)
