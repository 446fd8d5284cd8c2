"""Paired differences in concentration between input sizes, on the same sample and net."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import styled
from lookwhere.methods.names import ALL_LABELS
from lookwhere.statistics import agreement
from lookwhere.statistics.paired import between_sizes, family
from lookwhere.statistics.strata import methods_only, trained_only

CAPTION = """
What another input size changes in concentration, on the same sample and net, over the trained
nets: the mean of the paired differences to the first size, with 95 % bootstrap intervals over
images. Hollow: Wilcoxon's p is 0.05 or more, by Holm's correction over the methods.
"""


@chart(
    "concentration_by_size",
    "Concentration by size",
    source="measures",
    needs=["several sizes"],
    caption=CAPTION,
)
def draw(records: pd.DataFrame) -> Figure:
    """A row a method: the paired differences to the first size."""
    trained = methods_only(trained_only(records))
    methods = list(trained["method"].unique())
    table = between_sizes(trained)
    first = table["other"].iloc[0]  # of the sizes that nets share
    table = table[table["other"] == first]
    sizes = list(table["size"].unique())
    with styled():
        labels = [ALL_LABELS[method] for method in methods]
        width, height, signs = artists.size_of_rows(labels, 0.22 * len(sizes))
        figure = Figure(figsize=(width, 1.3 + height))
        axes = figure.add_subplot()
        artists.label_rows(axes, labels, signs)
        artists.remarks(axes, methods, trained)
        axes.axvline(0, color="0.25", linewidth=0.9)
        for shift, size in zip(artists.dodge(len(sizes)), sizes, strict=True):
            of_size = table[table["size"] == size]
            places = [methods.index(method) + shift for method in of_size["method"]]
            artists.points(axes, of_size, places, ("difference", "low", "high"))
            if len(sizes) > 1:
                ends = of_size[["difference", "high"]].max(axis=1)
                artists.annotate_ends(axes, ends, places, len(places) * [size])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.12)
        difference = f"{sizes[0] if len(sizes) == 1 else 'size'} {artists.MINUS} {first}"
        axes.set_xlabel(f"{artists.DIFFERENCE}\n({difference}, same sample, net)")
        figure.suptitle("Does the input size change\nwhere the saliency lies?")
        tests = artists.tests(family(table, ["size"]), "methods, size by size")
        exceptions = agreement.first(agreement.changes(trained, table))
        artists.legend(
            figure,
            [*artists.hollow_handles(table), *artists.partial_handles(table)],
            1,
            [tests, *artists.notes(trained, *exceptions, intervals=table["low"])],
        )
        return figure
