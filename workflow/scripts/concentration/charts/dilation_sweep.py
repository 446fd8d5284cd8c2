"""Mean concentration as the mask is dilated: does the ranking of methods hang on it?"""

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..groups import of_trained
from ..style import COLUMN, MARKERS, PALETTE, styled
from ..summaries import summarise
from . import marks


def draw(sweep: pd.DataFrame, untrained: Collection[str], dilation: float) -> Figure:
    """A line a method over the trained nets; ``dilation`` is that of the study, as a share."""
    records = _defined_throughout(of_trained(sweep, untrained))
    means = summarise(records, ["method", "dilation"])
    growth = _growth(records)
    methods = list(means["method"].unique())
    with styled():
        figure = Figure(figsize=(COLUMN, 3.9))
        axes = figure.add_subplot()
        for method in methods:
            _line(axes, means[means["method"] == method], growth)
        chance = means.groupby("dilation")[[*means]].apply(marks.level_of_chance)
        axes.plot(growth[chance.index], chance, **marks.CHANCE)
        axes.axvline(_growth_at(dilation, growth), color="0.25", linewidth=0.6, zorder=0)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_xlabel("Growth of the mask's area by dilation (mean, %)")
        axes.set_ylabel(marks.SHARE_UPRIGHT)
        figure.suptitle("Does the ranking depend on the dilation?")
        study = Line2D([], [], color="0.25", linewidth=0.6, label="The study's dilation")
        lines = [Line2D([], [], **marks.CHANCE), study]
        marks.legend(figure, [*marks.point_handles(methods, "-"), *lines], 2)
        return figure


def _defined_throughout(sweep: pd.DataFrame) -> pd.DataFrame:
    """The records that no dilation leaves undefined: a line is of the same ones everywhere."""
    key = ["sample", "net", "method", "size"]
    missing = sweep["concentration"].isna()
    return sweep[~missing.groupby([sweep[column] for column in key]).transform("any")]


def _growth(records: pd.DataFrame) -> pd.Series:
    """The mean growth (%) of the masks by dilation: often beyond it, as rings are whole pixels."""
    key = ["sample", "size"]
    masks = records.drop_duplicates([*key, "dilation"]).sort_values("dilation")
    first = masks.groupby(key)["mask_fraction"].transform("first")
    return 100 * (masks["mask_fraction"] / first - 1).groupby(masks["dilation"]).mean()


def _growth_at(dilation: float, growth: pd.Series) -> float:
    """The growth (%) at the study's dilation, between two steps; beyond them the dilation."""
    if growth.empty or dilation > growth.index.max():
        return 100 * dilation
    return float(np.interp(dilation, growth.index, growth))


def _line(axes: Axes, means: pd.DataFrame, growth: pd.Series) -> None:
    method = means["method"].iloc[0]
    color = PALETTE[method]
    growth = growth[means["dilation"]]
    tint = [1 - 0.25 * (1 - part) for part in to_rgb(color)]  # pale, for eps knows no transparency
    axes.fill_between(growth, means["low"], means["high"], color=tint, linewidth=0, zorder=1)
    axes.plot(growth, means["mean"], color=color, marker=MARKERS[method], markersize=3, zorder=2)
