"""Paired differences in concentration between every method and what knows nothing of the net."""

from collections.abc import Collection
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..differences import differences
from ..groups import of_trained
from ..methods import ALL_LABELS, LABELS
from ..style import COLUMN, MARKERS, styled
from . import marks


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """A row a method, a mark a control: the mean difference on the same record."""
    table = differences(records, [], untrained)
    table = table[~table["other"].isin(LABELS)]
    methods, others = list(table["method"].unique()), list(table["other"].unique())
    shapes = {**MARKERS, **dict(zip(untrained, cycle("ph8<>d"), strict=False))}
    with styled({"lines.markersize": 5.5}):
        figure = Figure(figsize=(COLUMN, 1.7 + len(methods) * 0.12 * (1 + len(others))))
        axes = figure.add_subplot()
        marks.rows(axes, [ALL_LABELS[method] for method in methods])
        axes.axvline(0, color="0.25", linewidth=0.9)
        for shift, other in zip(marks.offsets(len(others)), others, strict=True):
            against = table[table["other"] == other].assign(marker=shapes[other])
            places = [methods.index(method) + shift for method in against["method"]]
            marks.points(axes, against, places, ("difference", "low", "high"))
        axes.set_xlabel(f"{marks.DIFFERENCE}\n(concentration, same record)")
        figure.suptitle("Does the method beat what knows nothing\nof the net?")
        look: dict[str, Any] = {"color": "0.25", "linestyle": ""}
        handles = [Line2D([], [], marker=shapes[o], label=_name(o), **look) for o in others]
        handles.append(marks.hollow_handle())
        marks.legend(figure, handles, 2, of_trained(records, untrained))
        return figure


def _name(other: str) -> str:
    return ALL_LABELS.get(other, marks.wrapped(f"Untrained: {other}"))
