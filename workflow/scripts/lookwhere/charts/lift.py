"""Lift of every net and method: how many times as much energy on the object as by chance."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, styled
from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.statistics.strata import (
    as_text,
    methods_only,
    mostly_undefined,
    once,
    untrained_nets,
)
from lookwhere.statistics.summary import summarise

CAPTION = """
Lift, mean concentration / mean mask fraction, on a logarithmic axis, with 95 % bootstrap
intervals over images: 1 is an uninformative map. A lift of 0 stands at the left edge, with its
number. The controls need no net: they are the same beside each. Half filled: more than a fifth
of the records are undefined.
"""
TITLE = "How much better than chance?"
LABEL = "Lift, logarithmic axis"
LIFT = ("lift", "lift_low", "lift_high")
CONTROLS = "Controls\n(no net)"


@chart("lift", "Lift", source="measures", caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """Points by net on a logarithmic axis, and a row of the controls."""
    unique = as_text(once(records))
    of_no_net = unique["method"].isin(CONTROL_LABELS)
    lifts = summarise(unique.assign(net=unique["net"].mask(of_no_net, CONTROLS)), ["net", "method"])
    nets = [*records["net"].unique(), *([CONTROLS] if of_no_net.any() else [])]
    methods = list(records["method"].unique())
    untrained = untrained_nets(records)
    count = methods_only(lifts)["method"].nunique()
    height = len(nets) * (0.08 + 0.09 * count)
    notes = artists.notes(records, intervals=lifts["lift_low"])
    with styled():
        chance = Line2D([], [], **{**artists.CHANCE, "label": "Chance (lift 1)"})
        handles = [*artists.partial_handles(lifts), chance]
        if panels.needed(count, height):
            tables = {
                artists.net_label(net, untrained): lifts[lifts["net"].isin([net, CONTROLS])]
                for net in records["net"].unique()
            }
            return _panels(tables, handles, notes)
        figure = Figure(figsize=(COLUMN, 1.7 + height))
        axes = figure.add_subplot()
        artists.label_rows(axes, [artists.net_label(net, untrained) for net in nets])
        axes.axvline(1, **artists.CHANCE)
        axes.set_xscale("log")
        of_nets = [lifts[lifts["net"] == net] for net in nets]
        places = [
            pd.Series(artists.dodge(len(of_net)), of_net.index) + place
            for place, of_net in enumerate(of_nets)
        ]
        for of_net, heights in zip(of_nets, places, strict=True):
            artists.points(axes, _without_zero(of_net), list(heights), LIFT)
        _at_the_edge([axes], [lifts], [pd.concat(places)])
        _ticks(axes)
        axes.set_xlabel(f"{LABEL}\n(concentration / mask fraction)")
        figure.suptitle(TITLE)
        artists.legend(figure, [*artists.point_handles(methods), *handles], 2, notes)
        return figure


def _panels(
    tables: Mapping[str, pd.DataFrame], handles: Sequence[Line2D], notes: Sequence[str]
) -> Figure:
    """A panel a net, in it a row a method and control."""

    def mark(axes: Axes, _: pd.DataFrame) -> None:
        axes.axvline(1, **artists.CHANCE)
        axes.set_xscale("log")

    of_axes = {net: _without_zero(of_net) for net, of_net in tables.items()}
    page = panels.draw(of_axes, LABEL, LIFT, mark)
    of_nets = [tables[net] for net in page.axes]
    places = [pd.Series(range(len(of_net)), of_net.index) for of_net in of_nets]
    _at_the_edge(list(page.axes.values()), of_nets, places)
    for axes in page.axes.values():
        _ticks(axes)
    page.figure.suptitle(TITLE)
    rest = artists.left_out(len(page.left_out), "net", "concentration_by_net")
    artists.legend(page.figure, handles, 4, [*notes, *rest])
    return page.figure


def _ticks(axes: Axes) -> None:
    """Ticks as plain numbers, also between powers of ten where there is room."""
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _without_zero(lifts: pd.DataFrame) -> pd.DataFrame:
    """The lifts without those of 0: points far outside would leave the axes no room."""
    is_zero = lifts["lift"] == 0
    return lifts.assign(
        lift=lifts["lift"].mask(is_zero), undefined=lifts["undefined"].mask(is_zero, 0)
    )


def _at_the_edge(
    every_axes: Sequence[Axes], tables: Sequence[pd.DataFrame], places: Sequence[pd.Series]
) -> None:
    """Lifts of 0, which have no place on a logarithmic axis, at its left edge."""
    if not any((lifts["lift"] == 0).any() for lifts in tables):
        return
    low, high = every_axes[0].get_xlim()
    edge = low / (high / low) ** 0.05
    every_axes[0].set_xlim(edge, high)
    for axes, lifts, of_rows in zip(every_axes, tables, places, strict=True):
        zero = lifts[lifts["lift"] == 0]
        at_edge = zero.assign(lift=edge, lift_low=edge, lift_high=edge, undefined=0)
        artists.points(axes, at_edge, list(of_rows[zero.index]), LIFT)
        texts = [
            "0" + (f" ({artists.how_many(row)})" if few else "")
            for few, row in zip(mostly_undefined(zero), zero.to_dict("records"), strict=True)
        ]
        artists.annotate_ends(axes, [edge] * len(zero), of_rows[zero.index], texts, size=6)
