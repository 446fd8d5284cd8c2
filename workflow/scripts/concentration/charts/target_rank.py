"""Mean concentration by the rank of the target: do maps of wrong answers leave the object?"""

from collections.abc import Collection

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..groups import of_trained
from ..methods import CONTROL_LABELS
from ..style import COLUMN, MARKERS, PALETTE, STYLE
from ..summaries import summarise
from . import marks

BINS = {"1": 1, "2": 2, "3 to 5": 5, "6 to 10": 10, "11 to 100": 100, "over 100": np.inf}


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Points a bin of ranks, a colour a method, over the trained nets."""
    of_methods = of_trained(records, untrained)
    of_methods = of_methods[~of_methods["method"].isin(CONTROL_LABELS)]
    bins = pd.cut(of_methods["target_rank"], [0, *BINS.values()], labels=list(BINS))
    binned = of_methods.assign(bin=bins).dropna(subset="bin").sort_values("bin", kind="stable")
    means = summarise(binned, ["bin", "method"])
    shown = [name for name in BINS if name in set(means["bin"])]
    methods = list(of_methods["method"].unique())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 3.3))
        axes = figure.add_subplot()
        for shift, method in zip(marks.offsets(len(methods), room=0.5), methods, strict=True):
            line = means[means["method"] == method]
            x = [shown.index(name) + shift for name in line["bin"]]
            axes.vlines(x, line["low"], line["high"], color=PALETTE[method])
            look = {"color": PALETTE[method], "marker": MARKERS[method], "linestyle": ""}
            axes.plot(x, line["mean"], **look)
        counts = binned.drop_duplicates(["sample", "net", "size"])["bin"].value_counts()
        axes.set_xticks(range(len(shown)), [f"{name}\n({counts[name]})" for name in shown])
        axes.set_xlim(-0.5, len(shown) - 0.5)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_xlabel("Rank of the target\n(number of records)")
        axes.set_ylabel(marks.SHARE)
        figure.suptitle("Does the map stay on the object\nwhen the net ranks it lower?")
        marks.legend(figure, marks.point_handles(methods), columns=2)
        return figure
