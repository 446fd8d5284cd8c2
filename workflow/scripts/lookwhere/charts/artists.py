"""Parts of charts: bars and points with their intervals, chance, legend and notes.

A hollow point is a difference that is not significant. A half filled point or a hatched bar is the
mean of the other records where more than a fifth are undefined.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from lookwhere.charts.style import COLUMN, MARKERS, PAGE, PALETTE, REMARK, wrapped
from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.statistics import equal_maps
from lookwhere.statistics.paired import SIGNIFICANT
from lookwhere.statistics.strata import counted, extent, mostly_undefined, once

SHARE = "Mean concentration\n(share of energy on the mask)"
DIFFERENCE = "Mean difference in concentration"
INTERVALS = "95 % bootstrap intervals"
MINUS = "\N{MINUS SIGN}"
NOT_DEFINED = "not_defined"  # the status of a record whose method is not defined for its net
NAMED = 3  # nets that a note names; more are counted
FEW_UNDEFINED = 0.05  # share of the records; methods with fewer are not named one by one
MOST_NAMED = 5  # methods in a note
FEW_METHODS = 8  # beside each other in a group; more have a row each
LABEL, WIDE_LABEL = 24, 60  # characters in a line of a row's label, in a column and on a page
# Inches: of a line of a label or note, and of all rows in a column, and on a page.
LINE, COLUMN_ROWS, MOST_ROWS = 0.13, 4.6, 6.4
TICK_SIZE, DIGIT, GAP = 7, 0.062, 0.035  # of a tick's label: points; inches of a digit, between two
MOST_TICKS = 8  # steps of an axis
# First digits of ticks on a logarithmic axis, from many to few.
DIGITS = (
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    *((1, 1.5, 2, 3, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)),
)
CHANCE: dict[str, Any] = {
    "color": "0.25",
    "linestyle": (0, (4, 2)),
    "linewidth": 0.9,
    "label": "Chance (mask fraction)",
}
NET: dict[str, Any] = {
    "color": "0.1",
    "marker": "|",
    "markersize": 4.5,
    "markeredgewidth": 0.8,
    "linestyle": "",
    "zorder": 4,
    "path_effects": [withStroke(linewidth=2, foreground="white")],  # visible on any bar
    "label": "Mean of each net",
}


def bars(axes: Axes, table: pd.DataFrame, places: Sequence[float], height: float) -> None:
    """A horizontal bar a row of the summary ``table``, in its method's colour, and its interval."""
    colors = [PALETTE[method] for method in table["method"]]
    patches = axes.barh(places, table["mean"], height=height, color=colors)
    for bar, partial in zip(patches, mostly_undefined(table), strict=True):
        if partial:
            bar.set(hatch="/////", edgecolor="white")
    for color, width in (("white", 2.4), ("0.1", 0.9)):  # dark on a light rim: visible on any bar
        axes.hlines(places, table["low"], table["high"], color=color, linewidth=width, zorder=3)


def points(
    axes: Axes,
    table: pd.DataFrame,
    places: Sequence[float],
    columns: Sequence[str] = ("mean", "low", "high"),
    counts: bool = True,
) -> None:
    """A marker a row of the ``table``, in its method's colour and shape, and its interval.

    A column ``marker`` overrides the shape. With ``counts`` the number of defined records is at the
    edge where more than a fifth are undefined.
    """
    value, low, high = columns
    partials = mostly_undefined(table)
    for place, partial, (_, row) in zip(places, partials, table.iterrows(), strict=True):
        color, marker = PALETTE[row["method"]], row.get("marker", MARKERS[row["method"]])
        hollow = "p_holm" in row and not row["p_holm"] < SIGNIFICANT
        style: dict[str, Any] = {"color": color, "markerfacecolor": "white" if hollow else color}
        if partial:
            style |= {"fillstyle": "left", "markerfacecoloralt": "white"}
            if counts and row.get("pairs") != 0:
                annotate_edge(axes, place, how_many(row))
        axes.hlines([place], row[low], row[high], color=color, zorder=3)
        style |= {"marker": marker, "linestyle": ""}
        axes.plot([row[value]], [place], zorder=3, clip_on=False, **style)


