"""The contact sheet: samples of every class with their dilated masks, on a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path as FilePath

import cv2
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Bbox, TransformedBbox
from numpy.typing import NDArray

from lookwhere.charts.style import PAGE, shortened, styled
from lookwhere.datasets.masks import Mask
from lookwhere.datasets.overview import percent
from lookwhere.datasets.samples import Sample
from lookwhere.io.atomic import atomic_file
from lookwhere.report import pictures

COLUMNS, ROWS = 6, 7  # of tiles
# Inches: of the page, the title, a class above its tiles, the text below a tile, margin and gaps.
MOST_HEIGHT, TITLE, HEAD, TEXT, MARGIN, GAP = 9.1, 0.3, 0.2, 0.25, 0.05, 0.08
WIDTH = (PAGE - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS  # of a tile
DPI = 200
PIXELS = 240  # the longer side of a tile's picture
# A dark edge on both sides of the line: visible on dark and on bright images, and on green ones.
LINE, EDGE = 0.8, 2.0
# Tiles are images of their own, and glyphs are as in eps: other fonts take as long as all tiles.
STYLE = {
    "figure.constrained_layout.use": False,
    "image.composite_image": False,
    "pdf.fonttype": 3,
}


@dataclass(frozen=True)
class Tile:
    """A sample on the sheet."""

    sample: str
    class_name: str
    mask_fraction: float
    picture: NDArray[np.uint8]  # (H, W, 3)
    borders: Sequence[NDArray[np.intp]]  # of the mask, on the grid of ``pictures.borders``


def tile(sample: Sample, mask_fraction: float, image: NDArray[np.uint8], mask: Mask) -> Tile:
    """The tile of a sample with its image (H, W, 3) and its dilated mask (H, W)."""
    scale = min(1, PIXELS / max(image.shape[:2]))
    picture = _resized(image, scale * image.shape[0], scale * image.shape[1])
    return Tile(sample.id, sample.class_name, mask_fraction, picture, pictures.borders(mask))


def choose(samples: Sequence[Sample], fractions: Mapping[str, float]) -> list[Sample]:
    """The samples on the sheet: of each class a few, from the smallest mask to the largest.

    ``fractions`` are the mask fractions by sample. Of more classes than tiles only the first have
    one.
    """
    by_class: dict[str, list[Sample]] = {}
    for sample in samples:
        by_class.setdefault(sample.class_name, []).append(sample)
    classes = list(by_class.values())[: COLUMNS * ROWS]
    # Rows of a class of its own, or, of many classes, equal shares of the tiles.
    few = len(classes) <= ROWS
    count = ROWS // len(classes) * COLUMNS if few else COLUMNS * ROWS // len(classes)
    return [
        sample
        for of_class in classes
        for sample in _spread(sorted(of_class, key=lambda s: (fractions[s.id], s.id)), count)
    ]


def _spread(ordered: Sequence[Sample], count: int) -> list[Sample]:
    """``count`` of the samples at equal steps: the first, the last and others between."""
    if len(ordered) <= count:
        return list(ordered)
    steps = np.linspace(0, len(ordered) - 1, count).round().astype(int)
    return [ordered[step] for step in steps]


def sheet(tiles: Sequence[Tile], title: str) -> Figure:
    """Draw the tiles, a row a class, or several; many classes share rows."""
    by_class = [list(of_class) for _, of_class in groupby(tiles, lambda tile: tile.class_name)]
    few = len(by_class) <= ROWS
    rows = [row for of_class in (by_class if few else [tiles]) for row in _rows(of_class)]
    heads = {of_class[0].sample for of_class in by_class} if few else set()
    room = (MOST_HEIGHT - TITLE - MARGIN - HEAD * len(heads)) / len(rows) - TEXT
    sizes = [[_size(tile, min(room, WIDTH)) for tile in row] for row in rows]
    heights = [max(height for height, _ in of_row) for of_row in sizes]
    height = TITLE + HEAD * len(heads) + sum(heights) + TEXT * len(rows) + MARGIN
    with styled(STYLE):
        figure = Figure(figsize=(PAGE, height))
        figure.suptitle(title, y=1 - 0.08 / height, va="top")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE), ylim=(0, height))  # in inches
        axes.set_axis_off()
        top = height - TITLE
        for row, of_row, most in zip(rows, sizes, heights, strict=True):
            if row[0].sample in heads:
                name = shortened(row[0].class_name, 90)
                axes.text(MARGIN, top - 0.06, name, fontsize=7.5, fontweight="bold", va="top")
                top -= HEAD
            top -= most + TEXT
            for place, (item, size) in enumerate(zip(row, of_row, strict=True)):
                _draw(axes, item, size, MARGIN + place * (WIDTH + GAP), top + TEXT)
        return figure


def save(tiles: Sequence[Tile], total: int, png: str | FilePath, pdf: str | FilePath) -> None:
    """Draw the tiles, of the ``total`` samples of the study, and save the sheet."""
    title = f"Samples of the data set, with their dilated masks ({len(tiles)} of {total})"
    figure = sheet(tiles, title)
    with styled(STYLE):
        with atomic_file(png) as draft:  # the default level takes twice as long, for 8 % less
            figure.savefig(draft, dpi=DPI, pil_kwargs={"compress_level": 1})
        with atomic_file(pdf) as draft:
            figure.savefig(draft)


def _rows(tiles: Sequence[Tile]) -> list[Sequence[Tile]]:
    return [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]


def _size(tile: Tile, most: float) -> tuple[float, float]:
    """(height, width) of a tile's picture in inches: it fits ``most`` x WIDTH."""
    rows, columns = tile.picture.shape[:2]
    scale = min(most / rows, WIDTH / columns)
    return scale * rows, scale * columns


