"""Every method beside the controls, net by net: the one that decides, and the others."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import MARKERS, styled, wrapped
from lookwhere.statistics import verdicts
from lookwhere.statistics.paired import TOO_FEW
from lookwhere.statistics.strata import between, trained_only

CAPTION = """
Paired differences in concentration between every method and the controls, on the same sample and
size; one panel a trained net. In colour, with its 95 % bootstrap interval over images: the control
that decides the verdict on the method. It is the one with the lowest difference, of those that are
ahead of the method, else of those from which it does not differ significantly, else of all. Grey:
the other controls. Right of 0 the method is ahead of the control, left of 0 behind it; hollow: not
significant (Wilcoxon's p is 0.05 or more, by Holm's correction over all methods and controls of the
net). Untrained: the same method on a net of the same architecture with random weights.
"""
TITLE = "Does each method beat all controls?"
LABEL = "Mean difference in concentration (same sample and size)"
DIFFERENCE = ("difference", "low", "high")
OTHER: dict[str, Any] = {"color": "0.6", "linestyle": "", "markersize": 3.5, "zorder": 2.5}
FURTHER = "os^v<>pD"  # shapes of controls that have none of their own


@chart("controls", "Methods and controls", source="all", caption=CAPTION)
def draw(sources: Mapping[str, pd.DataFrame]) -> Figure:
    """A panel a trained net, in it a row a method and a mark a control."""
    records, more = sources["measures"], (sources.get("rivals"), sources.get("cascade"))
    every = verdicts.against_controls(records, *more)
    deciding = verdicts.deciding(every)
    every = every[every["result"] != TOO_FEW]
    shapes = _shapes([str(control) for control in every["control"].unique()])
    deciding = deciding.assign(
        marker=[shapes.get(name, "o") for name in deciding["control"]],
        records=deciding["pairs"] + deciding["undefined"],
    )
    tables = {str(net): of_net for net, of_net in deciding.groupby("net", sort=False)}
    rows = {method: place for place, method in enumerate(deciding["method"].unique())}

    def mark(axes: Axes, of_net: pd.DataFrame) -> None:
        """The zero line, and the controls of the net that decide nothing."""
        axes.axvline(0, color="0.25", linewidth=0.9)
        others = every.merge(of_net[["net", "method", "control"]], how="left", indicator=True)
        others = others[others["net"].isin(of_net["net"]) & (others["_merge"] == "left_only")]
        for control, against in others.groupby("control", sort=False):
            places = [rows[method] for method in against["method"]]
            axes.plot(against["difference"], places, marker=shapes[control], **OTHER)

    with styled({"lines.markersize": 5}):
        page = panels.draw(tables, LABEL, DIFFERENCE, mark)
        for axes, net in zip(page.axes.values(), tables, strict=False):
            _remarks(axes, tables[net], records[records["net"] == net], rows)
        page.figure.suptitle(TITLE)
        tests = between(every.groupby("net")["p"].count()) if len(every) else "0"
        notes = [
            artists.tests(tests, "pairs of method and control, net by net"),
            *artists.notes(trained_only(records), intervals=deciding["low"]),
            *artists.left_out(len(page.left_out), "net", "verdicts"),
        ]
        artists.legend(page.figure, _handles(deciding, shapes), 4, notes)
        return page.figure


def _remarks(
    axes: Axes, of_net: pd.DataFrame, records: pd.DataFrame, rows: Mapping[str, int]
) -> None:
    """Why a row of a net is empty."""
    defined = records[records["status"] != artists.NOT_DEFINED]
    for method in of_net.loc[of_net["verdict"] == TOO_FEW, "method"]:
        is_defined = (defined["method"] == method).any()
        artists.remark(axes, rows[method], "too few images" if is_defined else "not defined")


def _handles(deciding: pd.DataFrame, shapes: Mapping[str, Any]) -> list[Line2D]:
    """Legend entries: a shape a control, which marks decide, and what is hollow or half filled."""
    style: dict[str, Any] = {"color": "0.25", "linestyle": ""}
    named = [Line2D([], [], marker=shapes[name], label=_name(name), **style) for name in shapes]
    others = Line2D([], [], marker="o", label="Grey: the other controls", **OTHER)
    hollow, partial = artists.hollow_handles(deciding), artists.partial_handles(deciding)
    return [*named, others, *hollow, *partial]


def _shapes(controls: Sequence[str]) -> dict[str, Any]:
    """A shape a control; those that are no map of the library's own get the first free one."""
    own = {name: MARKERS[name] for name in controls if name in MARKERS}
    free = cycle([shape for shape in FURTHER if shape not in own.values()])
    return {name: own.get(name) or next(free) for name in controls}


def _name(control: str) -> str:
    label = verdicts.label(control)
    return wrapped(f"Untrained: {control}", 28) if label == control else label  # a net's name
