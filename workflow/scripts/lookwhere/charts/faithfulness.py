"""Faithfulness of every method, by each metric that needs the net, and by net."""

import pandas as pd
from matplotlib.figure import Figure

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import styled
from lookwhere.statistics import concordance
from lookwhere.statistics.strata import methods_only, trained_only
from lookwhere.statistics.summary import summarise_measures

CAPTION = """
Means of the metrics of faithfulness on each trained net, with 95 % bootstrap intervals over images,
each panel on its own scale. Numbers of one panel compare methods on the same images; those of
several nets, metrics or data sets do not compare, as a probability on an empty image, or the size
of logits, is that of the net.
"""
TITLE = "Does the net need what the map shows?"


@chart("faithfulness", "Faithfulness", source="measures", needs=["faithfulness"], caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A panel a metric and net, in it a row a method; the nets of a metric beside each other."""
    trained = methods_only(trained_only(records))
    means = summarise_measures(trained, needs_net=True, by=["net", "method"])
    nets, names = list(trained["net"].unique()), list(means["measure"].unique())
    labels = concordance.labels(names, with_direction=True)
    tables = {
        f"{label}\n{net}" if len(nets) > 1 else label: means[
            (means["measure"] == name) & (means["net"] == net)
        ]
        for name, label in zip(names, labels, strict=True)
        for net in nets
    }
    with styled():
        page = panels.draw(tables, "", one_scale=False, together=len(nets))
        for axes in page.figure.axes:
            axes.set_xlabel("Mean")
        page.figure.suptitle(TITLE)
        handles = artists.partial_handles(means)
        rest = artists.left_out(len(page.left_out), "panel", "measures_by_net")
        notes = [*artists.notes(trained, intervals=means["low"]), *rest]
        artists.legend(page.figure, handles, 4, notes)
        return page.figure
