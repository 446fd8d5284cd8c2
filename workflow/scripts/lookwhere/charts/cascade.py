"""The cascade: how the maps of each method change as the layers of their net become random."""

from collections.abc import Callable, Collection
from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator

from lookwhere.charts import artists
from lookwhere.charts.registry import chart
from lookwhere.charts.style import PAGE, PALETTE, REMARK, shortened, styled, wrapped
from lookwhere.methods.names import LABELS
from lookwhere.statistics.cascade import HALF, KEEPS, by_stage, trained, verdicts
from lookwhere.statistics.strata import counted

STAGES = """
Layers become random one part after the other, from the output (left) to the input (right, where
the net is an untrained twin), each with the values of a net that was never trained. Means over
images and twins, with 95 % bootstrap intervals over images.
"""
SIMILARITY = f"""
How similar a map is to that of the trained net, by the rank correlation of the strength of its
pixels. {STAGES.strip()} Bold: methods that keep their map on a net, where the interval of the
untrained twins lies above a half (dashed).
"""
SSIM = f"""
How similar a map is to that of the trained net, by its structural similarity (SSIM), of strengths
divided by the root of their mean square. {STAGES.strip()}
"""
LIFT = f"""
Lift, on a logarithmic axis, with chance at 1 (dashed). {STAGES.strip()} A lift of 0 is below the
axis.
"""
X_LABEL = "Random layers (%)"
NETS = (("-", "o"), ("--", "s"), (":", "D"), ("-.", "^"))  # line and marker of a net
NAME, NET_NAME = 22, 36  # characters in a line of a method's name, and of a net's
ACROSS, MOST_ACROSS = 5, 6  # panels in a row, of few and of many
FEW, MOST = 25, 42  # panels in all
ROW, ROOM = 1.25, 6.5  # inches: the height of a row, and of all rows at most


@chart("cascade", "Cascade", source="cascade", needs=["cascade"], caption=SIMILARITY)
def draw(records: pd.DataFrame) -> Figure:
    """A panel a method with the rank correlation of its maps, a line a net."""
    kept = verdicts(_at_first_sizes(records))
    bold = kept.loc[kept["verdict"] == KEEPS, "method"].unique()
    title = "Which maps stay as layers become random, from the output to the input?"
    level = "A half (bold: above it on a net without any trained layer)"
    return _panels(records, "rank_correlation", title, "Rank correlation", _half, level, bold)


@chart("cascade_ssim", "Cascade, SSIM", source="cascade", needs=["cascade"], caption=SSIM)
def draw_ssim(records: pd.DataFrame) -> Figure:
    """A panel a method with the structural similarity of its maps, a line a net."""
    title = "How similar do maps look as layers become random, from the output to the input?"
    return _panels(records, "ssim", title, "SSIM", _limits)


@chart("cascade_lift", "Cascade, lift", source="cascade", needs=["cascade"], caption=LIFT)
def draw_lift(records: pd.DataFrame) -> Figure:
    """A panel a method with the lift of its maps, a line a net."""
    title = "Do maps stay on the object as layers become random, from the output to the input?"
    return _panels(records, "lift", title, "Lift", _chance, "Chance (lift 1)")


