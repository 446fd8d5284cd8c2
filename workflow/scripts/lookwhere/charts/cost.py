"""What a method costs beside what it is worth: its lift against the seconds of a map."""

from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import MARKERS, PAGE, PALETTE, shortened, styled
from lookwhere.methods.names import LABELS
from lookwhere.statistics import costs
from lookwhere.statistics.strata import methods_only, trained_only

CAPTION = """
Lift against the seconds of a map, both on logarithmic axes, of trained nets. The line joins the
methods that no other method of the net surpasses at its cost or below. Seconds are those of one
image, of the median size, on the processor of the study, and of the method alone: methods of one
job share passes, and cost less together.
"""
TITLE = "What does a better map cost?"
FRONT: dict[str, Any] = {"color": "0.35", "linewidth": 0.9, "linestyle": "-", "zorder": 1}
ACROSS, MOST = 2, 4  # panels in a row, and in all
NAME = 30  # characters of a name
WIDTH, HEIGHT = 0.45, 0.07  # of a name, in shares of a panel


@chart(
    "cost",
    "Cost",
    source="costs",
    needs=["several methods", "predictions"],
    caption=CAPTION,
)
def draw(records: pd.DataFrame) -> Figure:
    """A panel a trained net, at the first size of each."""
    trained = methods_only(trained_only(records))
    table = costs.of_methods(records)
    sizes = table.groupby("net", sort=False)["size"].first()
    table = table[table["size"] == table["net"].map(sizes)]
    nets = list(sizes.index)
    with styled():
        down = max(1, ceil(min(len(nets), MOST) / ACROSS))
        figure = Figure(figsize=(PAGE, 1.1 + 2.3 * down))
        grid = figure.subplots(down, ACROSS, squeeze=False, sharex=True, sharey=True)
        for axes in list(grid.flat)[len(nets) :]:
            axes.remove()
        for net, axes in zip(nets, grid.flat, strict=False):
            _panel(axes, table[table["net"] == net])
            axes.set_title(f"{shortened(net, NAME)}, size {sizes[net]}", fontsize=8)
            axes.set(xlabel="Seconds a map", ylabel="Lift")
            axes.tick_params(axis="x", labelbottom=True)
        for net, axes in zip(nets, grid.flat, strict=False):  # the limits are of all panels
            _name(axes, table[table["is_efficient"] & (table["net"] == net)])
        figure.suptitle(TITLE)
        methods = list(trained["method"].unique())
        front = Line2D([], [], **FRONT, label="Not surpassed at its cost")
        handles = [*artists.point_handles(methods), front]
        notes = [*artists.notes(trained), *artists.left_out(len(nets[MOST:]), "net", "cost")]
        artists.legend(figure, handles, 4, notes)
        return figure


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.1)
    axes.axhline(1, **artists.CHANCE)
    front = table[table["is_efficient"]].sort_values("seconds")
    axes.plot(front["seconds"], front["lift"], drawstyle="steps-post", **FRONT)
    for row in table.to_dict("records"):
        color, marker = PALETTE[row["method"]], MARKERS[row["method"]]
        axes.plot([row["seconds"]], [row["lift"]], color=color, marker=marker, linestyle="")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid()


def _name(axes: Axes, front: pd.DataFrame) -> None:
    """Names beside the methods of the front, from the best down, where there is room.

    Left of a method and above it there is no other: that would surpass it.
    """
    taken: list[tuple[float, float]] = []  # places of names, in shares of the axes
    for row in front.sort_values("lift", ascending=False).to_dict("records"):
        point = (row["seconds"], row["lift"])
        x, y = axes.transAxes.inverted().transform(axes.transData.transform(point))
        if all(abs(x - other) > WIDTH or abs(y - above) > HEIGHT for other, above in taken):
            taken.append((x, y))
            is_left = x > WIDTH  # else there is no room
            axes.annotate(
                shortened(LABELS[row["method"]], NAME),
                point,
                (-4, 2) if is_left else (4, -3),
                textcoords="offset points",
                ha="right" if is_left else "left",
                va="bottom" if is_left else "top",
                fontsize=6,
                path_effects=[withStroke(linewidth=2, foreground="white")],  # also on marks
            )
