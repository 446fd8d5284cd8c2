"""The concentration of every image by method: what the mean hides."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import PALETTE, styled
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics.bootstrap import FEWEST
from lookwhere.statistics.strata import methods_only, once, trained_only
from lookwhere.statistics.summary import summarise

CAPTION = """
Concentration by method over the trained nets. A dot is an image: the mean of its records. The box
spans the middle half of the images, the line in it is their median, and whiskers reach to the
last image within 1.5 times the height of the box. Below: the classes of the tenth of the records
that has the lowest concentration by the leading method. Of fewer than ten images there is no box.
"""
MOST_VECTORS = 2000  # dots as shapes; more are rasterized, which keeps pdf and eps small


@chart("distribution", "Distribution over images", source="measures", caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A box and the images' dots a method and control, over the trained nets."""
    trained = trained_only(records)
    methods = list(trained["method"].unique())
    means = once(trained).groupby(["method", "image_id"], sort=False)["concentration"].mean()
    images = means.dropna().reset_index()
    with styled():
        labels = [ALL_LABELS[method] for method in methods]
        width, height, signs = artists.size_of_rows(labels, 0.3)
        figure = Figure(figsize=(width, 1.2 + height))
        axes = figure.add_subplot()
        if len(images):
            _boxes_and_dots(axes, images, methods)
        artists.label_rows(axes, labels, signs)
        artists.remarks(axes, methods, trained)
        axes.set(xlim=(-0.02, 1.02), ylabel="")
        axes.set_xlabel("Concentration of an image\n(mean of its records)")
        figure.suptitle("How does it vary between images?")
        dot: dict[str, Any] = {"color": "0.25", "marker": "o", "markersize": 2.4, "linestyle": ""}
        handles = [
            Line2D([], [], label="An image", **dot),
            Line2D([], [], color="0.2", linewidth=1.6, label="Median"),
        ]
        notes = artists.notes(trained, *_lowest(methods_only(trained)))
        artists.legend(figure, handles, 2, notes)
        return figure


def _boxes_and_dots(axes: Axes, images: pd.DataFrame, methods: Sequence[str]) -> None:
    """A box a method, and on it a dot an image, jittered across the row."""
    frame: dict[str, Any] = {
        "data": images,
        "x": "concentration",
        "y": "method",
        "order": methods,
        "ax": axes,
    }
    box: dict[str, Any] = {"boxprops": {"facecolor": "white"}, "medianprops": {"linewidth": 1.6}}
    images_of = images.groupby("method")["image_id"].transform("nunique")
    enough = {**frame, "data": images[images_of >= FEWEST]}
    if len(enough["data"]):
        sns.boxplot(**enough, width=0.75, showfliers=False, linewidth=0.8, color="0.2", **box)
    colors: dict[str, Any] = {"hue": "method", "hue_order": methods, "palette": PALETTE}
    many = len(images) > MOST_VECTORS
    np.random.seed(0)  # seaborn draws the jitter from it
    sns.stripplot(**frame, **colors, legend=False, size=2.4, jitter=0.25, rasterized=many)


def _lowest(records: pd.DataFrame) -> list[str]:
    """The classes of the lowest tenth of the records of the method with the highest mean."""
    means = summarise(records).set_index("method")["mean"].dropna()
    if means.empty:
        return []
    leader = str(means.idxmax())
    of_leader = records[(records["method"] == leader) & records["concentration"].notna()]
    lowest = of_leader.nsmallest(max(1, round(len(of_leader) / 10)), "concentration")
    counts = lowest["class"].astype("str").value_counts()
    named = [f"{count} {name}" for name, count in counts.head(3).items()]
    others = [f"{counts[3:].sum()} others"] if len(counts) > len(named) else []
    return [
        f"The {len(lowest)} lowest of {len(of_leader)} records by {LABELS[leader]}: "
        + ", ".join(named + others)
    ]
