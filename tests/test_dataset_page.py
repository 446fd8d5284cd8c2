"""The page of the data set: whole in one file, whatever the names."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lookwhere.datasets import listing
from lookwhere.datasets.listing import Listed
from lookwhere.datasets.pools import Kind
from lookwhere.report import contact_sheet, dataset_page

from .studies import sample_of

FOLDER = Path(__file__).parents[1] / "workflow" / "gallery"
EVIL = '</td><script>"&<b>'
NOTE = "1 of 3 annotations of '<b>' are crowds: 1 image left out"


class Reader(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(pixels=60):
    names = ["dog", EVIL]
    samples = [sample_of(k, name, instances=("a",)) for name in names for k in range(3)]
    fractions = {sample.id: 0.25 for sample in samples}
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (pixels, pixels, 3), dtype=np.uint8)
    mask = np.zeros((pixels, pixels), dtype=bool)
    mask[10:20, 30:50] = True
    tiles = [contact_sheet.tile(sample, 0.25, image, mask) for sample in samples]
    classes = [
        Listed("dog", True, 34, {Kind.MASK: 35, Kind.CROWD: 1}, 1, [NOTE]),
        Listed(EVIL, True, 5),
        Listed("unused", False, 77),
    ]
    template = (FOLDER / "dataset.html").read_text("utf-8")
    css = "".join((FOLDER / f"{name}.css").read_text("utf-8") for name in ("gallery", "dataset"))
    rows = [entry.row() for entry in classes]
    return dataset_page.page(
        template, css, rows, listing.of_samples(samples, fractions), tiles, images=3
    )


@pytest.fixture(scope="module")
def page():
    return page_of()


def test_the_page_needs_no_other_file(page):
    reader = Reader(page)
    sources = [image["src"] for image in reader.all("img")]
    assert len(sources) == 6
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not reader.all("script")
    assert not reader.all("a")
    assert [link["href"] for link in reader.all("link")] == ["data:,"]
    assert "{{" not in page


def test_names_are_text(page):
    text = " ".join(Reader(page).text)
    assert text.count(EVIL) == 3  # both tables and the heading of its samples
    assert NOTE in text
    assert "6 samples of 2 classes in 3 images." in text
    assert "3 classes of the annotations" in text


def test_the_outline_has_the_corners_of_the_mask(page):
    lines = [path["d"] for path in Reader(page).all("path")]
    assert len(lines) == 12  # a dark edge below every line
    numbers = np.array(re.findall(r"\d+", lines[0]), float).reshape(-1, 2) * 60 / 1000 - 0.5
    corners = {tuple(corner) for corner in numbers.round()}
    assert corners == {(30, 10), (49, 10), (49, 19), (30, 19)}


def test_the_page_of_the_gallery_links_to_its_maps(page):
    [link] = Reader(dataset_page.in_gallery(page)).all("a")
    assert link["href"] == "index.html"


def test_the_page_fits_in_a_report(page):
    """A page of a report is a data URL, of at most 2 MB in Chromium, in base64: also of noise."""
    pictures = (len(page_of(pixels=2 * contact_sheet.PIXELS)) - len(page)) / 6
    samples = contact_sheet.COLUMNS * contact_sheet.ROWS
    assert 4 / 3 * (len(page) + samples * pictures) < 2e6
