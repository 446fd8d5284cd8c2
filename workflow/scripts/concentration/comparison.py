"""The comparison: a grid of maps, nets x methods, for the samples of the showcase."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from . import pictures
from .masks import Mask
from .methods import LABELS
from .style import STYLE


@dataclass(frozen=True)
class Row:
    """One net's maps of one sample."""

    label: str
    image: NDArray  # (H, W, 3), uint8
    mask: Mask  # (H, W)
    maps: dict[str, NDArray]  # (C, H, W), by method
    concentration: dict[str, float]  # NaN where undefined


def comparison(rows: Sequence[Row]) -> Figure:
    """A row for every (sample, net), a column for the input and for every method."""
    methods = list(rows[0].maps)
    heights = [row.image.shape[0] / row.image.shape[1] for row in rows]
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(7.2, 0.4 + sum(1.13 * height + 0.14 for height in heights)),
            layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01),
        )
        grid = figure.subplots(len(rows), 1 + len(methods), squeeze=False, height_ratios=heights)
        for axes, title in zip(grid[0], ["Input", *(LABELS[m] for m in methods)], strict=True):
            axes.set_title(title, fontsize=7)
        for line, row in zip(grid, rows, strict=True):
            line[0].set_ylabel(row.label, fontsize=6)
            _show(line[0], row.image, row.mask, "")
            for axes, method in zip(line[1:], methods, strict=True):
                share = row.concentration[method]
                caption = "P undefined" if isnan(share) else f"P = {share:.2f}"
                _show(axes, pictures.grey(row.maps[method]), row.mask, caption)
        return figure


def _show(axes: Axes, picture: NDArray, mask: Mask, caption: str) -> None:
    axes.imshow(picture, interpolation="antialiased")
    if mask.any() and not mask.all():
        axes.contour(mask, levels=[0.5], colors=pictures.OUTLINE, linewidths=0.7)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(caption, fontsize=6, labelpad=1.5)
    axes.spines[:].set_visible(False)
