"""The comparison: a grid of maps, nets x methods, for the samples of the showcase."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isnan

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from lookwhere.charts.artists import REMARK
from lookwhere.charts.style import PAGE, styled, wrapped
from lookwhere.datasets import images
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.samples import Sample
from lookwhere.methods.names import LABELS
from lookwhere.report import pictures

HEAD, MOST_HEIGHT = 1.1, 9.2  # inches: of titles and colour bar, and of a page of print

CAPTION = """
Maps of the first samples of the showcase at the size {size}: a block a sample, a row a net, a
column a method. The dilated mask is outlined. The grey of a pixel is the strength of the map, |I|
of its largest channel, cut at its 99.5th percentile: each map has a scale of its own. P, the
concentration, squares the values and cuts none, so that it may rest on few pixels. The gallery
shows the others, and the maps as they are scored.
"""


@dataclass(frozen=True)
class Row:
    """One net's maps of one sample."""

    sample: str
    class_name: str
    net: str  # as print names it
    image: NDArray  # (H, W, 3), uint8
    mask: Mask  # (H, W)
    maps: dict[str, NDArray | None]  # (C, H, W), by method; None where it is not defined
    concentration: dict[str, float]  # NaN where undefined


def fitting(samples: Sequence[Sample], nets: Sequence[str], size: str) -> list[Sample]:
    """The first of the ``samples`` whose rows fit on a page of print; at least one."""
    heights = accumulate(len(nets) * _row_height(_shape(sample, size)) for sample in samples)
    room = MOST_HEIGHT - HEAD
    return [s for s, height in zip(samples, heights, strict=True) if height <= room] or [samples[0]]


def comparison(rows: Sequence[Row], title: str) -> Figure:
    """A row for every (sample, net), a column for every method, and the input once a sample."""
    methods = list(rows[0].maps)
    shapes = [row.image.shape[:2] for row in rows]
    with styled():
        figure = Figure(
            figsize=(PAGE, HEAD + sum(map(_row_height, shapes))),
            layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.02, wspace=0.01, hspace=0.01),
        )
        grid = figure.subplots(
            len(rows),
            1 + len(methods),
            squeeze=False,
            height_ratios=[height / width for height, width in shapes],
        )
        for axes, method in zip(grid[0, 1:], methods, strict=True):
            axes.set_title(wrapped(LABELS[method], 15), fontsize=7)
        before = None
        for line, row in zip(grid, rows, strict=True):
            _input(line[0], row, first=row.sample != before)
            before = row.sample
            for axes, method in zip(line[1:], methods, strict=True):
                _map(axes, row, method)
            line[1].set_ylabel(wrapped(row.net, 20), fontsize=6)
        figure.suptitle(title, fontsize=8)
        _scale(figure, grid)
        return figure


def _shape(sample: Sample, size: str) -> tuple[int, int]:
    return images.input_shape(size, sample.height, sample.width)


def _row_height(shape: tuple[int, int]) -> float:
    """The height of a row of pictures (height, width), in inches."""
    height, width = shape
    return 1.13 * height / width + 0.14


def _input(axes: Axes, row: Row, first: bool) -> None:
    """The input and the class that is explained, in the first row of a sample."""
    if first:
        _show(axes, row.image, row.mask, "")
        axes.set_title(wrapped(row.class_name, 24), fontsize=7, fontweight="bold")
    else:
        axes.set_axis_off()


def _map(axes: Axes, row: Row, method: str) -> None:
    """A map and its concentration, or the words that there is none."""
    saliency, share = row.maps[method], row.concentration[method]
    if saliency is None:
        axes.set(xticks=[], yticks=[], box_aspect=row.image.shape[0] / row.image.shape[1])
        axes.text(0.5, 0.5, "not defined\nfor this net", transform=axes.transAxes, **REMARK)
        axes.spines[:].set_visible(False)
    else:
        caption = "P undefined" if isnan(share) else f"P = {share:.2f}"
        _show(axes, pictures.grey(saliency), row.mask, caption)


def _show(axes: Axes, picture: NDArray, mask: Mask, caption: str) -> None:
    axes.imshow(picture, interpolation="antialiased")
    if mask.any() and not mask.all():
        axes.contour(mask, levels=[0.5], colors=pictures.OUTLINE, linewidths=0.7)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(caption, fontsize=6, labelpad=1.5)
    axes.spines[:].set_visible(False)


def _scale(figure: Figure, grid: NDArray) -> None:
    """What the grey of a map means, as a bar below all."""
    bar = figure.colorbar(
        ScalarMappable(cmap="Greys"),
        ax=list(grid.flat),
        location="bottom",
        shrink=0.4,
        aspect=40,
        pad=0.005,
    )
    bar.set_ticks([0, 1], labels=["|I| = 0", "|I| from its 99.5th percentile (P squares it)"])
    bar.ax.tick_params(labelsize=7, length=2)
