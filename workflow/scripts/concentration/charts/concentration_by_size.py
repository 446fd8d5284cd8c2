"""Mean concentration by input size, and what another size changes for the same sample and net."""

from collections.abc import Collection

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..differences import between_sizes
from ..groups import of_trained
from ..methods import ALL_LABELS, CONTROL_LABELS
from ..style import MARKERS, PAGE, PALETTE, STYLE
from ..summaries import summarise
from . import marks


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Left the means, a line a method; right the paired differences to the first size."""
    of_methods = of_trained(records, untrained)
    of_methods = of_methods[~of_methods["method"].isin(CONTROL_LABELS)]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PAGE, 2.8))
        left, right = figure.subplots(1, 2)
        _means(left, summarise(of_methods, ["size", "method"]))
        _differences(right, between_sizes(of_methods))
        figure.suptitle("Does the input size change where the saliency lies?")
        methods = of_methods["method"].unique()
        marks.legend(figure, marks.point_handles(methods, linestyle="-"), columns=5)
        return figure


def _means(axes: Axes, means: pd.DataFrame) -> None:
    sizes = list(means["size"].unique())
    places = {size: place for place, size in enumerate(sizes)}
    methods = list(means["method"].unique())
    for shift, method in zip(marks.offsets(len(methods), room=0.2), methods, strict=True):
        line = means[means["method"] == method]
        x = line["size"].map(places) + shift
        look = {"color": PALETTE[method]}
        axes.vlines(x, line["low"], line["high"], **look)
        axes.plot(x, line["mean"], marker=MARKERS[method], **look)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.set_xlim(-0.4, len(sizes) - 0.6)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.set_xlabel("Input size (original, or pixels)")
    axes.set_ylabel(marks.SHARE)


def _differences(axes: Axes, table: pd.DataFrame) -> None:
    labels = [
        f"{ALL_LABELS[row.method]}\n{row.size} {marks.MINUS} {row.other}"
        for row in table.itertuples()
    ]
    marks.rows(axes, labels)
    axes.axvline(0, color="0.25", linewidth=0.9)
    marks.points(axes, table, range(len(table)), ("difference", "low", "high"))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("Mean difference in concentration\n(same sample and net)")
