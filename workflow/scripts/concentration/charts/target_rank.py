"""Mean concentration by the rank of the target: do maps of wrong answers leave the object?"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..groups import of_methods, of_trained
from ..style import COLUMN, MARKERS, PALETTE, styled
from ..summaries import summarise
from . import marks

BINS = {"1": 1, "2": 2, "3-5": 5, "6-10": 10, "11-100": 100, "> 100": np.inf}
FEWEST = 5  # images that a mean is drawn of


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Points a bin of ranks, a colour a method, over the trained nets, and chance."""
    trained = of_methods(of_trained(records, untrained))
    bins = pd.cut(trained["target_rank"], [0, *BINS.values()], labels=list(BINS))
    binned = trained.assign(bin=bins).dropna(subset="bin").sort_values("bin", kind="stable")
    images = binned.groupby("bin", observed=True)["image_id"].nunique()
    shown, methods = list(images.index), list(trained["method"].unique())
    drawn = binned[binned["bin"].isin(images[images >= FEWEST].index)]
    with styled():
        figure = Figure(figsize=(COLUMN, 3.3))
        axes = figure.add_subplot()
        if len(drawn):
            _points(axes, summarise(drawn, ["bin", "method"]), shown, methods)
        axes.set_xticks(range(len(shown)), [f"{name}\n({images[name]})" for name in shown])
        axes.set_xlim(-0.5, len(shown) - 0.5)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_xlabel("Rank of the target\n(number of images)")
        axes.set_ylabel(marks.SHARE_UPRIGHT)
        figure.suptitle("Does the map stay on the object\nwhen the net ranks it lower?")
        handles = [*marks.point_handles(methods), Line2D([], [], **marks.CHANCE)]
        marks.legend(figure, handles, 2, trained)
        return figure


def _points(axes: Axes, means: pd.DataFrame, shown: Sequence[str], methods: Sequence[str]) -> None:
    for shift, method in zip(marks.offsets(len(methods), room=0.5), methods, strict=True):
        line = means[means["method"] == method]
        x = [shown.index(name) + shift for name in line["bin"]]
        axes.vlines(x, line["low"], line["high"], color=PALETTE[method])
        look = {"color": PALETTE[method], "marker": MARKERS[method], "linestyle": ""}
        axes.plot(x, line["mean"], **look)
    for place, name in enumerate(shown):
        of_bin = means[means["bin"] == name]
        if of_bin["sum"].any():
            level = marks.level_of_chance(of_bin)
            axes.hlines([level], place - 0.4, place + 0.4, **{**marks.CHANCE, "label": None})
