"""A panel a group, in it a row a method: the layout for many methods or groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lookwhere.charts import artists
from lookwhere.charts.style import PAGE, shortened, wrapped
from lookwhere.methods.names import ALL_LABELS

COLUMNS, MOST_COLUMNS = 4, 6  # panels beside each other, in several rows and at most
ROOM = 7.2  # inches of a page for panels; the rest is for title, legend and notes
SIGN = 0.075  # inches: the width of a character, and of the space around names
NAME = 36  # characters of a method's name
MOST_LINES = 5  # of a title
TITLE_SIZES = (8, 7.5, 7)  # points


@dataclass(frozen=True)
class Panels:
    """A figure of panels, and the groups without room."""

    figure: Figure
    axes: Mapping[str, Axes]  # by group
    left_out: Sequence[str]


def needed(methods: int, height: float) -> bool:
    """Whether a figure of so many ``methods`` and this ``height`` (inches) needs panels."""
    return methods > artists.FEW_METHODS or height > ROOM


def draw(
    tables: Mapping[str, pd.DataFrame],
    label: str,
    columns: Sequence[str] = ("mean", "low", "high"),
    mark: Callable[[Axes, pd.DataFrame], None] = lambda axes, table: None,
    one_scale: bool = True,
    together: int = 1,
) -> Panels:
    """The points of each of the ``tables``, by the title of the panel; ``mark`` draws behind them.

    ``columns`` hold value, lower and upper end; ``label`` names the axis, which is that of all
    panels unless they have no ``one_scale``. So many groups stand ``together`` in a row that has
    room for them.
    """
    methods = list(dict.fromkeys(m for table in tables.values() for m in table["method"]))
    groups = list(tables)
    names = [shortened(ALL_LABELS[method], NAME) for method in methods]
    rows = min(artists.LINE * len(names), ROOM - 0.5)
    width = PAGE - SIGN * max(map(len, names))
    rows += 0.2 if one_scale else 0.4  # numbers below each panel, and what they are
    step = together if together <= MOST_COLUMNS else 1
    first = step if step > 1 else _usual_columns(len(groups))
    for across in range(first, MOST_COLUMNS + 1, step):
        size, signs = _type(groups, width / across)
        titles = [_title(group, signs) for group in groups]
        height = rows + 0.13 * max(title.count("\n") + 1 for title in titles)
        most = across * max(1, int(ROOM / height))
        if most >= len(groups):
            break
    visible = groups[:most]
    down = ceil(len(visible) / across)
    figure = Figure(figsize=(PAGE, 1.2 + down * height))
    grid = figure.subplots(down, across, squeeze=False, sharex=one_scale, sharey=True)
    for axes, group, title in zip(grid.flat, visible, titles, strict=False):
        table = tables[group]
        artists.label_rows(axes, names, NAME)
        mark(axes, table)
        places = [methods.index(method) for method in table["method"]]
        artists.points(axes, table, places, columns, counts=False)
        axes.set_title(title, fontsize=size)
        artists.tick_values(axes.xaxis)
    for place, axes in enumerate(grid.flat):
        axes.set_visible(place < len(visible))
        if place < len(visible) <= place + across:  # the last of its column
            axes.tick_params(axis="x", labelbottom=True)
    last = len(visible) - across * (down - 1)  # panels in the last row
    grid[-1, last // 2].set_xlabel(label, x=0.5 if last % 2 else 0)
    return Panels(figure, dict(zip(visible, grid.flat, strict=False)), groups[len(visible) :])


def _usual_columns(groups: int) -> int:
    """The number of columns: all groups in one row, or rows of equal length."""
    return groups if groups <= MOST_COLUMNS else ceil(groups / ceil(groups / COLUMNS))


def _type(groups: Sequence[str], width: float) -> tuple[float, int]:
    """Points of titles of this ``width``, smaller where words would break; characters a line."""
    signs = {points: int(8 / points * width / SIGN) for points in TITLE_SIZES}
    longest = max(len(word) for group in groups for word in group.split())
    size = next((points for points in signs if longest <= signs[points]), TITLE_SIZES[0])
    return size, signs[size]


def _title(group: str, signs: int) -> str:
    """The title in lines of at most ``signs`` characters; a long one ends in dots."""
    lines = wrapped(group, signs).split("\n")
    return "\n".join(lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "..."])
