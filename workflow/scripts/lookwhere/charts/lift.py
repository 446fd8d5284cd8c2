"""Lift of every net and method: how many times as much energy on the object as by chance."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lookwhere.charts import artists
from lookwhere.charts.style import COLUMN, styled
from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.statistics.strata import (
    as_text,
    mostly_undefined,
    of_methods,
    once,
    untrained_nets,
)
from lookwhere.statistics.summary import summarise

CAPTION = """
Lift, mean concentration / mean mask fraction, on a logarithmic axis, with 95 % bootstrap
intervals over images: 1 is an uninformative map. A lift of 0 stands at the left edge, with its
number. The controls need no net and are drawn once. Half filled: more than a fifth of the records
are undefined.
"""
CONTROLS = "Controls\n(no net)"


def draw(records: pd.DataFrame) -> Figure:
    """Points by net on a logarithmic axis, and a row of the controls."""
    counted = as_text(once(records))
    of_no_net = counted["method"].isin(CONTROL_LABELS)
    lifts = summarise(
        counted.assign(net=counted["net"].mask(of_no_net, CONTROLS)), ["net", "method"]
    )
    nets = [*records["net"].unique(), *([CONTROLS] if of_no_net.any() else [])]
    methods = list(records["method"].unique())
    with styled():
        figure = Figure(
            figsize=(
                COLUMN,
                1.7 + len(nets) * (0.08 + 0.09 * of_methods(lifts)["method"].nunique()),
            )
        )
        axes = figure.add_subplot()
        untrained = untrained_nets(records)
        artists.rows(axes, [artists.net_label(net, untrained) for net in nets])
        axes.axvline(1, **artists.CHANCE)
        axes.set_xscale("log")
        for place, net in enumerate(nets):
            of_net = lifts[lifts["net"] == net]
            places = [place + offset for offset in artists.offsets(len(of_net))]
            artists.points(axes, of_net, places, ("lift", "lift_low", "lift_high"))
        _at_the_edge(axes, lifts, nets)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("Lift, logarithmic axis\n(concentration / mask fraction)")
        figure.suptitle("How much better than chance?")
        chance = Line2D([], [], **{**artists.CHANCE, "label": "Chance (lift 1)"})
        artists.legend(
            figure,
            [*artists.point_handles(methods), *artists.partial_handles(lifts), chance],
            2,
            artists.notes(records, intervals=lifts["lift_low"]),
        )
        return figure


def _at_the_edge(axes: Axes, lifts: pd.DataFrame, nets: list[str]) -> None:
    """Lifts of 0, which a logarithmic axis has no place for, at its left edge."""
    if not (lifts["lift"] == 0).any():
        return
    low, high = axes.get_xlim()
    edge = low / (high / low) ** 0.05
    axes.set_xlim(edge, high)
    for place, net in enumerate(nets):
        of_net = lifts[lifts["net"] == net]
        places = pd.Series(artists.offsets(len(of_net)), of_net.index) + place
        zero = of_net[of_net["lift"] == 0]
        at_edge = zero.assign(lift=edge, lift_low=edge, lift_high=edge, undefined=0)
        artists.points(axes, at_edge, places[zero.index], ("lift", "lift_low", "lift_high"))
        texts = [
            "0" + (f" ({artists.how_many(row)})" if few else "")
            for few, row in zip(mostly_undefined(zero), zero.to_dict("records"), strict=True)
        ]
        artists.beside(axes, [edge] * len(zero), places[zero.index], texts, size=6)
