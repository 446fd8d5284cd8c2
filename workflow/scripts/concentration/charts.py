"""Bar charts of mean concentration, with 95 % bootstrap intervals and the level of chance."""

from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .methods import LABELS
from .style import PALETTE, STYLE

CHANCE: dict[str, Any] = {
    "color": "0.25",
    "linestyle": "--",
    "linewidth": 0.9,
    "label": "Chance: the mask's share of the image",
}
SHARE = "Mean concentration\n(share of energy on the mask)"
INTERVAL = ("ci", 95)  # bootstrap over the images, not over the records that share one


def by_method(energy: pd.DataFrame) -> Figure:
    """Mean concentration of every method, over nets and sizes."""
    with mpl.rc_context(STYLE):
        methods = list(energy["method"].unique())
        figure = Figure(figsize=(3.5, 1.15 + 0.27 * len(methods)))
        axes = figure.add_subplot()
        _bars(axes, energy, x="concentration", y="method", order=methods, hue_order=methods)
        axes.set_yticks(range(len(methods)), [LABELS[method] for method in methods])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(left=0)
        axes.set_xlabel(SHARE)
        axes.set_ylabel("")
        line = axes.axvline(_chance(energy), **CHANCE)
        figure.suptitle("How much of the saliency lies on the object?", fontsize=9)
        figure.legend(handles=[line], loc="outside lower center", fontsize=7)
        return figure


def by_net(energy: pd.DataFrame, size: str) -> Figure:
    """Mean concentration of every net and method; ``energy`` holds the records of one size."""
    with mpl.rc_context(STYLE):
        nets, methods = list(energy["net"].unique()), list(energy["method"].unique())
        figure = Figure(figsize=(max(4.5, 1.0 + 1.55 * len(nets)), 3.2))
        axes = figure.add_subplot()
        _bars(axes, energy, x="net", y="concentration", order=nets, hue_order=methods)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("")
        axes.set_ylabel(SHARE)
        line = axes.axhline(_chance(energy), **CHANCE)
        pixels = "original size" if size == "original" else f"{size} x {size} pixels"
        figure.suptitle(f"How much of the saliency lies on the object? ({pixels})", fontsize=9)
        handles = [
            Patch(color=color, label=LABELS[method])
            for method, color in PALETTE.items()
            if method in methods
        ]
        figure.legend(handles=[*handles, line], loc="outside lower center", ncols=3, fontsize=7)
        return figure


def _chance(energy: pd.DataFrame) -> float:
    """The mean mask fraction of the records that the bars show, as in the table's lift."""
    return float(energy.loc[energy["concentration"].notna(), "mask_fraction"].mean())


def _bars(axes: Axes, energy: pd.DataFrame, **variables: Any) -> None:
    axes.grid(axis="x" if variables["x"] == "concentration" else "y", color="0.9", linewidth=0.6)
    sns.barplot(
        energy,
        hue="method",
        palette=PALETTE,
        saturation=1,
        errorbar=INTERVAL,
        units="image_id",
        seed=0,
        n_boot=500,
        err_kws={"linewidth": 0.9, "color": "0.15"},
        legend=False,
        ax=axes,
        **variables,
    )
