"""Mean concentration of every method in every group: bars side by side, a row of them a group."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..methods import CONTROL_LABELS
from ..style import COLUMN, STYLE
from ..summaries import summarise
from . import marks

BEST_CONTROL: dict[str, Any] = {
    "color": "0.25",
    "linestyle": (0, (1, 1)),
    "linewidth": 1.2,
    "label": "Best of the controls",
}


def draw(records: pd.DataFrame, group: str, labels: Mapping[str, str], title: str) -> Figure:
    """Bars by the column ``group``, whose values are printed as ``labels`` says.

    Across the bars of a group stand the two lines that they have to pass: chance, and the best of
    the controls.
    """
    means = summarise(records, [group, "method"])
    of_methods = means[~means["method"].isin(CONTROL_LABELS)]
    groups, methods = list(means[group].unique()), list(of_methods["method"].unique())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 1.5 + len(groups) * (0.15 + 0.11 * len(methods))))
        axes = figure.add_subplot()
        marks.rows(axes, [labels.get(name, name) for name in groups])
        for place, name in enumerate(groups):
            bars = of_methods[of_methods[group] == name]
            places = [place + offset for offset in marks.offsets(len(bars))]
            marks.bars(axes, bars, places, height=0.8 / len(bars))
            _lines(axes, place, means[means[group] == name])
        axes.set_xlim(left=0)
        axes.set_xlabel(marks.SHARE)
        figure.suptitle(title)
        lines = [Line2D([], [], **marks.CHANCE), Line2D([], [], **BEST_CONTROL)]
        bar_handles = marks.bar_handles(methods)
        marks.legend(figure, [*bar_handles, *lines], columns=2)
        return figure


def _lines(axes: Axes, place: int, means: pd.DataFrame) -> None:
    """The level of chance and the best control, across the bars at ``place``."""
    ends = place - 0.45, place + 0.45
    controls = means[means["method"].isin(CONTROL_LABELS)]
    levels = [(marks.level_of_chance(means), marks.CHANCE), (controls["mean"].max(), BEST_CONTROL)]
    for level, look in levels:
        axes.vlines(level, *ends, zorder=4, **{**look, "label": None})
