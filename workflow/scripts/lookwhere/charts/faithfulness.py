"""Faithfulness of every method, by each metric that needs the net."""

import pandas as pd
from matplotlib.figure import Figure

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import styled
from lookwhere.statistics import concordance
from lookwhere.statistics.strata import methods_only, trained_only
from lookwhere.statistics.summary import summarise_measures

CAPTION = """
Means of the metrics of faithfulness over the trained nets, with 95 % bootstrap intervals over
images, each on its own scale. Numbers of one panel compare methods on the same images and nets;
those of several panels, data sets or nets do not compare.
"""
TITLE = "Does the net need what the map shows?"


@chart("faithfulness", "Faithfulness", source="measures", needs=["faithfulness"], caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A panel a metric, in it a row a method."""
    trained = methods_only(trained_only(records))
    means = summarise_measures(trained, needs_net=True)
    names = list(means["measure"].unique())
    titles = concordance.labels(names, with_direction=True)
    tables = {t: means[means["measure"] == n] for t, n in zip(titles, names, strict=True)}
    with styled():
        page = panels.draw(tables, "", one_scale=False)
        for axes in page.figure.axes:
            axes.set_xlabel("Mean")
        page.figure.suptitle(TITLE)
        handles = artists.partial_handles(means)
        rest = artists.left_out(len(page.left_out), "metric", "measures")
        notes = [*artists.notes(trained, intervals=means["low"]), *rest]
        artists.legend(page.figure, handles, 4, notes)
        return page.figure
