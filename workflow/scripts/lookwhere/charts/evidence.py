"""The evidence on every method in one figure: a column a question, a row a method."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import PAGE, shortened, styled, wrapped
from lookwhere.methods.names import LABELS
from lookwhere.statistics import evidence
from lookwhere.statistics.strata import methods_only, trained_only

CAPTION = """
What speaks for each method, over the trained nets, with 95 % bootstrap intervals over images. Short
ticks: the mean of each net. On the object: lift, on a logarithmic axis. Ahead on: the number of
nets on which the method is significantly ahead of all controls. Same without training: the rank
correlation of a map with that of an untrained twin of the net; 1 is the same map, so less is
better. Of the class: 1 where the maps of two classes in an image share nothing, 0 where they are
the same. Needed by the net: what the net loses with the pixels that the map ranks first, beyond
those that it ranks last. Tells cheats: of nets of known reason, the area under the ROC curve of
concentration as a sign of one that does not use the object. Dashed: a map without information, or
in the column of training one that stays as it is. A study has the columns of which it has results.
Half filled: more than a fifth of the records of the column are undefined.
"""
TITLE = "What speaks for each method?"
ROW, ROOM = 0.17, 6  # inches a method, and of all at most
NAME, QUESTION = 36, 14  # characters of a method's name, and of a question
# By piece of evidence: the question, its axis, and the level of no information.
COLUMNS: Mapping[str, tuple[str, str, float]] = {
    "lift": ("On the object?", "Lift", 1),
    "rank_correlation": ("Same without training?", "Rank correlation", 1),
    "discrimination": ("Of the class?", "Discrimination", 0),
    "faithful": ("Needed by the net?", "Faithfulness", 0),
    "auc": ("Tells cheats?", "AUC", 0.5),
}
TICK: dict[str, Any] = {**artists.NET, "path_effects": None, "markersize": 3.5, "color": "0.45"}


@chart(
    "evidence",
    "Evidence",
    source="all",
    needs=["evidence"],
    options=["reasons"],
    caption=CAPTION,
)
def draw(sources: Mapping[str, pd.DataFrame], reasons: Mapping[str, Sequence[str]]) -> Figure:
    """A column a piece of evidence, and one of the nets on which a method is ahead."""
    results = evidence.of_sources(sources, reasons)
    table, of_nets = evidence.of_methods(results), evidence.of_nets(results)
    pieces = [name for name in COLUMNS if name in table]
    trained = methods_only(trained_only(results.records))
    with styled():
        figure = Figure(figsize=(PAGE, 1.2 + min(ROW * len(table), ROOM)))
        widths = [1.3 if name == "lift" else 1 for name in pieces]
        grid = figure.subplots(1, len(pieces), sharey=True, squeeze=False, width_ratios=widths)[0]
        names = [shortened(LABELS[method], NAME) for method in table["method"]]
        for axes, name in zip(grid, pieces, strict=True):
            artists.label_rows(axes, names, NAME)
            _column(axes, name, table, of_nets)
        for place, text in enumerate(table["ahead_of_all"]):
            artists.annotate_edge(grid[0], place, f" {text}")
        grid[0].annotate("Ahead on", (1, 1), (3, 3), textcoords="offset points", **_ABOVE)
        figure.suptitle(TITLE)
        handles = [
            Line2D([], [], **TICK | {"label": "Mean of each net"}),
            Line2D([], [], **{**artists.CHANCE, "label": "No information"}),
            *artists.partial_handles(*(_counted(table, name) for name in pieces)),
        ]
        notes = artists.notes(trained, intervals=table["lift_low"])
        for name in pieces[1:]:  # the others have the first one
            notes += artists.undefined(_counted(table, name), f"{COLUMNS[name][1]}, undefined")
        artists.legend(figure, handles, 3, notes)
        return figure


_ABOVE: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": 7, "annotation_clip": False}


def _counted(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with the numbers of records, and of undefined ones, of a piece of evidence."""
    return table.assign(records=table[f"{name}_records"], undefined=table[f"{name}_undefined"])


def _column(axes: Axes, name: str, table: pd.DataFrame, of_nets: pd.DataFrame) -> None:
    """The points of a piece of evidence, the ticks of its nets, and its level."""
    question, label, level = COLUMNS[name]
    axes.axvline(level, **artists.CHANCE)
    if name == "lift":
        axes.set_xscale("log")
    artists.tick_values(axes.xaxis)
    place = {method: number for number, method in enumerate(table["method"])}
    if name in of_nets and of_nets["net"].nunique() > 1:
        axes.plot(of_nets[name], of_nets["method"].map(place), **TICK)
    ends = (name, f"{name}_low", f"{name}_high")
    artists.points(axes, _counted(table, name), range(len(table)), ends, counts=False)
    axes.set_title(wrapped(question, QUESTION), fontsize=8)
    axes.set_xlabel(label)
