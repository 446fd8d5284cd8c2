"""Mean concentration of every method in every group: a row of points a group, or a panel."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists, panels
from lookwhere.charts.style import COLUMN, PAGE, styled
from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.statistics.strata import counted, methods_only
from lookwhere.statistics.summary import summarise

COLUMN_HOLDS = 8  # groups; more are in two columns, on the width of a page
BEST_CONTROL: dict[str, Any] = {
    "color": "0.25",
    "linestyle": (0, (1, 1)),
    "linewidth": 1.2,
    "label": "Best of the controls",
}


def draw(records: pd.DataFrame, group: str, labels: Mapping[str, str], title: str) -> Figure:
    """Points by the column ``group``, with ``labels`` for some of its values.

    Two lines across the points of a group mark what they should exceed: chance, and the best of the
    controls.
    """
    means = summarise(records, [group, "method"])
    groups, methods = list(means[group].unique()), list(methods_only(means)["method"].unique())
    columns = 1 if len(groups) <= COLUMN_HOLDS else 2
    rows = ceil(len(groups) / columns)
    height = rows * (0.3 + 0.1 * len(methods))
    images = means.groupby(group, sort=False)["images"].max()
    names = {
        name: f"{labels.get(name, name)}\n({counted(images[name], 'image')})" for name in groups
    }
    notes = artists.notes(records, intervals=means["low"])
    with styled():
        lines = [Line2D([], [], **artists.CHANCE), Line2D([], [], **BEST_CONTROL)]
        handles = [*artists.partial_handles(means), *lines]
        if panels.needed(len(methods), height):
            return _panels(means, group, names, title, handles, notes)
        figure = Figure(figsize=(COLUMN if columns == 1 else PAGE, 1.5 + height))
        grid = figure.subplots(1, columns, squeeze=False, sharex=True)[0]
        for place, axes in enumerate(grid):
            _points(axes, means, group, groups[place * rows : (place + 1) * rows], names)
        grid[0].set_xlim(left=0)
        figure.suptitle(title)
        handles = [*artists.point_handles(methods), *handles]
        artists.legend(figure, handles, 2 * columns, notes)
        return figure


def _panels(
    means: pd.DataFrame,
    group: str,
    names: Mapping[str, str],
    title: str,
    handles: Sequence[Line2D],
    notes: Sequence[str],
) -> Figure:
    """A panel a group, in it a row a method and control."""
    tables = {name: means[means[group] == value] for value, name in names.items()}
    page = panels.draw(tables, artists.SHARE, mark=lambda axes, table: _lines(axes, None, table))
    next(iter(page.axes.values())).set_xlim(left=0)
    page.figure.suptitle(title.replace("\n", " "))
    plural = "classes" if group == "class" else None
    rest = artists.left_out(len(page.left_out), group, f"concentration_by_{group}", plural)
    artists.legend(page.figure, handles, 4, [*notes, *rest])
    return page.figure


def _points(
    axes: Axes, means: pd.DataFrame, group: str, groups: Sequence[str], names: Mapping[str, str]
) -> None:
    artists.label_rows(axes, [names[name] for name in groups])
    for place, name in enumerate(groups):
        of_group = means[means[group] == name]
        of_methods = methods_only(of_group)
        places = [place + offset for offset in artists.dodge(len(of_methods))]
        artists.points(axes, of_methods, places)
        _lines(axes, place, of_group)
        if place:
            axes.axhline(place - 0.5, color="0.85", linewidth=0.6)
    axes.set_xlabel(artists.SHARE)


def _lines(axes: Axes, place: int | None, means: pd.DataFrame) -> None:
    """The level of chance and the best control, across the points at ``place``, or all."""
    controls = means[means["method"].isin(CONTROL_LABELS)]
    levels = [
        (artists.level_of_chance(means), artists.CHANCE),
        (controls["mean"].max(), BEST_CONTROL),
    ]
    for level, style in levels:
        style = {**style, "label": None}
        if place is None:
            axes.axvline(level, **style)
        else:
            axes.vlines(level, place - 0.45, place + 0.45, zorder=2, **style)
