"""A panel a group, in it a row a method: what studies of many methods or groups have room for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists
from lookwhere.charts.style import PAGE, shortened, wrapped
from lookwhere.methods.names import ALL_LABELS

COLUMNS, MOST_COLUMNS = 4, 6  # panels beside each other, in several rows and at most
ROOM = 7.2  # inches of a page for panels; the others are for title, legend and notes
SIGN = 0.075  # inches: the width of a sign, and of the space around names
NAME = 36  # signs of a method's name
MOST_LINES = 5  # of a title


@dataclass(frozen=True)
class Panels:
    """A figure of panels, and the groups that it has no room for."""

    figure: Figure
    axes: Mapping[str, Axes]  # by group
    left_out: Sequence[str]


def needed(methods: int, height: float) -> bool:
    """Whether groups of so many ``methods``, in a figure of this ``height``, need panels."""
    return methods > artists.FEW_METHODS or height > ROOM


def draw(
    tables: Mapping[str, pd.DataFrame],
    label: str,
    columns: Sequence[str] = ("mean", "low", "high"),
    mark: Callable[[Axes, pd.DataFrame], None] = lambda axes, table: None,
) -> Panels:
    """The points of each of the ``tables``, by the title of the panel; ``mark`` draws behind them.

    ``columns`` hold value, lower and upper end; ``label`` names the axis.
    """
    methods = list(dict.fromkeys(m for table in tables.values() for m in table["method"]))
    groups = list(tables)
    names = [shortened(ALL_LABELS[method], NAME) for method in methods]
    rows = min(artists.LINE * len(names), ROOM - 0.5)
    width = PAGE - SIGN * max(map(len, names))
    for across in range(_usual_columns(len(groups)), MOST_COLUMNS + 1):
        titles = [_title(group, int(width / across / SIGN)) for group in groups]
        height = rows + 0.2 + 0.13 * max(title.count("\n") + 1 for title in titles)
        most = across * max(1, int(ROOM / height))
        if most >= len(groups):
            break
    shown = groups[:most]
    down = ceil(len(shown) / across)
    figure = Figure(figsize=(PAGE, 1.2 + down * height))
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes, group, title in zip(grid.flat, shown, titles, strict=False):
        table = tables[group]
        artists.rows(axes, names, NAME)
        mark(axes, table)
        places = [methods.index(method) for method in table["method"]]
        artists.points(axes, table, places, columns, counts=False)
        axes.set_title(title, fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(3 if across <= COLUMNS else 2))
    for place, axes in enumerate(grid.flat):
        axes.set_visible(place < len(shown))
        if place < len(shown) <= place + across:  # the last of its column
            axes.tick_params(axis="x", labelbottom=True)
    last = len(shown) - across * (down - 1)  # panels in the last row, below whose middle it stands
    grid[-1, last // 2].set_xlabel(label, x=0.5 if last % 2 else 0)
    return Panels(figure, dict(zip(shown, grid.flat, strict=False)), groups[len(shown) :])


def _usual_columns(groups: int) -> int:
    """One row of panels, or rows of as many, where there is room for all of these."""
    return groups if groups <= MOST_COLUMNS else ceil(groups / ceil(groups / COLUMNS))


def _title(group: str, signs: int) -> str:
    """The title in lines of so many ``signs``; a long one ends in dots."""
    lines = wrapped(group, signs).split("\n")
    return "\n".join(lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "..."])
