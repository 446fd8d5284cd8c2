"""Every measure of every method: do they agree on which method is ahead?"""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..groups import of_trained
from ..style import COLUMN, styled
from ..summaries import summarise_measures
from . import marks

CAPTION = """
The means of five measures of the same maps over the trained nets, with 95 % bootstrap intervals
over images. Dashed: the level of chance, which is the mask's share of the image, or that of the
bounding boxes. Half filled: more than a fifth of the records are undefined.
"""


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Points by measure over the trained nets, and the level of chance of each."""
    means = summarise_measures(of_trained(records, untrained))
    names, methods = list(means["measure"].unique()), list(means["method"].unique())
    with styled():
        figure = Figure(figsize=(COLUMN, 1.7 + len(names) * 0.08 * len(methods)))
        axes = figure.add_subplot()
        labels = [name.replace("_", " ").capitalize() for name in names]
        marks.rows(axes, [label.replace(" accuracy", "\naccuracy") for label in labels])
        for place, name in enumerate(names):
            of_measure = means[means["measure"] == name]
            places = [place + offset for offset in marks.offsets(len(of_measure))]
            marks.points(axes, of_measure, places)
            axes.vlines(
                marks.level_of_chance(of_measure, "chance"),
                place - 0.45,
                place + 0.45,
                **marks.CHANCE,
            )
        axes.set_xlim(left=0)
        axes.set_xlabel("Mean of the measure")
        figure.suptitle("Do the measures agree?")
        chance = Line2D([], [], **{**marks.CHANCE, "label": "Chance (mask or box)"})
        handles = [*marks.point_handles(methods), *marks.partial_handles(means), chance]
        marks.legend(
            figure, handles, 2, marks.notes(of_trained(records, untrained), intervals=means["low"])
        )
        return figure