def _resized(image: NDArray[np.uint8], height: float, width: float) -> NDArray[np.uint8]:
    """The image (H, W, 3) at a size in pixels, at least 1."""
    shape = max(1, round(width)), max(1, round(height))
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _draw(axes: Axes, tile: Tile, size: tuple[float, float], left: float, bottom: float) -> None:
    """Draw a tile's picture of a ``size`` (height, width) at a place, with the text below."""
    height, width = size
    picture = _resized(tile.picture, DPI * height, DPI * width)
    extent = (left, left + width, bottom, bottom + height)
    axes.imshow(picture, interpolation="none", aspect="auto", extent=extent)
    axes.autoscale(False)
    frame = Bbox.from_bounds(left, bottom, width, height)
    lines = [
        (line / pictures.GRID) * [width, -height] + [left, bottom + height] for line in tile.borders
    ]
    _outline(axes, lines, TransformedBbox(frame, axes.transData))
    text = f"{shortened(tile.sample, 27)}\nmask {percent(tile.mask_fraction)}"
    axes.text(left, bottom - 0.03, text, fontsize=5, va="top", linespacing=1.25)


def _outline(axes: Axes, lines: Sequence[NDArray[np.float64]], frame: TransformedBbox) -> None:
    """Draw closed lines (n, 2) within the frame of their picture."""
    if not lines:
        return
    edge = [patheffects.withStroke(linewidth=EDGE, foreground="black")]
    paths = [Path(np.vstack([line, line[:1]]), closed=True) for line in lines]
    outline = PathPatch(
        Path.make_compound_path(*paths),
        fill=False,
        edgecolor=pictures.OUTLINE,
        linewidth=LINE,
        joinstyle="round",
        path_effects=edge,
    )
    axes.add_patch(outline)
    outline.set_clip_path(None)
    outline.set_clip_box(frame)
    dots = [line[0] for line in lines if len(line) < 3]  # lines without length
    if dots:
        x, y = np.transpose(dots)
        axes.scatter(x, y, LINE**2, pictures.OUTLINE, path_effects=edge)
