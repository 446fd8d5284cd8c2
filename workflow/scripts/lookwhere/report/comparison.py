"""The comparison: a grid of maps, nets x methods, for the samples of the showcase."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from math import ceil, isnan

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray
from PIL import Image

from lookwhere.charts.style import PAGE, REMARK, styled, wrapped
from lookwhere.datasets import sizes
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.samples import Sample
from lookwhere.methods.names import LABELS
from lookwhere.report import pictures

HEAD, MOST_HEIGHT = 1.1, 9.2  # inches: of titles and colour bar, and of a page of print
NAMES = 0.35  # inches: of the methods' names above further blocks
# Up to so many methods beside each other have names of so many points; more are in blocks below.
NAME_SIZES = {6: 7, 8: 6, 10: 5}
MOST_COLUMNS = max(NAME_SIZES)
MOST_PIXELS = 800  # of the longer side of a picture, which is far less than the page's width

WITHOUT = {"not_defined": "not defined\nfor this net", "no_map": "no map"}

CAPTION = """
Maps of the first samples of the showcase at the size {size}: a block a sample, a row a net, a
column a method; many methods make several blocks. The dilated mask is outlined. The grey of a pixel
is the strength of the map, |I| of its largest channel, cut at its 99.5th percentile: each map has a
scale of its own. P, the concentration, squares the values and cuts none, so that it may rest on few
pixels. The gallery shows the others, and the maps as they are scored.
"""


@dataclass(frozen=True)
class Row:
    """One net's maps of one sample."""

    sample: str
    class_name: str
    net: str  # its display label
    image: NDArray  # (H, W, 3), uint8
    mask: Mask  # (H, W)
    maps: dict[str, NDArray | str]  # (C, H, W), by method; the status where there is none
    concentration: dict[str, float]  # NaN where undefined


def fitting(
    samples: Sequence[Sample], nets: Sequence[str], methods: int, size: str
) -> tuple[list[Sample], list[str]]:
    """The samples and nets whose rows fit on a page, ``methods`` being the number of methods.

    The first ``samples`` and all nets, or else the first sample and the first nets.
    """
    across, down = _blocks(methods)
    heads = NAMES * (down > 1)
    room = MOST_HEIGHT - HEAD + heads
    heights = [down * _row_height(_shape(sample, size), across) for sample in samples]
    ends = accumulate(down * heads + len(nets) * height for height in heights)
    fit = [sample for sample, end in zip(samples, ends, strict=True) if end <= room]
    if fit:
        return fit, list(nets)
    return [samples[0]], list(nets[: max(1, int((room - down * heads) / heights[0]))])


def comparison(rows: Sequence[Row], title: str) -> Figure:
    """Draw a row a (sample, net), a column a method, and the input once a block.

    Methods that exceed the width follow in further blocks of the sample.
    """
    methods = list(rows[0].maps)
    across, down = _blocks(len(methods))
    samples = [list(of_sample) for _, of_sample in groupby(rows, lambda row: row.sample)]
    starts = range(0, len(methods), across)
    blocks = [(sample, methods[start : start + across]) for sample in samples for start in starts]
    shapes = [row.image.shape[:2] for block, _ in blocks for row in block]
    heads = NAMES * (len(blocks) - 1) * (down > 1)
    with styled():
        figure = Figure(
            figsize=(PAGE, HEAD + heads + sum(_row_height(shape, across) for shape in shapes)),
            layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.02, wspace=0.01, hspace=0.01),
        )
        grid = figure.subplots(
            len(shapes),
            1 + across,
            squeeze=False,
            height_ratios=[height / width for height, width in shapes],
        )
        lines = iter(grid)
        for place, (block, of_block) in enumerate(blocks):
            _block(lines, block, of_block, named=place == 0 or down > 1)
        figure.suptitle(title, fontsize=8)
        _scale(figure, grid)
        return figure


def _block(
    lines: Iterator[NDArray], rows: Sequence[Row], methods: Sequence[str], named: bool
) -> None:
    """Draw the maps of a sample by some of the methods, on the next ``lines`` of axes."""
    for place, row in enumerate(rows):
        first, *cells = next(lines)
        size = next(size for most, size in NAME_SIZES.items() if len(cells) <= most)
        _input(first, row, first=place == 0)
        for axes, method in zip(cells, methods, strict=False):
            _map(axes, row, method)
            if named and place == 0:
                axes.set_title(wrapped(LABELS[method], 15), fontsize=size)
        for axes in cells[len(methods) :]:
            axes.set_axis_off()
        signs = min(20, max(14, 120 // (1 + len(cells))))  # in the height of a picture
        cells[0].set_ylabel(wrapped(row.net, signs), fontsize=min(size, 6))


def _blocks(methods: int) -> tuple[int, int]:
    """The number of methods beside each other, and of blocks a sample."""
    down = ceil(methods / MOST_COLUMNS)
    return ceil(methods / down), down


def _shape(sample: Sample, size: str) -> tuple[int, int]:
    return sizes.input_shape(size, sample.height, sample.width)


def _row_height(shape: tuple[int, int], across: int) -> float:
    """The height in inches of a row of ``across`` pictures of a shape (height, width)."""
    height, width = shape
    return min(1.13, 6.78 / (1 + across)) * height / width + 0.14


def _input(axes: Axes, row: Row, first: bool) -> None:
    """Draw the input below its class, in the first row of a block."""
    if first:
        _show(axes, row.image, row.mask, "")
        axes.set_title(
            wrapped(row.class_name, 24),
            fontsize=7,
            fontweight="bold",
            x=0,
            horizontalalignment="left",
        )
    else:
        axes.set_axis_off()


def _map(axes: Axes, row: Row, method: str) -> None:
    """Draw a map above its concentration; without a map, the reason."""
    saliency, share = row.maps[method], row.concentration[method]
    if isinstance(saliency, str):
        axes.set(xticks=[], yticks=[], box_aspect=row.image.shape[0] / row.image.shape[1])
        axes.text(0.5, 0.5, WITHOUT[saliency], transform=axes.transAxes, **REMARK)
        axes.spines[:].set_visible(False)
    else:
        caption = "P undefined" if isnan(share) else f"P = {share:.2f}"
        _show(axes, pictures.grey(saliency), row.mask, caption)


def _show(axes: Axes, picture: NDArray, mask: Mask, caption: str) -> None:
    # A photograph of many megapixels would take gigabytes.
    step = max(1, max(mask.shape) // MOST_PIXELS)
    picture = np.asarray(Image.fromarray(picture).reduce(step))
    mask = mask[step // 2 :: step, step // 2 :: step]
    axes.imshow(picture, interpolation="antialiased")
    if mask.any() and not mask.all():
        axes.contour(mask, levels=[0.5], colors=pictures.OUTLINE, linewidths=0.7)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(caption, fontsize=6, labelpad=1.5)
    axes.spines[:].set_visible(False)


def _scale(figure: Figure, grid: NDArray) -> None:
    """Draw the colour bar of the grey maps, below all."""
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
