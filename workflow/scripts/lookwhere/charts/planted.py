"""Nets of known reason: the energy on the reason and on decoys, and how well it tells a cheat."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import PAGE, shortened, styled, wrapped
from lookwhere.methods.names import LABELS
from lookwhere.statistics import planted
from lookwhere.statistics.strata import counted, methods_only

CAPTION = """
Left, a panel for nets of each known reason: the share of the energy on what they use (filled, with
its 95 % bootstrap interval over images) and on what other nets use (hollow). Right: concentration
on the first class as a detector of nets that do not use it, a record at a time. Filled: the area
under the ROC curve, with its interval; 0.5 is chance. Hollow: how many of the cheating
(sensitivity) have a lift below 1, and how many of the honest (specificity) have not.
"""
TITLE = "Does the energy lie on what a net is known to use?"
MOST, SIGNS, LINES = 5, 15, 3  # panels of reasons; characters and lines of a title
SHAPES = ("o", "^", "s", "D", "v")
DECOY: dict[str, Any] = {
    "color": "0.45",
    "markerfacecolor": "white",
    "markersize": 3.5,
    "linestyle": "",
}
REASON: dict[str, Any] = {
    "color": "0.25",
    "marker": "o",
    "linestyle": "",
    "label": "Filled: what the nets use, and area",
}
AUC = ("auc", "auc_low", "auc_high")
RATES = {"sensitivity": "<", "specificity": ">"}
TICKS = ([0, 0.5, 1], ["0", "0.5", "1"])


@chart(
    "planted",
    "Nets of known reason",
    source="measures",
    needs=["honest and cheating nets"],
    options=["reasons"],
    caption=CAPTION,
)
def draw(records: pd.DataFrame, reasons: Mapping[str, Sequence[str]]) -> Figure:
    """A panel a reason, and one of the detector; in each a row a method."""
    known = planted.of_known_reason(records, reasons)
    smallest = {net: names[:1] for net, names in reasons.items()}
    shares = planted.shares(records, smallest, by=["reason"])
    detection = planted.detection(records, reasons)
    methods = [str(name) for name in methods_only(records)["method"].unique()]
    names = list(records["class"].cat.categories)
    visible = sorted(shares["reason"].unique(), key=names.index)[:MOST]
    shapes = dict(zip(visible, SHAPES, strict=False))
    with styled():
        rows = min(0.16 * len(methods), panels.ROOM - 0.5)
        figure = Figure(figsize=(PAGE, 1.5 + rows))
        *of_reasons, last = figure.subplots(1, len(visible) + 1, sharey=True, squeeze=False)[0]
        for axes in (*of_reasons, last):
            labels = [shortened(LABELS[method], panels.NAME) for method in methods]
            artists.label_rows(axes, labels, panels.NAME)
            axes.set_xlim(0, 1)
            axes.set_xticks(*TICKS)
        for axes, reason in zip(of_reasons, visible, strict=True):
            _shares(axes, shares[shares["reason"] == reason], methods, shapes)
            axes.set_title(_title(f"Nets that use {reason}"), fontsize=8)
            axes.set_xlabel("Share of energy")
        _areas(last, detection, methods)
        last.set_title(_title(f"Tells who does not use {names[0]}"), fontsize=8)
        figure.suptitle(TITLE)
        notes = artists.notes(known, intervals=shares["low"])
        left_out = planted.left_out(records, reasons)
        notes += [f"Left out: {counted(left_out, 'net')} of no known reason"] if left_out else []
        hidden = shares["reason"].nunique() - len(visible)
        notes += artists.left_out(hidden, "reason", "planted")
        artists.legend(figure, _handles(shapes, shares), 4, notes)
        return figure


def _shares(
    axes: Axes, table: pd.DataFrame, methods: Sequence[str], shapes: Mapping[str, str]
) -> None:
    """The shares of one reason's nets: on the reason in colour, on others hollow and grey."""
    table = table[table["class"].isin(list(shapes))].assign(
        marker=lambda rows: rows["class"].astype(str).map(shapes),
        place=lambda rows: [methods.index(name) for name in rows["method"]],
    )
    is_true = table["role"] == planted.TRUE
    axes.axvline(artists.level_of_chance(table[is_true]), **artists.CHANCE)
    for row in table[~is_true].to_dict("records"):
        axes.plot([row["mean"]], [row["place"]], marker=row["marker"], clip_on=False, **DECOY)
    artists.points(axes, table[is_true], list(table.loc[is_true, "place"]), counts=False)


def _areas(axes: Axes, detection: pd.DataFrame, methods: Sequence[str]) -> None:
    """The area under the ROC curve of each method, and the rates at a lift of 1, of records."""
    table = detection[detection["unit"] == "image"]
    places = [methods.index(name) for name in table["method"]]
    axes.axvline(0.5, **artists.CHANCE)
    for rate, marker in RATES.items():
        axes.plot(table[rate], places, marker=marker, clip_on=False, **DECOY)
    artists.points(axes, table, places, AUC, counts=False)
    axes.set_xlabel("Area, rates")


def _title(text: str) -> str:
    return "\n".join(wrapped(text, SIGNS).split("\n")[:LINES])


def _handles(shapes: Mapping[str, str], shares: pd.DataFrame) -> list[Line2D]:
    """Legend entries: the shapes of classes and rates, what is filled, and chance."""
    hollow = {shortened(name, 24): shape for name, shape in shapes.items()}
    hollow |= {f"{rate.capitalize()} at lift 1": marker for rate, marker in RATES.items()}
    of_shapes = [Line2D([], [], label=name, marker=m, **DECOY) for name, m in hollow.items()]
    chance = Line2D([], [], **{**artists.CHANCE, "label": "Chance"})
    return [*of_shapes, Line2D([], [], **REASON), chance, *artists.partial_handles(shares)]
