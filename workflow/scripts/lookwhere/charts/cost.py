"""What a method costs beside what it is worth: its lift against the seconds of a map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

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
MOST = 4  # panels; up to three stand in a row
NAME = 30  # characters of a name
HEIGHT, ROOM = 2.3, 0.6  # inches: of a panel; of its labels, beside the axes and below them
NAMED: dict[str, Any] = {"fontsize": 7, "textcoords": "offset points"}
SIGN, MARK = 0.058, 0.06  # inches: of a character of a name; around the middle of a mark
# Of names: left of the mark and above it, where no other surpasses it, or right and below.
SIDES: tuple[dict[str, Any], ...] = (
    {"xytext": (-4, 2), "ha": "right", "va": "bottom"},
    {"xytext": (4, -2), "ha": "left", "va": "top"},
)


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
    drawn = trained[trained["size"].astype(str) == trained["net"].map(sizes).astype(str)]
    nets = list(sizes.index)
    with styled():
        down = 1 if len(nets) < MOST else 2
        across = max(1, min(len(nets), MOST) // down)
        figure = Figure(figsize=(PAGE, 1.1 + HEIGHT * down))
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        for net, axes in zip(nets, grid.flat, strict=False):
            _panel(axes, table[table["net"] == net])
            axes.set_title(f"{shortened(net, NAME)}, size {sizes[net]}", fontsize=8)
            axes.set(xlabel="Seconds a map")
            axes.tick_params(axis="x", labelbottom=True)
        for axes in grid[:, 0]:
            axes.set_ylabel("Lift")
        for net, axes in zip(nets, grid.flat, strict=False):  # the limits are of all panels
            _name(axes, table[table["net"] == net], PAGE / across - ROOM)
        figure.suptitle(TITLE)
        methods = list(trained["method"].unique())
        front = Line2D([], [], **FRONT, label="Not surpassed at its cost")
        handles = [*artists.point_handles(methods), front]
        notes = [*artists.notes(drawn), *artists.left_out(len(nets[MOST:]), "net", "cost")]
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
        artists.tick_values(axis)
    axes.grid()


def _name(axes: Axes, table: pd.DataFrame, width: float) -> None:
    """Names beside the methods of the front, from the best down, where no mark or name is.

    The legend has all of them. ``width`` is that of the axes in inches.
    """
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    with np.errstate(divide="ignore"):  # a lift of 0 is below the axes
        shares = np.log(table[["seconds", "lift"]] / low) / np.log(high / low)
    places = shares.to_numpy() * [width, HEIGHT - ROOM]
    taken = [Bbox.from_extents(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in places]
    table = table.assign(place=list(places))
    front = table[table["is_efficient"]].sort_values("lift", ascending=False)
    for row in front.to_dict("records"):
        name, point = shortened(LABELS[row["method"]], NAME), (row["seconds"], row["lift"])
        for side in SIDES:
            box = _box(name, row["place"], side)
            if box.xmin >= 0 and box.xmax <= width and not box.count_overlaps(taken):
                taken.append(box)
                rim = [withStroke(linewidth=2, foreground="white")]  # also on the line
                axes.annotate(name, point, path_effects=rim, **side, **NAMED)
                break


def _box(name: str, place: Sequence[float], side: Mapping[str, Any]) -> Bbox:
    """The box of a name at a ``side`` of the mark at a ``place``, in inches."""
    x, y = place
    near, far = x + MARK, x + MARK + SIGN * len(name)
    if side["ha"] == "right":
        near, far = x - MARK - SIGN * len(name), x - MARK
    bottom = y if side["va"] == "bottom" else y - artists.LINE
    return Bbox.from_extents(near, bottom, far, bottom + artists.LINE)
