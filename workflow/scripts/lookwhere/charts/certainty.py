"""Concentration by the net's certainty of the target, compared within classes and nets."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, REMARK, styled
from lookwhere.statistics.bootstrap import FEWEST
from lookwhere.statistics.certainty import by_certainty
from lookwhere.statistics.strata import counted, methods_only, trained_only

CAPTION = """
How concentration differs from that of the records of which the net is surest, by the rank of the
target among the outputs, or by its probability where each output has one of its own (sigmoid).
Over the trained nets: the mean over classes and nets of the difference within the class and net,
with 95 % bootstrap intervals over images. The images of the bins differ, as in the size of the
object: the differences of the controls, which use no net, are effects of the images. Of fewer than
ten images there is no mean, and beyond eight methods no panel.
"""
TITLE = "Does the map stay on the object\nwhere the net is less sure?"
WITHIN = ("within", "within_low", "within_high")
LABELS = {"softmax": "Rank of the target", "sigmoid": "Probability of the target"}


@chart(
    "certainty", "Certainty of the net", source="measures", needs=["predictions"], caption=CAPTION
)
def draw(records: pd.DataFrame) -> Figure:
    """A panel for softmax, for sigmoid, or both; in it a row a bin and a mark a method."""
    trained = trained_only(records)
    table = by_certainty(trained)
    methods = list(trained["method"].unique())
    kinds = list(trained["output_activation"].dropna().unique())
    notes = artists.notes(trained, intervals=table["within_low"])
    if panels.needed(methods_only(trained)["method"].nunique(), 0):
        return _panels(table, notes)
    lines = [max(1, table.loc[table["outputs"] == kind, "certainty"].nunique()) for kind in kinds]
    with styled():
        height = 1.6 + sum(lines) * max(0.3, 0.1 + 0.075 * len(methods))
        figure = Figure(figsize=(COLUMN, height))
        grid = figure.subplots(len(kinds), 1, squeeze=False, sharex=True, height_ratios=lines)
        for axes, kind in zip(grid[:, 0], kinds, strict=True):
            _panel(axes, table[table["outputs"] == kind], methods)
            axes.set_ylabel(LABELS[kind])
        if table["within"].isna().all():
            axes.set_xlim(-1, 1)
        axes.set_xlabel(f"{artists.DIFFERENCE}\n(to the first row,\nsame class and net)")
        figure.suptitle(TITLE)
        artists.legend(figure, artists.point_handles(methods), 2, notes)
        return figure


def _panels(table: pd.DataFrame, notes: Sequence[str]) -> Figure:
    """A panel a bin that is compared with the first, the reference; a row a method."""
    tables: dict[str, pd.DataFrame] = {}
    empty: dict[str, pd.DataFrame] = {}
    references = []
    for kind, of_kind in table.groupby("outputs", sort=False):
        first, *names = of_kind["certainty"].unique()
        few = []
        for name in names or [first]:
            of_bin = of_kind[of_kind["certainty"] == name]
            bin_name = f"{name} ({counted(of_bin['images'].max(), 'image')})"
            lacks = of_bin["within"].isna().all()
            (empty if lacks else tables)[f"{LABELS[str(kind)]}\n{bin_name}"] = of_bin
            few += [bin_name] if lacks and names else []
        lacking = f"; fewer than {FEWEST} images to compare: {', '.join(few)}" if few else ""
        references.append(f"Reference: {LABELS[str(kind)].lower()} {first}{lacking}")

    def mark(axes: Axes, of_bin: pd.DataFrame) -> None:
        axes.axvline(0, color="0.25", linewidth=0.9)
        if of_bin["within"].isna().all():
            text = f"fewer than {FEWEST}\nimages to compare"
            axes.text(0.5, 0.5, text, transform=axes.transAxes, **REMARK)

    with styled():
        page = panels.draw(tables or empty, "Mean difference", WITHIN, mark)
        if not tables:
            next(iter(page.axes.values())).set_xlim(-1, 1)
        page.figure.suptitle(TITLE.replace("\n", " "))
        rest = artists.left_out(len(page.left_out), "bin", "certainty")
        artists.legend(page.figure, [], 1, [*references, *notes, *rest])
        return page.figure


def _panel(axes: Axes, table: pd.DataFrame, methods: list[str]) -> None:
    names = list(table["certainty"].unique())
    labels, offsets = [], dict(zip(methods, artists.dodge(len(methods)), strict=True))
    axes.axvline(0, color="0.25", linewidth=0.9)
    for place, name in enumerate(names):
        of_bin = table[table["certainty"] == name]
        images = counted(of_bin["images"].max(), "image")
        role = "" if place else ", reference"
        labels.append(f"{name}\n({images}{role})")
        places = [place + offsets[method] for method in of_bin["method"]]
        artists.points(axes, of_bin, places, WITHIN)
        if place and of_bin["within"].isna().all():
            artists.remark(axes, place, f"fewer than {FEWEST} images to compare")
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    artists.tick_values(axes.xaxis)
