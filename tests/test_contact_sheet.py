"""The contact sheet: its samples, its layout, and outlines where the masks are."""

import random
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

from lookwhere.report import contact_sheet, pictures
from lookwhere.report.contact_sheet import choose, sheet, tile

from .studies import assert_fits, sample_of

GREEN = np.array(to_rgb(pictures.OUTLINE)) * 255


def samples_of(classes, each):
    return [sample_of(k, name) for name in classes for k in range(each)]


def fractions_of(samples):
    rng = random.Random(0)
    return {sample.id: rng.random() for sample in samples}


def names(count):
    return [f"class {number:02d}" for number in range(count)]


@pytest.mark.parametrize(
    ("classes", "each", "expected"),
    [(1, 100, 42), (2, 100, 18), (3, 100, 12), (6, 10, 6), (7, 100, 6), (8, 100, 5), (60, 9, 1)],
)
def test_every_class_has_equal_space(classes, each, expected):
    samples = samples_of(names(classes), each)
    chosen = choose(samples, fractions_of(samples))
    assert len(chosen) <= 42
    counts = [sum(s.class_name == name for s in chosen) for name in names(classes)[:42]]
    assert set(counts) == {expected}


def test_samples_range_from_the_smallest_mask_to_the_largest():
    samples = samples_of(["dog"], 100)
    fractions = {sample.id: sample.image_id / 100 for sample in samples}
    shown = [fractions[sample.id] for sample in choose(samples, fractions)]
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (0, 0.99)
    assert max(np.diff(shown)) < 0.035


def test_the_choice_does_not_depend_on_the_order_of_samples():
    samples = samples_of(["dog"], 100)
    fractions = dict.fromkeys([sample.id for sample in samples], 0.5)
    shuffled = random.Random(1).sample(samples, 100)
    assert choose(samples, fractions) == choose(shuffled, fractions)


def tile_of(mask, color=(128, 128, 128), sample=None):
    image = np.full((*mask.shape, 3), color, dtype=np.uint8)
    sample = sample or sample_of(1, size=mask.shape[::-1])
    return tile(sample, mask.mean(), image, mask)


def box(shape, rows, columns):
    mask = np.zeros(shape, dtype=bool)
    mask[rows, columns] = True
    return mask


def drawn(tiles, folder):
    contact_sheet.save(tiles, len(tiles), folder / "sheet.png", folder / "sheet.pdf")
    with Image.open(folder / "sheet.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def frame_of(pixels, color):
    """Top, bottom, left and right of the tile's picture, of one colour."""
    rows, columns = np.nonzero((pixels == color).all(axis=2))
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def is_green(pixels):
    return np.abs(pixels - GREEN).sum(axis=2) < 90


@pytest.mark.parametrize(
    ("shape", "shift"),
    [((300, 400), 0), ((300, 400), 0.25), ((400, 300), 0.25), ((30, 40), 0), ((3000, 1000), 0.1)],
)
def test_the_outline_lies_on_the_border_of_the_mask(shape, shift, tmp_path):
    """A mask that is shifted by a quarter of the image has an outline a quarter further."""
    height, width = shape
    left, right = round((0.25 + shift) * width), round((0.5 + shift) * width)
    mask = box(shape, slice(height // 4, height // 2), slice(left, right))
    pixels = drawn([tile_of(mask, color=(200, 0, 200))], tmp_path)
    top, bottom, start, end = frame_of(pixels, (200, 0, 200))
    assert (bottom - top) / (end - start) == pytest.approx(height / width, rel=0.05)
    rows, columns = np.nonzero(is_green(pixels[top:bottom, start:end]))
    pixel = 0.5 / min(shape)  # half a pixel of the image: the outline runs through centres
    for found, expected in [
        (rows.min() / (bottom - top), 0.25),
        (rows.max() / (bottom - top), 0.5),
        (columns.min() / (end - start), 0.25 + shift),
        (columns.max() / (end - start), 0.5 + shift),
    ]:
        assert found == pytest.approx(expected, abs=pixel + 0.03)


@pytest.mark.parametrize(
    "color", [(255, 255, 255), (0, 0, 0), (0, 200, 160), (128, 128, 128)], ids=str
)
def test_the_outline_is_visible_on_every_colour(color, tmp_path):
    """Black and green side by side: one of them differs from the image by half the range."""
    mask = box((300, 400), slice(100, 200), slice(100, 300))
    pixels = drawn([tile_of(mask, color)], tmp_path)
    rows, columns = np.nonzero(is_green(pixels) & (np.abs(pixels - color).sum(axis=2) > 0))
    inside = pixels[rows.min() - 4 : rows.max() + 5, columns.min() - 4 : columns.max() + 5]
    contrast = np.abs(inside - color).sum(axis=2)
    assert (contrast > 250).sum() > 300


@pytest.mark.parametrize("pixels", [[(60, 80)], [(60, 80), (60, 81)]], ids=["one", "two"])
def test_a_mask_of_a_pixel_is_a_dot(pixels, tmp_path):
    mask = np.zeros((120, 160), dtype=bool)
    for place in pixels:
        mask[place] = True
    assert is_green(drawn([tile_of(mask)], tmp_path)).sum() >= 5


def test_an_empty_mask_has_no_outline(tmp_path):
    assert not is_green(drawn([tile_of(np.zeros((30, 40), dtype=bool))], tmp_path)).any()


def test_small_images_are_not_enlarged_in_the_page():
    assert tile_of(box((30, 40), 1, 1)).picture.shape == (30, 40, 3)
    assert tile_of(box((3000, 4000), 1, 1)).picture.shape == (180, 240, 3)


@pytest.mark.parametrize(("classes", "size"), [(1, (40, 30)), (7, (30, 40)), (43, (400, 3))])
def test_the_sheet_fits_on_a_page_and_no_text_on_another(classes, size):
    samples = [
        sample_of(f"a-long-id-of-an-image-{k}", name, size)
        for name in names(classes)
        for k in range(50)
    ]
    mask = box(size[::-1], 1, 1)
    tiles = [tile_of(mask, sample=s) for s in choose(samples, fractions_of(samples))]
    figure = sheet(tiles, "Samples")
    assert_fits(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    [axes] = figure.axes
    assert len(axes.images) == len(tiles)
    boxes = [part.get_window_extent(renderer) for part in [*axes.texts, *axes.images]]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
