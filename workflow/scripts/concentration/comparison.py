"""The comparison: a grid of maps, nets x methods, for the samples of the showcase."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isnan

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from . import images, pictures
from .charts.marks import wrapped
from .coco import Sample
from .masks import Mask
from .methods import LABELS
from .style import PAGE, styled

HEAD, MOST_HEIGHT = 0.6, 9.2  # inches: of the titles, and of a page of print


@dataclass(frozen=True)
class Row:
    """One net's maps of one sample."""

    label: str
    image: NDArray  # (H, W, 3), uint8
    mask: Mask  # (H, W)
    maps: dict[str, NDArray]  # (C, H, W), by method
    concentration: dict[str, float]  # NaN where undefined


def fitting(samples: Sequence[Sample], nets: Sequence[str], size: str) -> list[Sample]:
    """The first of the ``samples`` whose rows fit on a page of print; at least one."""
    heights = accumulate(len(nets) * _row_height(_shape(sample, size)) for sample in samples)
    room = MOST_HEIGHT - HEAD
    return [s for s, height in zip(samples, heights, strict=True) if height <= room] or [samples[0]]


def comparison(rows: Sequence[Row], title: str) -> Figure:
    """A row for every (sample, net), a column for the input and for every method."""
    methods = list(rows[0].maps)
    shapes = [row.image.shape[:2] for row in rows]
    with styled():
        figure = Figure(
            figsize=(PAGE, HEAD + sum(map(_row_height, shapes))),
            layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01),
        )
        grid = figure.subplots(
            len(rows),
            1 + len(methods),
            squeeze=False,
            height_ratios=[height / width for height, width in shapes],
        )
        for axes, heading in zip(grid[0], ["Input", *(LABELS[m] for m in methods)], strict=True):
            axes.set_title(heading, fontsize=7)
        for line, row in zip(grid, rows, strict=True):
            line[0].set_ylabel(wrapped(row.label, 20), fontsize=6)
            _show(line[0], row.image, row.mask, "")
            for axes, method in zip(line[1:], methods, strict=True):
                share = row.concentration[method]
                caption = "P undefined" if isnan(share) else f"P = {share:.2f}"
                _show(axes, pictures.grey(row.maps[method]), row.mask, caption)
        figure.suptitle(title, fontsize=8)
        return figure


def _shape(sample: Sample, size: str) -> tuple[int, int]:
    return images.input_shape(size, sample.height, sample.width)


def _row_height(shape: tuple[int, int]) -> float:
    """The height of a row of pictures (height, width), in inches."""
    height, width = shape
    return 1.13 * height / width + 0.14


def _show(axes: Axes, picture: NDArray, mask: Mask, caption: str) -> None:
    axes.imshow(picture, interpolation="antialiased")
    if mask.any() and not mask.all():
        axes.contour(mask, levels=[0.5], colors=pictures.OUTLINE, linewidths=0.7)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(caption, fontsize=6, labelpad=1.5)
    axes.spines[:].set_visible(False)
