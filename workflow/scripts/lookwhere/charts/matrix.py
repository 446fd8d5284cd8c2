"""A cell a pair of methods: the layout for comparisons of every two."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lookwhere.charts import artists
from lookwhere.charts.style import COLUMN, PAGE, shortened
from lookwhere.methods.names import ALL_LABELS
from lookwhere.statistics.paired import SIGNIFICANT

CELLS = "RdBu"
CELL, LEAST_CELL = 0.24, 0.2  # inches: the side of a cell, and of the smallest with a number
SIGNS = 32  # of a name
NAMES = 2.0  # inches of the page's width for the names of the methods
SIGN = 0.06  # inches: the height of a character of a column's name
HEIGHT, BESIDE = 9.1, 1.3  # inches: of a page, and of all but cells, the columns' names and notes
DARK = (
    0.6  # share of the way from the middle of the colours to an end; on darker ones texts are white
)


def draw(
    pairs: pd.DataFrame,
    values: pd.DataFrame,
    texts: pd.DataFrame,
    limits: tuple[float, float],
    labels: tuple[str, str],
    notes: Sequence[str],
    stars: bool = False,
) -> Figure:
    """The figure, without a title.

    Parameters
    ----------
    pairs
        Every pair of methods in both orders, with its ``p_holm``.
    values, texts
        The number that colours each cell, and its text: a row and a column a method. Cells without
        a number are empty.
    limits
        The least and the highest value of the colours.
    labels
        Of the columns, and of the colours.
    notes
        Stand below.
    stars
        Cells of a significant difference have a star; by default the others are white.
    """
    rows, columns = values.index, values.columns
    tests = pairs.pivot(index="method", columns="other", values="p_holm")
    significant = (tests.reindex(index=rows, columns=columns) < SIGNIFICANT).to_numpy()
    shown = values if stars else values.where(significant)
    texts = texts + np.where(significant, "*", "") if stars else texts
    names = [[shortened(ALL_LABELS[str(m)], SIGNS) for m in methods] for methods in (rows, columns)]
    beside = BESIDE + SIGN * max(map(len, names[1]))
    width = COLUMN if len(rows) * CELL <= COLUMN - NAMES else PAGE
    height = HEIGHT - beside - artists.LINE * len(artists.lines_of(notes, width))
    side = min(CELL, (width - NAMES) / len(rows), height / len(rows))
    figure = Figure(figsize=(width, beside + side * len(rows)))
    axes = figure.add_subplot()
    style: dict[str, Any] = {"cmap": CELLS, "vmin": limits[0], "vmax": limits[1]}
    mesh = axes.pcolormesh(shown, edgecolors="white", linewidth=0.5, **style)
    if side <= LEAST_CELL:  # too small for numbers
        texts = texts.where(~values.notna(), np.where(significant & stars, "*", ""))
    levels = (shown - limits[0]) / (limits[1] - limits[0])
    for row, column in np.argwhere(values.notna().to_numpy()):
        if text := texts.iat[row, column]:
            _text(axes, row, column, text, levels.iat[row, column])
    middles = np.arange(len(rows)) + 0.5
    axes.set_yticks(middles, names[0])
    axes.set_xticks(middles, names[1], rotation=90)
    axes.invert_yaxis()
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(labels[0])
    bar = figure.colorbar(mesh, ax=axes, location="bottom", shrink=0.4, aspect=40, pad=0.02)
    bar.set_label(labels[1])
    artists.legend(figure, [], 1, notes)
    return figure


def _text(axes: Axes, row: int, column: int, text: str, level: float) -> None:
    """The text in its cell, white where the colour is dark: ``level`` is near 0, or near 1."""
    color = "white" if abs(2 * level - 1) > DARK else "0.1"
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=5.5, color=color)
