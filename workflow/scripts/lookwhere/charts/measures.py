"""Every measure of every method: do they agree on which method is ahead?"""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, styled
from lookwhere.statistics.strata import methods_only, trained_only
from lookwhere.statistics.summary import summarise_measures

CAPTION = """
The means of the measures of the same maps that need no net over the trained nets, with 95 %
bootstrap intervals over images. Dashed: the level of chance, which is the mask's share of the
image, or that of the bounding boxes. Half filled: more than a fifth of the records are undefined.
"""
TITLE = "Do the measures agree?"


@chart("measures", "Measures", source="measures", caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """Points by measure over the trained nets, and the level of chance of each."""
    means = summarise_measures(trained_only(records), needs_net=False)
    names, methods = list(means["measure"].unique()), list(means["method"].unique())
    labels = [name.replace("_", " ").capitalize() for name in names]
    notes = artists.notes(trained_only(records), intervals=means["low"])
    with styled():
        chance = Line2D([], [], **{**artists.CHANCE, "label": "Chance (mask or box)"})
        handles = [*artists.partial_handles(means), chance]
        if panels.needed(methods_only(means)["method"].nunique(), len(names) * 0.08 * len(methods)):
            tables = {
                label: means[means["measure"] == name]
                for name, label in zip(names, labels, strict=True)
            }
            return _panels(tables, handles, notes)
        figure = Figure(figsize=(COLUMN, 1.7 + len(names) * 0.08 * len(methods)))
        axes = figure.add_subplot()
        artists.label_rows(axes, [label.replace(" accuracy", "\naccuracy") for label in labels])
        for place, name in enumerate(names):
            of_measure = means[means["measure"] == name]
            places = [place + offset for offset in artists.dodge(len(of_measure))]
            artists.points(axes, of_measure, places)
            axes.vlines(
                artists.level_of_chance(of_measure, "chance"),
                place - 0.45,
                place + 0.45,
                **artists.CHANCE,
            )
        axes.set_xlim(left=0)
        axes.set_xlabel("Mean of the measure")
        figure.suptitle(TITLE)
        artists.legend(figure, [*artists.point_handles(methods), *handles], 2, notes)
        return figure


def _panels(
    tables: Mapping[str, pd.DataFrame], handles: Sequence[Line2D], notes: Sequence[str]
) -> Figure:
    """A panel a measure, in it a row a method and control."""

    def mark(axes: Axes, table: pd.DataFrame) -> None:
        axes.axvline(artists.level_of_chance(table, "chance"), **artists.CHANCE)

    page = panels.draw(tables, "Mean", mark=mark)
    next(iter(page.axes.values())).set_xlim(left=0)
    page.figure.suptitle(TITLE)
    rest = artists.left_out(len(page.left_out), "measure", "measures")
    artists.legend(page.figure, handles, 4, [*notes, *rest])
    return page.figure
