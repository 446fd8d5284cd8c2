"""Mean concentration as the mask is dilated: does the ranking of methods depend on it?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, MARKERS, PAGE, PALETTE, styled, wrapped
from lookwhere.methods.names import ALL_LABELS
from lookwhere.statistics import agreement
from lookwhere.statistics.strata import methods_only, mostly_undefined, trained_only
from lookwhere.statistics.summary import summarise

CAPTION = """
Mean concentration over the trained nets as the mask grows from the annotated outline (0 %) to
twice its area (100 %). Thin lines, where there is room: 95 % bootstrap intervals over
images. Dashed: the mask fraction at that dilation. The axis is the mean growth that the masks
achieved: they grow by whole rings of pixels, at least by 0, 10, ..., 100 %. Below: the classes,
nets and sizes in which two methods change places along the axis.
"""
NAME, REST = 0.125, 1.3  # inches: of a name beside its line, and of all but the axes


@chart(
    "dilation_sweep",
    "Sweep of dilations",
    source="sweep",
    options=["mask_dilation"],
    caption=CAPTION,
)
def draw(sweep: pd.DataFrame, mask_dilation: float) -> Figure:
    """A line a method over the trained nets; ``mask_dilation`` is the study's, as a share."""
    trained = _defined_throughout(trained_only(sweep))
    means, records = (
        summarise(trained, ["method", "dilation"]),
        trained.dropna(subset="concentration"),
    )
    growth = _growth(trained)
    methods = list(means["method"].unique())
    with styled():
        many = methods_only(means)["method"].nunique() > artists.FEW_METHODS
        height = max(3.9, REST + 1.2 * NAME * len(methods)) if many else 3.9
        figure = Figure(figsize=(PAGE if many else COLUMN, height))
        axes = figure.add_subplot()
        for method in methods:
            _line(axes, means[means["method"] == method], growth, many)
        chance = means.groupby("dilation")[[*means]].apply(artists.level_of_chance)
        axes.plot(growth[chance.index], chance, **artists.CHANCE)
        axes.axvline(_growth_at(mask_dilation, growth), color="0.25", linewidth=0.6, zorder=0)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_xlabel("Growth of the mask's area by dilation (mean, %)")
        axes.set_ylabel("Mean concentration")
        figure.suptitle("Does the ranking depend on the dilation?")
        study = Line2D([], [], color="0.25", linewidth=0.6, label="The study's dilation")
        lines = [Line2D([], [], **artists.CHANCE), study]
        pairs = agreement.crossings(records)
        crossings = agreement.first(agreement.sentences(pairs, records, "and"))
        title = ["Two methods change places:"] if crossings else []
        at_one = trained[trained["dilation"] == trained["dilation"].min()]
        notes = artists.notes(at_one, *title, *crossings, intervals=None if many else means["low"])
        if many:
            room = NAME / (height - REST)  # as a share of the axes
            _names(axes, means, growth, room)
        handles = [] if many else artists.point_handles(methods, "-")
        artists.legend(figure, [*handles, *lines], 2, notes)
        return figure


def _names(axes: Axes, means: pd.DataFrame, growth: pd.Series, room: float) -> None:
    """The methods' names right of the axes, in the order in which their lines end."""
    last = means[means["dilation"] == means["dilation"].max()].sort_values("mean")
    low, high = axes.get_ylim()
    places = _apart(last["mean"].fillna(low).tolist(), (high - low) * room, low, high)
    rows = zip(places, last.to_dict("records"), mostly_undefined(last), strict=True)
    for place, row, partial in rows:
        name = ALL_LABELS[row["method"]] + (f" ({artists.how_many(row)})" if partial else "")
        line = {"arrowstyle": "-", "relpos": (0, 0.5), "linewidth": 0.6, "shrinkA": 1, "shrinkB": 2}
        axes.annotate(
            wrapped(name, artists.WIDE_LABEL),
            (growth[row["dilation"]], row["mean"]),
            (1.06, place),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=7.5,
            annotation_clip=False,
            arrowprops={**line, "color": PALETTE[row["method"]]},
        )


def _apart(heights: Sequence[float], room: float, low: float, high: float) -> list[float]:
    """The ascending ``heights``, moved as little as needed for ``room`` between each two.

    Heights that are too close form a block about their mean: isotonic regression.
    """
    blocks: list[tuple[float, int]] = []  # the mean, less the room below, and the count
    for place, height in enumerate(heights):
        mean, size = height - place * room, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    bases = [mean for mean, size in blocks for _ in range(size)]
    highest = high - (len(heights) - 1) * room
    return [min(max(base, low), highest) + place * room for place, base in enumerate(bases)]


def _defined_throughout(sweep: pd.DataFrame) -> pd.DataFrame:
    """The records, undefined at every dilation where they are at one.

    So a line is the mean of the same records everywhere.
    """
    key = ["sample", "net", "method", "size"]
    missing = sweep["concentration"].isna()
    somewhere = missing.groupby([sweep[column] for column in key]).transform("any")
    return sweep.assign(concentration=sweep["concentration"].mask(somewhere))


def _growth(records: pd.DataFrame) -> pd.Series:
    """The mean growth (%) of the masks by dilation: often more, as rings are whole pixels."""
    key = ["sample", "size"]
    masks = records.drop_duplicates([*key, "dilation"]).sort_values("dilation")
    first = masks.groupby(key)["mask_fraction"].transform("first")
    growth = masks["mask_fraction"] / first.where(first > 0) - 1  # a mask may begin empty at a size
    return 100 * growth.groupby(masks["dilation"]).mean()


def _growth_at(dilation: float, growth: pd.Series) -> float:
    """The growth (%) at the study's dilation, between two steps; beyond them the dilation."""
    if growth.empty or dilation > growth.index.max():
        return 100 * dilation
    return float(np.interp(dilation, growth.index, growth))


def _line(axes: Axes, means: pd.DataFrame, growth: pd.Series, many: bool) -> None:
    """The line of a method; among many without its interval, and the number beside its name."""
    method = means["method"].iloc[0]
    color = PALETTE[method]
    growth = growth[means["dilation"]]
    for end in () if many else ("low", "high"):  # lines, since bands would hide each other
        axes.plot(growth, means[end], color=color, linewidth=0.4, zorder=1)
    style: dict[str, Any] = {"color": color, "marker": MARKERS[method], "markersize": 3}
    if any(mostly_undefined(means)):
        style |= {"fillstyle": "left", "markerfacecoloralt": "white"}
        if not many:
            last = means.iloc[-1]
            end, text = growth.iloc[-1], artists.how_many(last)
            artists.annotate_ends(axes, [end], [last["mean"]], [text], size=6)
    axes.plot(growth, means["mean"], zorder=2, **style)
