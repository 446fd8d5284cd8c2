"""Lift of every net and method: how many times as much energy on the object as by chance."""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..style import COLUMN, styled
from ..summaries import summarise
from . import marks


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Points by net on a logarithmic axis, controls among them."""
    lifts = summarise(records, ["net", "method"])
    nets, methods = list(lifts["net"].unique()), list(lifts["method"].unique())
    with styled():
        figure = Figure(figsize=(COLUMN, 1.7 + len(nets) * 0.08 * len(methods)))
        axes = figure.add_subplot()
        marks.rows(axes, [marks.net_label(net, untrained) for net in nets])
        for place, net in enumerate(nets):
            places = [place + offset for offset in marks.offsets(len(methods))]
            of_net = lifts[lifts["net"] == net]
            marks.points(axes, of_net, places, ("lift", "lift_low", "lift_high"))
        axes.axvline(1, **marks.CHANCE)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("Lift, 95 % interval, logarithmic axis\n(concentration / mask fraction)")
        figure.suptitle("How much better than chance?")
        chance = Line2D([], [], **{**marks.CHANCE, "label": "Chance (lift 1)"})
        marks.legend(figure, [*marks.point_handles(methods), chance], 2, records)
        return figure
