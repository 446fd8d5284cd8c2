"""Mean concentration of every method over the trained nets, beside the controls."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import styled
from lookwhere.methods.names import ALL_LABELS
from lookwhere.statistics import agreement
from lookwhere.statistics.strata import methods_only, mostly_undefined, trained_only, untrained_nets
from lookwhere.statistics.summary import summarise

CAPTION = """
Mean concentration of every method over the trained nets, with 95 % bootstrap intervals over
images. Short ticks: the mean of each net. Grey bars: the controls. Crosses: the same method on
nets with random weights. Dashed: the mask fraction, which an uninformative map scores on average.
Hatched: more than a fifth of the records are undefined, and the mean is of what is left.
"""

UNTRAINED: dict[str, Any] = {
    "color": "0.1",
    "marker": "x",
    "markersize": 3.5,
    "linestyle": "",
    "zorder": 4,
    "label": "Same method, untrained net",
}
TEXT = 3  # inches, for the number of records beside a bar
LOW = 0.24  # of the ticks of nets below the middle of a bar


@chart("concentration", "Concentration", source="measures", caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """Bars by method and control; ticks of single nets, crosses of untrained ones."""
    trained = trained_only(records)
    means = summarise(trained)
    methods = means["method"].tolist()
    with styled():
        labels = [ALL_LABELS[method] for method in methods]
        width, height, signs = artists.size_of_rows(labels, 0.24)
        figure = Figure(figsize=(width, 1.3 + height))
        axes = figure.add_subplot()
        artists.label_rows(axes, labels, signs)
        artists.bars(axes, means, range(len(methods)), height=0.8)
        artists.remarks(axes, methods, trained)
        of_nets = _means_of_nets(trained)
        furthest = of_nets.groupby(level="method").max().reindex(methods).to_numpy()
        ends = means[["mean", "high"]].assign(net=furthest).max(axis=1)
        artists.annotate_ends(axes, ends, range(len(methods)), _labels(means))
        handles = [axes.axvline(artists.level_of_chance(means), **artists.CHANCE)]
        if trained["net"].nunique() > 1:
            _mark(axes, of_nets, methods, LOW, artists.NET)
            handles.append(Line2D([], [], **artists.NET))
        counterparts = methods_only(records[records["net"].isin(untrained_nets(records))])
        if len(counterparts):
            _mark(axes, _means_of_nets(counterparts), methods, -LOW, UNTRAINED)
            handles.append(Line2D([], [], **UNTRAINED))
        for_number = TEXT / width
        room = ends * [1 + (for_number if few else 0.1) for few in mostly_undefined(means)]
        axes.set_xlim(0, room.max() if room.notna().any() else 1)
        axes.set_xlabel(artists.SHARE)
        figure.suptitle("How much of the saliency lies on the object?")
        notes = artists.notes(trained, *_exceptions(trained), intervals=means["low"])
        artists.legend(figure, handles, 2, notes)
        return figure


def _exceptions(trained: pd.DataFrame) -> list[str]:
    """A note on the pairs of methods that some group ranks otherwise: which one, or how many."""
    pairs = agreement.reversals(trained)
    if len(pairs) < 2:
        return list(agreement.sentences(pairs, trained, "below"))
    groups = {column for of_pair in pairs.values() for column in of_pair}
    names = " or ".join(column for column in agreement.POOLED if column in groups)
    count = f"{len(pairs)} pairs of methods (see tables/differences_by_*)"
    return [f"Another order in a {names}: {count}"]


def _labels(means: pd.DataFrame) -> list[str]:
    partial = mostly_undefined(means)
    return [
        f"{row['mean']:.2f}" + (f" ({artists.how_many(row)})" if few else "")
        for few, row in zip(partial, means.to_dict("records"), strict=True)
    ]


def _means_of_nets(records: pd.DataFrame) -> pd.Series:
    """The mean of each net and method, without the controls, which have no net."""
    return methods_only(records).groupby(["net", "method"], sort=False)["concentration"].mean()


def _mark(
    axes: Axes, means: pd.Series, methods: list[str], shift: float, style: dict[str, Any]
) -> None:
    """A mark at the mean of each net and method, ``shift`` below the middle of the bar."""
    places = [methods.index(method) + shift for _, method in means.index]
    axes.plot(means, places, **{**style, "label": None})
