"""The page of the data set: its classes, what is left out, and samples with their masks."""

import base64
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby

from PIL import Image

from lookwhere.datasets.overview import Row, notes, overview, percent
from lookwhere.report.contact_sheet import Tile
from lookwhere.report.pictures import GRID, OUTLINE

# Columns of the table of all classes, with their names in classes.csv.
CLASSES = {
    "class": "class",
    "can be drawn": "images",
    "left out": "images_left_out",
    "masks": "masks",
    "boxes without a mask": "boxes",
    "crowds": "crowds",
    "without mask and box": "without_region",
}
LINK = "<!-- gallery -->"


def page(
    template: str,
    css: str,
    classes: Sequence[Row],
    samples: Sequence[Row],
    tiles: Sequence[Tile],
    *,
    images: int,
) -> str:
    """The page, which needs no other file.

    Parameters
    ----------
    template, css
        The page and its style, of ``workflow/gallery``.
    classes, samples
        The rows of ``classes.csv`` and ``samples.csv``.
    images
        The number of images of the study.
    """
    count = sum(int(row["samples"]) for row in samples)
    parts = {
        "css": f"{css}\n:root {{ --outline: {OUTLINE}; }}",
        "summary": f"{_counted(count, 'sample')} of {_counted(len(samples), 'class', 'classes')} "
        f"in {_counted(images, 'image')}.",
        "body": "\n".join([*_study(classes, samples), *_tiles(tiles), *_annotations(classes)]),
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda place: parts[place[1]], template)


def in_gallery(page: str) -> str:
    """The page as a part of the gallery, with a link to its start."""
    return page.replace(LINK, '<p><a href="index.html">Maps of the gallery</a></p>')


def _study(classes: Sequence[Row], samples: Sequence[Row]) -> Iterable[str]:
    """The classes of the study, and what is left out of them."""
    yield _table(overview(classes, samples))
    if left_out := notes(classes):
        yield f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in left_out)}</ul>'


def _annotations(classes: Sequence[Row]) -> Iterable[str]:
    """All classes of the annotations, folded."""
    title = f"{_counted(len(classes), 'class', 'classes')} of the annotations"
    rows = [{label: str(row[key]) or "-" for label, key in CLASSES.items()} for row in classes]
    yield f"<details><summary>{title}</summary>{_table(rows)}</details>"


def _tiles(tiles: Sequence[Tile]) -> Iterable[str]:
    for name, of_class in groupby(tiles, lambda tile: tile.class_name):
        yield f'<h2>{escape(name)}</h2>\n<div class="tiles">'
        yield from map(_figure, of_class)
        yield "</div>"


def _figure(tile: Tile) -> str:
    height, width = tile.picture.shape[:2]
    lines = "".join(f"M{' '.join(map(str, line.ravel()))}Z" for line in tile.borders)
    share = f"mask {percent(tile.mask_fraction)}"
    return (
        f'<figure style="--ratio: {width / height:.4f}"><span class="frame">'
        f'<img alt="{escape(tile.sample)}, {share}" src="{_data_url(tile)}">'
        f'<svg class="outline" viewBox="0 0 {GRID} {GRID}" preserveAspectRatio="none" '
        f'aria-hidden="true"><path class="edge" d="{lines}"></path><path d="{lines}"></path></svg>'
        f"</span><figcaption>{escape(tile.sample)}<br>{share}</figcaption></figure>"
    )


def _data_url(tile: Tile) -> str:
    content = io.BytesIO()
    Image.fromarray(tile.picture).save(content, "webp", quality=75, method=2)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    head = "".join(f"<th>{escape(label)}</th>" for label in rows[0])
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row.values()) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table">{table}</div>'


def _counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
