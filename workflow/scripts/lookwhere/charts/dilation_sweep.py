"""Mean concentration as the mask is dilated: does the ranking of methods depend on it?"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists
from lookwhere.charts.style import COLUMN, MARKERS, PALETTE, styled
from lookwhere.statistics import agreement
from lookwhere.statistics.strata import mostly_undefined, of_trained
from lookwhere.statistics.summary import summarise

CAPTION = """
Mean concentration over the trained nets as the mask grows from the annotated outline (0 %) to
twice its area (100 %). Thin lines: 95 % bootstrap intervals over images. Dashed: the mask
fraction at that dilation. The axis is the mean growth that the masks achieved: they grow by whole
rings of pixels, at least by 0, 10, ..., 100 %. Below: the classes, nets and sizes in which two
methods change places along the axis.
"""


def draw(sweep: pd.DataFrame, dilation: float) -> Figure:
    """A line a method over the trained nets; ``dilation`` is that of the study, as a share."""
    trained = _defined_throughout(of_trained(sweep))
    means, records = (
        summarise(trained, ["method", "dilation"]),
        trained.dropna(subset="concentration"),
    )
    growth = _growth(trained)
    methods = list(means["method"].unique())
    with styled():
        figure = Figure(figsize=(COLUMN, 3.9))
        axes = figure.add_subplot()
        for method in methods:
            _line(axes, means[means["method"] == method], growth)
        chance = means.groupby("dilation")[[*means]].apply(artists.level_of_chance)
        axes.plot(growth[chance.index], chance, **artists.CHANCE)
        axes.axvline(_growth_at(dilation, growth), color="0.25", linewidth=0.6, zorder=0)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_xlabel("Growth of the mask's area by dilation (mean, %)")
        axes.set_ylabel("Mean concentration")
        figure.suptitle("Does the ranking depend on the dilation?")
        study = Line2D([], [], color="0.25", linewidth=0.6, label="The study's dilation")
        lines = [Line2D([], [], **artists.CHANCE), study]
        swapped = agreement.first(agreement.sentences(agreement.crossings(records), records, "and"))
        title = ["Two methods change places:"] if swapped else []
        at_one = trained[trained["dilation"] == trained["dilation"].min()]
        notes = artists.notes(at_one, *title, *swapped, intervals=means["low"])
        artists.legend(figure, [*artists.point_handles(methods, "-"), *lines], 2, notes)
        return figure


def _defined_throughout(sweep: pd.DataFrame) -> pd.DataFrame:
    """The records, undefined throughout where one dilation leaves them so.

    So a line is the mean of the same records everywhere.
    """
    key = ["sample", "net", "method", "size"]
    missing = sweep["concentration"].isna()
    somewhere = missing.groupby([sweep[column] for column in key]).transform("any")
    return sweep.assign(concentration=sweep["concentration"].mask(somewhere))


def _growth(records: pd.DataFrame) -> pd.Series:
    """The mean growth (%) of the masks by dilation: often beyond it, as rings are whole pixels."""
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


def _line(axes: Axes, means: pd.DataFrame, growth: pd.Series) -> None:
    method = means["method"].iloc[0]
    color = PALETTE[method]
    growth = growth[means["dilation"]]
    for end in ("low", "high"):  # lines, since bands would hide each other
        axes.plot(growth, means[end], color=color, linewidth=0.4, zorder=1)
    look: dict[str, Any] = {"color": color, "marker": MARKERS[method], "markersize": 3}
    if any(mostly_undefined(means)):
        look |= {"fillstyle": "left", "markerfacecoloralt": "white"}
        last = means.iloc[-1]
        artists.beside(axes, [growth.iloc[-1]], [last["mean"]], [artists.how_many(last)], size=6)
    axes.plot(growth, means["mean"], zorder=2, **look)
