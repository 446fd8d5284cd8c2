"""Mean concentration by input size, and what another size changes for the same sample and net."""

from collections.abc import Collection, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..differences import between_sizes
from ..groups import of_methods, of_trained
from ..methods import ALL_LABELS
from ..style import MARKERS, PAGE, PALETTE, styled
from ..summaries import summarise
from . import marks


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Left the means, a line a method; right the paired differences to the first size."""
    trained = of_methods(of_trained(records, untrained))
    methods = list(trained["method"].unique())
    table = between_sizes(trained)
    first = trained["size"].iloc[0]
    to_first = table[table["other"] == first]
    with styled():
        figure = Figure(figsize=(PAGE, 1.8 + 0.2 * len(to_first)))
        left, right = figure.subplots(1, 2)
        others = to_first["size"].unique()
        compared = f"{others[0] if len(others) == 1 else 'size'} {marks.MINUS} {first}"
        _means(left, summarise(trained, ["size", "method"]))
        _differences(right, to_first, methods)
        right.set_xlabel(f"{marks.DIFFERENCE}\n({compared}, same sample and net)")
        figure.suptitle("Does the input size change where the saliency lies?")
        handles = [*marks.point_handles(methods, linestyle="-"), marks.hollow_handle()]
        marks.legend(figure, handles, 3, trained)
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
    axes.set_ylabel(marks.SHARE_UPRIGHT)


def _differences(axes: Axes, table: pd.DataFrame, methods: Sequence[str]) -> None:
    marks.rows(axes, [ALL_LABELS[method] for method in methods])
    axes.axvline(0, color="0.25", linewidth=0.9)
    sizes = list(table["size"].unique())
    for shift, size in zip(marks.offsets(len(sizes)), sizes, strict=True):
        of_size = table[table["size"] == size]
        places = [methods.index(method) + shift for method in of_size["method"]]
        marks.points(axes, of_size, places, ("difference", "low", "high"))
        if len(sizes) > 1:
            ends = of_size[["difference", "high"]].max(axis=1)
            marks.beside(axes, ends, places, len(places) * [size])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.margins(x=0.12)
