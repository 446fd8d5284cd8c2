"""What the charts are made of: bars and points with their intervals, and the level of chance."""

from collections.abc import Iterable, Sequence
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
    """A marker a row of the ``table``, in its method's colour and shape, and its interval."""
    value, low, high = columns
    for place, (_, row) in zip(places, table.iterrows(), strict=True):
        color, marker = PALETTE[row["method"]], MARKERS[row["method"]]
        axes.hlines([place], row[low], row[high], color=color, zorder=3)
        axes.plot([row[value]], [place], color=color, marker=marker, linestyle="", zorder=3)


def rows(axes: Axes, labels: Sequence[str]) -> None:
    """Rows named ``labels`` at 0, 1, ... from top to bottom, with a grid of values behind."""
    axes.set_yticks(range(len(labels)), [wrapped(label) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def wrapped(label: str, most: int = 24) -> str:
    """The label in lines of at most so many characters: names may be long, columns are narrow."""
    return "\n".join(part for line in label.split("\n") for part in wrap(line, most))


def offsets(count: int, room: float = 0.8) -> list[float]:
    """Where ``count`` marks of a row stand about its middle, from top to bottom."""
    return [room * ((place + 0.5) / count - 0.5) for place in range(count)]


def level_of_chance(table: pd.DataFrame) -> float:
    """The mean mask fraction of the defined records in the summary ``table``."""
    defined = table["records"] - table["undefined"]
    return float((table["mask_fraction"] * defined).sum() / defined.sum())


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


def legend(figure: Figure, handles: Sequence[Any], columns: int) -> None:
    """A legend below the figure's axes."""
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
