"""On how many images each method is ahead of each other, over the trained nets."""

import pandas as pd
from matplotlib.figure import Figure

from lookwhere.charts import artists, matrix
from lookwhere.charts.registry import chart
from lookwhere.charts.style import styled
from lookwhere.statistics import wins
from lookwhere.statistics.paired import SIGNIFICANT
from lookwhere.statistics.strata import between, trained_only

CAPTION = """
On how many images the method of the row is ahead of that of the column: an image is the mean of its
paired differences in concentration, on the same sample, net and size, over the trained nets. Those
with the most wins stand first. *: the difference is significant, as Wilcoxon's p by Holm's
correction over all pairs of methods is below 0.05. =: equal on every image.
"""
TITLE = "On how many images is a method ahead?"


@chart("wins", "Wins of methods", source="measures", needs=["several methods"], caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A cell a pair of methods: the number of images, coloured by their share."""
    both = wins.wins(records)
    order = wins.in_order(both, "share")
    equal = both["ahead"] + both["behind"] == 0
    cells = both.assign(text=both["ahead"].astype("str").mask(equal, "="))
    cells = cells.set_index(["method", "other"]).unstack()
    values, texts = (cells[name].loc[order, order] for name in ("share", "text"))
    notes = [
        f"Of {between(both['images'])} images; *: significant, p < {SIGNIFICANT:g}",
        artists.tests(f"{both['p'].count() // 2}", "pairs of methods"),
        *artists.notes(trained_only(records)),
    ]
    labels = "Row ahead of column", "Share of the images"
    with styled():
        figure = matrix.draw(both, values, texts, (0, 1), labels, notes, stars=True)
        figure.suptitle(TITLE)
        return figure
