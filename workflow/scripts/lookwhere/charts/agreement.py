"""Agreement of metrics: a cell a pair of metrics."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import COLUMN, PAGE, shortened, styled
from lookwhere.statistics import concordance
from lookwhere.statistics.strata import methods_only, trained_only

CAPTION = """
Below the diagonal: Kendall's tau-b of the rankings of the methods by two metrics, a mean over
trained nets and sizes; above it: the lowest of a net and size. 1 is the same ranking, 0 none in
common, -1 the reverse; metrics of which less is better are turned. On the diagonal, framed:
Krippendorff's alpha of the rankings by single images with one metric, 1 where all images agree, 0
where they do no more than at random. Methods with equal maps count once. All methods are compared
on the same records: those where all have a value.
"""
TITLE = "Do the metrics agree on which method is better?"
COLOURS, CELL, NAMES, SIGN = "RdBu", 0.36, 1.7, 0.06  # inches: of a cell, names, and a character
DARK = 0.6  # a tau on whose colour texts are white
SIGNS = 26  # of a name


@chart(
    "agreement",
    "Agreement of metrics",
    source="measures",
    needs=["faithfulness", "three methods"],
    caption=CAPTION,
)
def draw(records: pd.DataFrame) -> Figure:
    """The matrix of tau and alpha."""
    trained, pairs = methods_only(trained_only(records)), concordance.of_metrics(records)
    names = list(pairs["measure"].unique())
    values = np.full((len(names), len(names)), np.nan)
    for row in pairs.to_dict("records"):
        one, other = names.index(row["measure"]), names.index(row["other_measure"])
        values[other, one] = row["alpha"] if one == other else row["tau"]
        if one != other:
            values[one, other] = row["lowest"]
    labels = [shortened(label, SIGNS) for label in concordance.labels(names)]
    beside = 1.5 + SIGN * max(map(len, labels))
    width = COLUMN if len(names) * CELL <= COLUMN - NAMES else PAGE
    side = min(CELL, (width - NAMES) / len(names))
    with styled():
        figure = Figure(figsize=(width, beside + side * len(names)))
        axes = figure.add_subplot()
        # The diagonal is another number: it has no colour.
        taus = np.ma.masked_invalid(np.where(np.eye(len(names)), np.nan, values))
        mesh = axes.pcolormesh(taus, cmap=COLOURS, vmin=-1, vmax=1, edgecolors="white", lw=0.5)
        for row, column in np.ndindex(values.shape):
            value, is_own = values[row, column], row == column
            text = "" if np.isnan(value) else f"{value:z.2f}".replace("-", artists.MINUS)
            is_dark = not is_own and abs(value) > DARK
            axes.text(
                column + 0.5,
                row + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=6,
                color="white" if is_dark else "0.1",
            )
            if is_own:
                frame = Rectangle((column, row), 1, 1, fill=False, edgecolor="0.4", lw=0.7)
                axes.add_patch(frame)
        middles = np.arange(len(names)) + 0.5
        axes.set_yticks(middles, labels)
        axes.set_xticks(middles, labels, rotation=90)
        axes.invert_yaxis()
        axes.set_aspect("equal")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, location="bottom", shrink=0.5, aspect=40, pad=0.02)
        bar.set_label("Kendall\N{RIGHT SINGLE QUOTATION MARK}s tau-b")
        figure.suptitle(TITLE)
        axes.set_xlabel("Below: the mean; above: the lowest")
        below = "Below the diagonal: the mean of nets and sizes; above: the lowest of them"
        framed = "Framed: Krippendorff\N{RIGHT SINGLE QUOTATION MARK}s alpha over images"
        notes = artists.notes(trained, below, framed)
        artists.legend(figure, [], 1, [*notes, *_left_out(pairs)])
        return figure


def _left_out(pairs: pd.DataFrame) -> list[str]:
    """Notes on the records and methods that are not compared, of the pair that lacks the most."""
    worst, cases = pairs.loc[pairs["undefined"].idxmax()], int(pairs["not_compared"].max())
    lost, records = int(worst["undefined"]), int(worst["records"])
    notes = {
        f"Records without a value of a method, left out: at most {lost} of {records}": lost,
        f"Methods of a net and size, more than a fifth undefined, left out: at most {cases}": cases,
    }
    return [note for note, count in notes.items() if count]
