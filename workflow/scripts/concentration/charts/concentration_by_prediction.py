"""Concentration by how sure the net is of the target, compared within classes.

Which class an image shows decides both how sure nets are and how concentrated maps are, so means of
all records by rank or probability would compare classes. What is drawn is the mean over classes of
the difference within the class.
"""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..groups import counted, of_methods, of_trained
from ..intervals import FEWEST
from ..style import COLUMN, styled
from ..summaries import within_classes
from . import marks

CAPTION = """
How concentration differs from that of the records of which the net is surest, by the rank of the
target among the outputs, or by its probability where each output has one of its own (sigmoid).
Over the trained nets: the mean over classes of the difference within the class, since classes
differ in both, with 95 % bootstrap intervals over images. In brackets the images, and the classes
that can be compared. The images still differ: those of larger and clearer objects may have the
better ranks.
"""

# Where the bins end, by how the outputs are read; the first bin is the surest.
ENDS = {"softmax": [0, 1, 2, 5, 10, 100, np.inf], "sigmoid": [1, 0.999, 0.99, 0.9, 0.5, 0]}
COLUMNS = {"softmax": "target_rank", "sigmoid": "target_probability"}
LABELS = {"softmax": "Rank of the target", "sigmoid": "Probability of the target"}


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """A panel for softmax, for sigmoid, or both; in it a row a bin and a mark a method."""
    trained = of_methods(of_trained(records, untrained))
    panels = list(trained["output_activation"].unique())
    methods = list(trained["method"].unique())
    tables = [_table(trained[trained["output_activation"] == name], name) for name in panels]
    lines = [max(1, table["bin"].nunique()) for table in tables]
    with styled():
        height = 1.6 + sum(lines) * max(0.3, 0.1 + 0.08 * len(methods))
        figure = Figure(figsize=(COLUMN, height))
        drawn = figure.subplots(len(panels), 1, squeeze=False, sharex=True, height_ratios=lines)
        for axes, table, name in zip(drawn[:, 0], tables, panels, strict=True):
            _panel(axes, table, methods)
            axes.set_ylabel(LABELS[name])
        axes.set_xlabel(f"{marks.DIFFERENCE}\n(to the first row, within classes)")
        figure.suptitle("Does the map stay on the object\nwhere the net is less sure?")
        few = f"No mean of fewer than {FEWEST} images"
        marks.legend(figure, marks.point_handles(methods), 2, marks.notes(trained, few))
        return figure


def _table(records: pd.DataFrame, activation: str) -> pd.DataFrame:
    """One row a method and bin that has records, surest first, with ``within_classes``."""
    bins = _bins(records, activation)
    names = [name for name in bins.cat.categories if (bins == name).any()]
    rows: list[Mapping[str, Any]] = []
    for name in names:
        images = records.loc[bins == name, "image_id"].nunique()
        for method, group in records.groupby("method", sort=False):
            of_bin = bins[group.index]
            within = within_classes(group, of_bin == name, of_bin == names[0])
            rows.append({"method": method, "bin": name, "images": images, **within})
    return pd.DataFrame(rows, columns=None if rows else ["method", "bin"])


def _bins(records: pd.DataFrame, activation: str) -> pd.Series:
    """The bin of each record; the first, which others are compared with, of images enough."""
    values, ends = records[COLUMNS[activation]].astype(float), list(ENDS[activation])
    while len(ends) > 2 and records["image_id"][_within(values, *ends[:2])].nunique() < FEWEST:
        del ends[1]
    bins = list(pairwise(ends))
    names = [_name(*bin_ends) for bin_ends in bins]
    found = pd.Series(None, records.index, dtype="object")
    for name, bin_ends in zip(names, bins, strict=True):
        found[_within(values, *bin_ends)] = name
    return found.astype(pd.CategoricalDtype(names))


def _within(values: pd.Series, sure: float, unsure: float) -> pd.Series:
    """Which ranks or probabilities lie in a bin: its upper end does, its lower does not."""
    low, high = sorted((sure, unsure))
    return (values > (low or -1)) & (values <= high)  # a probability may be 0


def _name(sure: float, unsure: float) -> str:
    """``3-5`` or ``> 100`` of ranks, ``0.9-0.99`` or ``≤ 0.5`` of probabilities."""
    low, high = sorted((sure, unsure))
    ranks = sure < unsure
    if high == (np.inf if ranks else 1):
        return f"> {low:g}"
    if low == 0 and not ranks:
        return f"≤ {high:g}"
    first = low + 1 if ranks else low
    return f"{high:g}" if first == high else f"{first:g}-{high:g}"


def _panel(axes: Axes, table: pd.DataFrame, methods: list[str]) -> None:
    names = list(table["bin"].unique())
    labels = []
    for place, name in enumerate(names):
        of_bin = table[table["bin"] == name]
        images, classes = of_bin["images"].iloc[0], of_bin["classes"].max()
        compared = f", {counted(classes, 'class', 'classes')}" if place else ""
        labels.append(f"{name}\n({counted(images, 'image')}{compared})")
        if place:
            places = [
                place + marks.offsets(len(methods))[methods.index(m)] for m in of_bin["method"]
            ]
            marks.points(axes, of_bin, places, ("within_class", "within_low", "within_high"))
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.axvline(0, color="0.25", linewidth=0.9)
    axes.xaxis.set_major_locator(MaxNLocator(5))
