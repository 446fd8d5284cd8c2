"""Paired differences in concentration between every two methods, over the trained nets."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists
from lookwhere.charts.style import COLUMN, styled
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics import agreement
from lookwhere.statistics.paired import differences
from lookwhere.statistics.strata import of_trained

CAPTION = """
Paired differences in concentration between every two methods, the one ahead first, on the same
sample, net and size, over the trained nets, with 95 % bootstrap intervals over images. Hollow:
Wilcoxon's p by Holm's correction is 0.05 or more. Below: the classes, nets and sizes that order
two methods the other way round.
"""


def draw(records: pd.DataFrame) -> Figure:
    """A row a pair of methods, the one ahead first: the mean difference on the same record."""
    table = differences(records, [])
    table = table[table["other"].isin(LABELS)]
    table = table.sort_values("difference", ascending=False, kind="stable")
    labels = [
        f"{ALL_LABELS[r.method]}\n{artists.MINUS} {ALL_LABELS[r.other]}" for r in table.itertuples()
    ]
    trained = of_trained(records)
    with styled():
        figure = Figure(figsize=(COLUMN, 1.2 + 0.32 * len(table)))
        axes = figure.add_subplot()
        artists.rows(axes, labels)
        axes.axvline(0, color="0.25", linewidth=0.9)
        artists.points(axes, table, range(len(table)), ("difference", "low", "high"))
        for place, pairs in enumerate(table["pairs"]):
            if pairs == 0:
                artists.remark(axes, place, "no records in common")
        ends = table[["difference", "high"]].max(axis=1)
        artists.beside(axes, ends, range(len(table)), [f"{d:.3f}" for d in table["difference"]])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.22)
        axes.set_xlabel(f"{artists.DIFFERENCE}\n(same sample, net and size)")
        figure.suptitle("Which method is ahead, on the same records?")
        turned = agreement.first(
            agreement.sentences(agreement.reversals(trained), trained, "below")
        )
        artists.legend(
            figure,
            [*artists.hollow_handles(table), *artists.partial_handles(table)],
            1,
            artists.notes(trained, *turned, intervals=table["low"]),
        )
        return figure