def annotate_edge(axes: Axes, place: float, text: str) -> None:
    """Annotate a row right of the axes."""
    axes.annotate(
        text,
        (1, place),
        (2, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=6,
        annotation_clip=False,
    )


def how_many(row: Mapping[str, Any]) -> str:
    """The number of defined records, or of pairs, of a row's mean."""
    if row.get("reasons") == f"{row.get('records')} {NOT_DEFINED}":
        return "not defined"
    if "undefined" in row:
        return f"n = {row['records'] - row['undefined']} of {row['records']}"
    return f"{row['pairs']} pairs"


def annotate_ends(
    axes: Axes,
    ends: Iterable[float],
    places: Iterable[float],
    texts: Iterable[str],
    size: float = 7,
) -> None:
    """Annotate each mark right of its end; not where ``ends`` is undefined."""
    for end, place, text in zip(ends, places, texts, strict=True):
        if pd.notna(end):
            axes.annotate(
                text, (end, place), (3, 0), textcoords="offset points", va="center", fontsize=size
            )


def label_rows(axes: Axes, labels: Sequence[str], width: int = LABEL) -> None:
    """Label the rows at 0, 1, ... from top to bottom, with a grid of values behind.

    A line of a label has at most ``width`` characters.
    """
    axes.set_yticks(range(len(labels)), [wrapped(label, width) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


class Ticks(MaxNLocator):
    """Round numbers, as many as have room for their labels."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The places of the ticks between ``vmin`` and ``vmax``."""
        for most in range(MOST_TICKS, 1, -1):
            self.set_params(nbins=most, steps=[1, 2, 2.5, 5, 10])
            places = np.asarray(super().tick_values(vmin, vmax))
            if _has_room(self.axis, (places - vmin) / (vmax - vmin), places):
                break
        return places


class LogTicks(LogLocator):
    """Round numbers on a logarithmic axis, as many as have room for their labels."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The places of the ticks between ``vmin`` and ``vmax``."""
        for digits in DIGITS:
            self.set_params(subs=digits)
            places = np.asarray(super().tick_values(vmin, vmax))
            if _has_room(self.axis, np.log(places / vmin) / np.log(vmax / vmin), places):
                break
        return places


def tick_values(axis: Any) -> None:
    """Ticks of an ``axis``, whose scale is set, at round numbers without trailing zeros."""
    is_log = axis.get_scale() == "log"
    axis.set_major_locator(LogTicks() if is_log else Ticks())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_tick_params(labelsize=TICK_SIZE)


def _has_room(axis: Any, shares: NDArray[np.float64], places: NDArray[np.float64]) -> bool:
    """Whether labels at these ``places``, at ``shares`` (N,) of the ``axis``, do not touch."""
    within = (shares > -1e-9) & (shares < 1 + 1e-9)
    extent = axis.axes.get_window_extent()
    length = extent.width if axis.axis_name == "x" else extent.height
    steps = np.diff(shares[within]) * length / axis.get_figure(root=True).dpi
    widths = [_width(place) if axis.axis_name == "x" else LINE for place in places[within]]
    needs = [(one + other) / 2 + GAP for one, other in pairwise(widths)]
    return bool((steps >= needs).all())


def _number(value: float) -> str:
    """A place in print; what rounding leaves of zero is 0."""
    return f"{value:g}".replace("-", MINUS) if abs(value) > 1e-12 else "0"


def _width(value: float) -> float:
    """Inches of a tick's label; a dot is half a digit wide."""
    return DIGIT * (len(_number(value)) - 0.5 * _number(value).count("."))


def size_of_rows(labels: Sequence[str], height: float) -> tuple[float, float, int]:
    """Width of the figure, height of all rows, and characters in a line of their ``labels``.

    A row has this ``height``, or that of its label, in a column of print. Many rows are on the
    width of a page, where the notes on them have room, and lower where they would exceed the page.
    """
    lines = max(wrapped(label).count("\n") + 1 for label in labels)
    rows = len(labels) * max(height, LINE * lines)
    if rows <= COLUMN_ROWS:
        return COLUMN, rows, LABEL
    return PAGE, min(len(labels) * max(height, LINE), MOST_ROWS), WIDE_LABEL


def dodge(count: int, width: float = 0.8) -> list[float]:
    """Offsets of ``count`` marks about the middle of their row, from top to bottom."""
    return [width * ((place + 0.5) / count - 0.5) for place in range(count)]


def level_of_chance(table: pd.DataFrame, chance: str = "mask_fraction") -> float:
    """The mean ``chance`` of the defined records in the summary ``table``; NaN without any."""
    defined = (table["records"] - table["undefined"]).where(table["records"] > table["undefined"])
    return float((table[chance] * defined).sum() / defined.sum())


def net_label(net: str, untrained: Collection[str]) -> str:
    """Display label of a net, marked if untrained."""
    return f"{net}\n(untrained)" if net in untrained else net


def point_handles(methods: Iterable[str], linestyle: Literal["", "-"] = "") -> list[Line2D]:
    """Legend entries of points, or of lines with points."""
    return [
        Line2D(
            [], [], color=PALETTE[m], marker=MARKERS[m], linestyle=linestyle, label=ALL_LABELS[m]
        )
        for m in methods
    ]


def hollow_handles(table: pd.DataFrame) -> list[Line2D]:
    """The legend entry of hollow points, if any test in the table is not significant."""
    if (table["p_holm"] < SIGNIFICANT).all():
        return []
    style: dict[str, Any] = {"color": "0.25", "marker": "o", "markerfacecolor": "white"}
    label = f"Not significant: p ≥ {SIGNIFICANT:g}\n(Wilcoxon, Holm)"
    return [Line2D([], [], linestyle="", label=label, **style)]


def partial_handles(*tables: pd.DataFrame) -> list[Line2D]:
    """The legend entry of half filled points, if the tables have any."""
    if not any(any(mostly_undefined(table)) for table in tables):
        return []
    style: dict[str, Any] = {"color": "0.25", "marker": "o", "fillstyle": "left"}
    label = "More than a fifth undefined"
    return [Line2D([], [], linestyle="", markerfacecoloralt="white", label=label, **style)]


def left_out(count: int, noun: str, table: str, plural: str | None = None) -> list[str]:
    """A note that counts the groups without room in a figure, and names the table with them."""
    return [f"No room for {counted(count, noun, plural)}: see tables/{table}"] if count else []


def legend(figure: Figure, handles: Sequence[Any], columns: int, notes: Iterable[str] = ()) -> None:
    """A legend below the figure's axes, headed by the ``notes``, each wrapped to the width."""
    lines = lines_of(notes, figure.get_figwidth())
    figure.set_figheight(figure.get_figheight() + LINE * len(lines))
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": columns}
    figure.legend(handles=handles, title="\n".join(lines), title_fontsize=7, **place)


def lines_of(notes: Iterable[str], width: float) -> list[str]:
    """The lines of the ``notes`` below a figure of ``width`` inches."""
    return [line for note in notes for line in wrap(note, int(15 * width))]


def notes(records: pd.DataFrame, *more: str, intervals: pd.Series | None = None) -> list[str]:
    """Notes on the ``records`` of a chart: their extent, and those that it leaves out.

    ``intervals`` are ends of the intervals in the chart: the note names them if there are any.
    """
    unique = once(records)
    has_intervals = intervals is not None and intervals.notna().any()
    return [
        "; ".join([extent(records), *([INTERVALS] if has_intervals else [])]),
        *more,
        *equal_maps.notes(unique),
        *_not_defined(unique),
        *_undefined(unique),
        *_negligible(unique),
    ]


def tests(count: str, pairs: str) -> str:
    """A note on the family of tests: ``Tests: Wilcoxon, Holm over 10 pairs of methods``."""
    return f"Tests: Wilcoxon, Holm over {count} {pairs}"


def remarks(axes: Axes, methods: Sequence[str], records: pd.DataFrame) -> None:
    """``not defined`` in the rows of ``methods`` that are defined for none of the records' nets."""
    everywhere = (records["status"] == NOT_DEFINED).groupby(records["method"]).all()
    for place, method in enumerate(methods):
        if everywhere.get(method, False):
            remark(axes, place, "not defined")


def remark(axes: Axes, place: float, text: str) -> None:
    """Grey text in the middle of an empty row."""
    axes.text(0.5, place, text, transform=axes.get_yaxis_transform(), **REMARK)


def _not_defined(records: pd.DataFrame) -> list[str]:
    """The methods that are not defined for some nets, with the names or the number of these."""
    undefined = records[records["status"] == NOT_DEFINED]
    methods: dict[tuple[str, ...], list[str]] = {}
    for method, nets in undefined.groupby("method", sort=False)["net"].unique().items():
        methods.setdefault(tuple(nets), []).append(ALL_LABELS[str(method)])
    named = [
        f"{', '.join(of_nets)} ({', '.join(nets) if len(nets) <= NAMED else f'{len(nets)} nets'})"
        for nets, of_nets in methods.items()
    ]
    return [f"Not defined: {'; '.join(named)}"] if named else []


def _undefined(records: pd.DataFrame) -> list[str]:
    records = records[records["status"] != NOT_DEFINED]
    counts = records["concentration"].isna().groupby(records["method"]).agg(["sum", "size"])
    counts = counts.set_axis(["undefined", "records"], axis=1).reset_index()
    return undefined(counts, "Undefined, left out")


def undefined(table: pd.DataFrame, label: str) -> list[str]:
    """A note, behind its ``label``: undefined records by method, the most first, few in one.

    The ``table`` has the columns method, records and undefined.
    """
    missing = table[table["undefined"] > 0].sort_values("undefined", ascending=False, kind="stable")
    few = missing["undefined"] < FEW_UNDEFINED * missing["records"]
    few |= np.arange(len(missing)) >= MOST_NAMED
    named = [f"{ALL_LABELS[str(row['method'])]} {_of(row)}" for _, row in missing[~few].iterrows()]
    if few.any():
        others = "others at most" if named else "at most"
        named.append(f"{others} {_of(missing[few].iloc[0])} of a method")
    return [f"{label}: {', '.join(named)}"] if named else []


def _of(row: Mapping[str, Any]) -> str:
    return f"{row['undefined']} of {row['records']}"


def _negligible(records: pd.DataFrame) -> list[str]:
    if "negligible_energy" not in records:
        return []
    defined = records[records["concentration"].notna() & records["method"].isin(LABELS)]
    if len(defined) and defined["negligible_energy"].isna().all():
        return ["Negligible energy: not checked without backpropagation"]
    flagged = defined["negligible_energy"].astype("boolean").fillna(False)
    counts = flagged.groupby(defined["method"], sort=False).agg(["sum", "size"])
    counts = counts[counts["sum"] > 0]
    named = [
        f"{LABELS[str(m)]} {row['sum']} of {row['size']}"
        for m, row in counts.head(MOST_NAMED).iterrows()
    ]
    if others := counts.index[MOST_NAMED:].size:
        named.append(f"{counted(others, 'other method')} (see tables/concentration)")
    return [f"Of negligible energy: {', '.join(named)}"] if named else []
