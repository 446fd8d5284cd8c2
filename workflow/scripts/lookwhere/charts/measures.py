"""Every measure of every method: do they agree on which method is ahead?"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists
from lookwhere.charts.style import COLUMN, styled
from lookwhere.statistics.strata import of_trained
from lookwhere.statistics.summary import summarise_measures

CAPTION = """
The means of five measures of the same maps over the trained nets, with 95 % bootstrap intervals
over images. Dashed: the level of chance, which is the mask's share of the image, or that of the
bounding boxes. Half filled: more than a fifth of the records are undefined.
"""


def draw(records: pd.DataFrame) -> Figure:
    """Points by measure over the trained nets, and the level of chance of each."""
    means = summarise_measures(of_trained(records))
    names, methods = list(means["measure"].unique()), list(means["method"].unique())
    with styled():
        figure = Figure(figsize=(COLUMN, 1.7 + len(names) * 0.08 * len(methods)))
        axes = figure.add_subplot()
        labels = [name.replace("_", " ").capitalize() for name in names]
        artists.rows(axes, [label.replace(" accuracy", "\naccuracy") for label in labels])
        for place, name in enumerate(names):
            of_measure = means[means["measure"] == name]
            places = [place + offset for offset in artists.offsets(len(of_measure))]
            artists.points(axes, of_measure, places)
            axes.vlines(
                artists.level_of_chance(of_measure, "chance"),
                place - 0.45,
                place + 0.45,
                **artists.CHANCE,
            )
        axes.set_xlim(left=0)
        axes.set_xlabel("Mean of the measure")
        figure.suptitle("Do the measures agree?")
        chance = Line2D([], [], **{**artists.CHANCE, "label": "Chance (mask or box)"})
        handles = [*artists.point_handles(methods), *artists.partial_handles(means), chance]
        artists.legend(
            figure,
            handles,
            2,
            artists.notes(of_trained(records), intervals=means["low"]),
        )
        return figure
