"""Mean concentration of every method over the trained nets, beside what knows nothing of them."""

from collections.abc import Collection
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..groups import grouped, of_methods, of_trained
from ..methods import ALL_LABELS
from ..style import COLUMN, styled
from ..summaries import summarise
from . import marks

HOLLOW: dict[str, Any] = {
    "color": "0.15",
    "marker": "D",
    "markerfacecolor": "white",
    "markersize": 4,
    "linestyle": "",
    "zorder": 4,
}


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Bars by method and control; hollow marks where the same method explains untrained nets."""
    by = ["training", "method"]
    means = summarise(grouped(records, by, untrained), by)
    trained = means[means["training"] == "trained"]
    twins = of_methods(means[means["training"] == "untrained"])
    methods = trained["method"].tolist()
    with styled():
        figure = Figure(figsize=(COLUMN, 1.3 + 0.22 * len(methods)))
        axes = figure.add_subplot()
        marks.rows(axes, [ALL_LABELS[method] for method in methods])
        marks.bars(axes, trained, range(len(methods)), height=0.7)
        ends = trained[["mean", "high"]].max(axis=1)
        marks.beside(axes, ends, range(len(methods)), [f"{mean:.2f}" for mean in trained["mean"]])
        handles = [axes.axvline(marks.level_of_chance(trained), **marks.CHANCE)]
        if len(twins):
            places = [methods.index(method) for method in twins["method"]]
            axes.plot(twins["mean"], places, **HOLLOW)
            handles.append(Line2D([], [], label="Same method, untrained net", **HOLLOW))
        axes.set_xlim(0, 1.1 * ends.max() if ends.notna().any() else 1)
        axes.set_xlabel(marks.SHARE)
        figure.suptitle("How much of the saliency lies on the object?")
        marks.legend(figure, handles, 2, of_trained(records, untrained))
        return figure
