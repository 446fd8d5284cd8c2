"""Nets of known reason: the energy on the reason and on decoys, and how well it tells a cheat."""

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import PAGE, shortened, styled, wrapped
from lookwhere.methods.names import LABELS
from lookwhere.statistics import planted
from lookwhere.statistics.strata import counted, methods_only

CAPTION = """
Left, a panel for nets of each known reason: the share of the energy on what they use (filled, with
its 95 % bootstrap interval over images) and on what other nets use (hollow). Right: concentration
on the first class as a detector of nets that do not use it, a record at a time. Stars: the area
under the ROC curve (AUC), with its interval; 0.5 is chance. Grey: how many of the cheating
(sensitivity) have a lift below 1, and how many of the honest (specificity) have not.
"""
TITLE = "Does the energy lie on what a net is known to use?"
MOST, SIGNS, LINES = 5, 15, 3  # panels of reasons; characters and lines of a title
WIDER = 1.5  # times a panel of a reason: that of the detector
SHAPES = ("o", "^", "s", "D", "v")
# Above the filled marks, with a rim: visible on any of them.
GREY: dict[str, Any] = {
    "color": "0.3",
    "markerfacecolor": "none",
    "markeredgewidth": 0.8,
    "markersize": 4,
    "linestyle": "",
    "zorder": 4,
    "path_effects": [withStroke(linewidth=1.8, foreground="white")],
}
REASON: dict[str, Any] = {
    "color": "0.25",
    "marker": "o",
    "linestyle": "",
    "label": "Filled: what the nets use",
}
AUC = ("auc", "auc_low", "auc_high")
BELOW = 0.3  # of a row
AREA, RATES = "*", {"sensitivity": "+", "specificity": "x"}  # no shapes of classes
RATE_LABEL = "AUC; sensitivity and\nspecificity at lift 1"


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
        figure = Figure(figsize=(PAGE, 1.7 + rows))
        widths = [*[1] * len(visible), WIDER]
        [grid] = figure.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)
        *of_reasons, last = grid
        for axes in (*of_reasons, last):
            labels = [shortened(LABELS[method], panels.NAME) for method in methods]
            artists.label_rows(axes, labels, panels.NAME)
            axes.set_xlim(0, 1)
            artists.tick_values(axes.xaxis)
        for axes, reason in zip(of_reasons, visible, strict=True):
            _shares(axes, shares[shares["reason"] == reason], methods, shapes)
            axes.set_title(_title(f"Nets that use the {reason}"), fontsize=8)
            axes.set_xlabel("Share of energy")
        _areas(last, detection, methods)
        last.set_title(_title(f"Detects nets that do not use the {names[0]}", WIDER), fontsize=8)
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
        axes.plot([row["mean"]], [row["place"]], marker=row["marker"], clip_on=False, **GREY)
    artists.points(axes, table[is_true], list(table.loc[is_true, "place"]), counts=False)


def _areas(axes: Axes, detection: pd.DataFrame, methods: Sequence[str]) -> None:
    """The area under the ROC curve of each method, and the rates at a lift of 1, of records."""
    table = detection[detection["unit"] == "image"]
    places = [methods.index(name) for name in table["method"]]
    axes.axvline(0.5, **artists.CHANCE)
    below = [place + BELOW for place in places]  # near 1 they would hide the areas
    for rate, marker in RATES.items():
        axes.plot(table[rate], below, marker=marker, clip_on=False, **GREY)
    stars = table.assign(marker=AREA)
    artists.points(axes, stars, places, AUC, counts=False)
    values = table[[*AUC, *RATES]].stack().dropna()
    axes.set_xlim(floor(10 * min([0.5, *values])) / 10, 1.02)  # room for marks at 1
    axes.set_xlabel(RATE_LABEL)


def _title(text: str, width: float = 1) -> str:
    return "\n".join(wrapped(text, int(SIGNS * width)).split("\n")[:LINES])


def _handles(shapes: Mapping[str, str], shares: pd.DataFrame) -> list[Line2D]:
    """Legend entries: the shapes of classes and rates, what is filled, and chance."""
    hollow = {shortened(name, 24): shape for name, shape in shapes.items()}
    hollow |= {f"{rate.capitalize()} at lift 1": marker for rate, marker in RATES.items()}
    of_shapes = [Line2D([], [], label=name, marker=m, **GREY) for name, m in hollow.items()]
    chance = Line2D([], [], **{**artists.CHANCE, "label": "Chance"})
    area = Line2D([], [], color="0.25", marker=AREA, linestyle="", label="AUC")
    named = [*of_shapes, area, Line2D([], [], **REASON), chance]
    return [*named, *artists.partial_handles(shares)]