def _panels(
    records: pd.DataFrame,
    measure: str,
    title: str,
    label: str,
    prepare: Callable[[Axes], None],
    level_label: str = "",
    bold: Collection[str] = (),
) -> Figure:
    """A panel a method, in it a line a net: the ``measure`` by the share of random layers.

    ``prepare`` sets the axis of the measure, and draws its level if ``level_label`` names one; the
    titles of ``bold`` methods are so.
    """
    records = _at_first_sizes(records)
    nets, methods = list(records["net"].unique()), list(records["method"].unique())
    seen, panels = nets[: len(NETS)], methods[:MOST]
    table = by_stage(records[records["net"].isin(seen)])
    across = min(len(panels), ACROSS if len(panels) <= FEW else MOST_ACROSS) or 1
    down = max(1, ceil(len(panels) / across))
    with styled():
        figure = Figure(figsize=(PAGE, 1.3 + min(ROW * down, ROOM)))
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        for axes in list(grid.flat)[len(panels) :]:
            axes.remove()
        for place, method in enumerate(panels):
            axes = grid.flat[place]
            prepare(axes)
            of_method = table[table["method"] == method]
            for net, (line, marker) in zip(seen, NETS, strict=False):
                _line(axes, of_method[of_method["net"] == net], measure, line, marker)
            if of_method[measure].isna().all():
                axes.text(0.5, 0.5, "undefined", transform=axes.transAxes, **REMARK)
            weight = "bold" if method in bold else "normal"
            axes.set_title(
                _title(method, NAME * ACROSS // max(across, ACROSS)),
                fontsize=7.5,
                fontweight=weight,
            )
            axes.set(xlim=(-6, 106), xticks=[0, 50, 100])
            is_last = place + across >= len(panels)  # of its column
            axes.set_xlabel(X_LABEL, visible=is_last)
            axes.tick_params(axis="x", labelbottom=is_last)
            axes.set_ylabel(label if place % across == 0 else "")
            axes.grid(axis="y")
        figure.suptitle(title)
        handles = [_handle(net, *look) for net, look in zip(seen, NETS, strict=False)]
        if level_label:
            handles.append(Line2D([], [], **{**artists.CHANCE, "label": level_label}))
        artists.legend(figure, handles, 2, _notes(records, nets, methods))
        return figure


def _line(axes: Axes, table: pd.DataFrame, measure: str, line: str, marker: str) -> None:
    """The line of a net and method, with its intervals."""
    if table.empty:
        return
    color, share = PALETTE[table["method"].iloc[0]], 100 * table["share_of_layers"]
    low, high = table[f"{measure}_low"], table[f"{measure}_high"]
    axes.vlines(share, low, high, color=color, linewidth=0.7)
    style: dict[str, Any] = {"linestyle": line, "marker": marker, "markersize": 2.5}
    axes.plot(share, table[measure], color=color, linewidth=1, **style)


def _half(axes: Axes) -> None:
    axes.axhline(HALF, **artists.CHANCE)
    _limits(axes)


def _limits(axes: Axes) -> None:
    axes.set(ylim=(-0.3, 1.08), yticks=[0, 0.5, 1])


def _chance(axes: Axes) -> None:
    axes.axhline(1, **artists.CHANCE)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()


def _title(method: str, signs: int) -> str:
    """The name of a method in at most two lines of so many characters."""
    first, *rest = wrapped(LABELS[method], signs).split("\n")
    return "\n".join([first, *([shortened(" ".join(rest), signs)] if rest else [])])


def _handle(net: str, line: str, marker: str) -> Line2D:
    style: dict[str, Any] = {"linestyle": line, "marker": marker, "markersize": 3}
    return Line2D([], [], color="0.25", label=shortened(net, NET_NAME), **style)


def _at_first_sizes(records: pd.DataFrame) -> pd.DataFrame:
    """The records of each net at the first of its sizes."""
    first = records.groupby("net", observed=True)["size"].transform("first")
    return records[records["size"].astype(str) == first.astype(str)]


def _notes(records: pd.DataFrame, nets: list[str], methods: list[str]) -> list[str]:
    """Notes on the nets as they are, and the number of later records that are undefined."""
    twins = counted(records["seed"].nunique(), "untrained twin")
    later = records[(records["stage"] > 0) & (records["status"] != artists.NOT_DEFINED)]
    lost = int(later["rank_correlation"].isna().sum())
    undefined = f"With random layers {lost} of {len(later)} records are undefined: tables/cascade"
    return [
        *artists.notes(trained(records), f"{twins} a net", intervals=records["rank_correlation"]),
        *([undefined] if lost else []),
        *artists.left_out(len(nets[len(NETS) :]), "net", "cascade"),
        *artists.left_out(len(methods[MOST:]), "method", "cascade"),
    ]
