"""What the charts are made of: bars and points with their intervals, and the level of chance."""

import re
from collections.abc import Collection, Iterable, Sequence
from textwrap import wrap
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..methods import ALL_LABELS
from ..style import MARKERS, PALETTE

SHARE = "Mean concentration, 95 % interval\n(share of energy on the mask)"
SHARE_UPRIGHT = "Mean concentration,\n95 % interval"
DIFFERENCE = "Mean difference, 95 % interval"
SIGNIFICANT = 0.05  # of p, by Holm's correction
MINUS = "\N{MINUS SIGN}"
CHANCE: dict[str, Any] = {
    "color": "0.25",
    "linestyle": (0, (4, 2)),
    "linewidth": 0.9,
    "label": "Chance (mask fraction)",
}
INTERVAL: dict[str, Any] = {"color": "0.15", "linewidth": 0.9, "zorder": 3}


def bars(axes: Axes, table: pd.DataFrame, places: Sequence[float], height: float) -> None:
    """A horizontal bar a row of the summary ``table``, in its method's colour, and its interval."""
    colors = [PALETTE[method] for method in table["method"]]
    axes.barh(places, table["mean"], height=height, color=colors)
    axes.hlines(places, table["low"], table["high"], **INTERVAL)


def points(
    axes: Axes,
    table: pd.DataFrame,
    places: Sequence[float],
    columns: Sequence[str] = ("mean", "low", "high"),
) -> None:
    """A marker a row of the ``table``, in its method's colour and shape, and its interval.

    A column ``marker`` tells another shape. The marker is hollow where the table has tests and
    this one's is not significant.
    """
    value, low, high = columns
    for place, (_, row) in zip(places, table.iterrows(), strict=True):
        color, marker = PALETTE[row["method"]], row.get("marker", MARKERS[row["method"]])
        hollow = "p_holm" in row and not row["p_holm"] < SIGNIFICANT
        fill = "white" if hollow else color
        axes.hlines([place], row[low], row[high], color=color, zorder=3)
        axes.plot([row[value]], [place], marker, color=color, markerfacecolor=fill, zorder=3)


def beside(
    axes: Axes, ends: Iterable[float], places: Iterable[float], texts: Iterable[str]
) -> None:
    """A text right of each mark, which ends at ``ends``; none where that is undefined."""
    for end, place, text in zip(ends, places, texts, strict=True):
        if pd.notna(end):
            axes.annotate(
                text, (end, place), (3, 0), textcoords="offset points", va="center", fontsize=7
            )


def rows(axes: Axes, labels: Sequence[str]) -> None:
    """Rows named ``labels`` at 0, 1, ... from top to bottom, with a grid of values behind."""
    axes.set_yticks(range(len(labels)), [wrapped(label) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def wrapped(label: str, most: int = 24) -> str:
    """The label in lines of at most so many characters, broken where names have joints."""
    lines = []
    for line in label.split("\n"):
        lines.append("")
        for part in re.findall(rf"[^-_. ]{{1,{most}}}[-_. ]?|[-_. ]", line):
            if len(lines[-1] + part.rstrip()) > most:
                lines.append("")
            lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def offsets(count: int, room: float = 0.8) -> list[float]:
    """Where ``count`` marks of a row stand about its middle, from top to bottom."""
    return [room * ((place + 0.5) / count - 0.5) for place in range(count)]


def level_of_chance(table: pd.DataFrame, chance: str = "mask_fraction") -> float:
    """The mean ``chance`` of the defined records in the summary ``table``; NaN without any."""
    defined = (table["records"] - table["undefined"]).where(table["records"] > table["undefined"])
    return float((table[chance] * defined).sum() / defined.sum())


def net_label(net: str, untrained: Collection[str]) -> str:
    """The net as print names it, which tells that it knows nothing."""
    return f"{net}\n(untrained)" if net in untrained else net


def bar_handles(methods: Iterable[str]) -> list[Patch]:
    """Legend entries of bars."""
    return [Patch(color=PALETTE[method], label=ALL_LABELS[method]) for method in methods]


def point_handles(methods: Iterable[str], linestyle: Literal["", "-"] = "") -> list[Line2D]:
    """Legend entries of points, or of lines with points."""
    return [
        Line2D(
            [], [], color=PALETTE[m], marker=MARKERS[m], linestyle=linestyle, label=ALL_LABELS[m]
        )
        for m in methods
    ]


def hollow_handle() -> Line2D:
    """The legend entry of what is not significant."""
    look: dict[str, Any] = {"color": "0.25", "marker": "o", "markerfacecolor": "white"}
    label = f"p ≥ {SIGNIFICANT:g} (Wilcoxon, Holm)"
    return Line2D([], [], linestyle="", label=label, **look)


def legend(
    figure: Figure, handles: Sequence[Any], columns: int, records: pd.DataFrame | None = None
) -> None:
    """A legend below the figure's axes, headed by what is undefined of the ``records``."""
    note = [] if records is None else undefined(records, width=figure.get_figwidth())
    figure.set_figheight(figure.get_figheight() + 0.13 * len(note))
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": columns}
    figure.legend(handles=handles, title="\n".join(note), title_fontsize=7, **place)


def undefined(records: pd.DataFrame, width: float) -> list[str]:
    """The records that a chart leaves out, by method, in lines of a ``width`` in inches."""
    missing = records["concentration"].isna().groupby(records["method"]).agg(["sum", "size"])
    told = [
        f"{ALL_LABELS[method]} {missing.loc[method, 'sum']} of {missing.loc[method, 'size']}"
        for method in ALL_LABELS
        if method in missing.index and missing.loc[method, "sum"]
    ]
    said = f"Left out, as undefined: {', '.join(told)}" if told else ""
    return wrap(said, int(17 * width))
