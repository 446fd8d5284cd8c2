"""Does a map light up on anything salient, or on the class that it explains?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import MARKERS, PAGE, PALETTE, styled
from lookwhere.statistics import discrimination
from lookwhere.statistics.strata import counted, untrained_nets

CAPTION = """
Two classes of the study in one image, and a map that explains each: how many times as much energy
as by chance lies on an object where its own class is explained (filled), and where that of the
other object is (open). The longer the line, the better a method tells classes apart. Both marks
coincide for a method that ignores the class; far right of chance, it lights up on anything salient.
At the first size of each net, with 95 % bootstrap intervals over images. Pixels on the masks of
both objects count on neither side. Half filled: more than a fifth of the pairs are undefined.
"""
TITLE = "On this class, or on anything salient?"
LABEL = "Lift on an object (share of energy / share of pixels)"
OWN, OTHER = ("lift", "lift_low", "lift_high"), ("lift_of_other", "other_low", "other_high")
OPEN: dict[str, Any] = {"markerfacecolor": "white", "linestyle": "", "zorder": 3}


@chart(
    "discrimination",
    "Discrimination between classes",
    source="all",
    needs=["other class"],
    caption=CAPTION,
)
def draw(sources: Mapping[str, pd.DataFrame]) -> Figure:
    """A panel a net, in it a row a method: the lifts of both explanations, joined."""
    rivals, untrained = sources["rivals"], untrained_nets(sources["measures"])
    pairs = discrimination.of_pairs(rivals)
    if pairs.empty:
        return _without_pairs()
    first = rivals["net"].map(pairs.groupby("net", observed=True)["size"].first())
    shown = rivals[rivals["size"] == first]
    table = discrimination.of_methods(shown).rename(columns={"pairs": "records"})
    table = table.drop(columns="p_holm")  # hollow marks are another explanation here
    one_size = table["size"].nunique() < 2  # that the notes state
    tables = {}
    for net, of_net in table.groupby("net", sort=False):
        title = artists.net_label(str(net), untrained)
        tables[title if one_size else f"{title}, {of_net['size'].iloc[0]}"] = of_net
    with styled():
        page = panels.draw(tables, LABEL, OWN, _joined)
        page.figure.suptitle(TITLE)
        grey: dict[str, Any] = {"color": "0.25"}
        handles = [
            Line2D([], [], marker="o", linestyle="", label="Its class is explained", **grey),
            Line2D([], [], marker="o", label="The other class is explained", **OPEN, **grey),
            Line2D([], [], **{**artists.CHANCE, "label": "Chance (lift 1)"}),
            *artists.partial_handles(table),
        ]
        rest = artists.left_out(len(page.left_out), "net", "discrimination")
        artists.legend(page.figure, handles, 4, [*_notes(shown, table), *rest])
        return page.figure


def _without_pairs() -> Figure:
    with styled():
        figure = Figure(figsize=(PAGE, 1.5))
        axes = figure.add_subplot(xlabel=LABEL, yticks=[])
        artists.remark(axes, 0.5, "no sample shows another class of the study")
        figure.suptitle(TITLE)
        return figure


def _joined(axes: Axes, table: pd.DataFrame) -> None:
    """The open marks, with their intervals, and the lines to the filled ones."""
    axes.axvline(1, **artists.CHANCE)
    value, low, high = OTHER
    for place, row in enumerate(table.to_dict("records")):
        color, marker = PALETTE[row["method"]], MARKERS[row["method"]]
        axes.hlines([place], row[value], row[OWN[0]], color=color, linewidth=0.6)
        axes.hlines([place], row[low], row[high], color=color, zorder=3)
        axes.plot([row[value]], [place], color=color, marker=marker, clip_on=False, **OPEN)


def _notes(rivals: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    pairs = discrimination.of_pairs(rivals)
    samples = counted(rivals["sample"].nunique(), "sample")
    sizes = " and ".join(table["size"].unique())
    among = f"{pairs['sample'].nunique()} of {samples} show another class of the study"
    shown = f"Size {sizes}; {among}"
    as_records = pairs.assign(status=pairs["pair_status"], concentration=pairs["discrimination"])
    return artists.notes(as_records, shown, intervals=table["lift_low"])
