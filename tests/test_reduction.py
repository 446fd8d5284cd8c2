"""Samples of images that are resized to ``max_pixels``."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lookwhere.datasets import base, images, masks, reduction, regions
from lookwhere.datasets.selections import Span

SIDE = st.integers(1, 10_000)


@given(SIDE, SIDE, st.integers(1, 10**9))
def test_the_size_is_at_most_the_limit_and_as_large_as_the_aspect_allows(width, height, limit):
    columns, rows = reduction.reduced_size(width, height, limit)
    assert 1 <= columns <= width
    assert 1 <= rows <= height
    assert columns * rows <= limit
    if width * height <= limit:
        assert (columns, rows) == (width, height)
    elif min(columns, rows) > 1:
        scale = (limit / (width * height)) ** 0.5
        assert abs(columns - width * scale) <= 1
        assert abs(rows - height * scale) <= 1


class Photographs(base.Dataset):
    """Two images with a square each, of 40 x 30 and of 160 x 120 pixels."""

    def __init__(self, annotations=None, images=None):
        pass

    def classes(self):
        return ["dog", "cat"]

    def images(self, classes):
        return {name: [1, 2] for name in classes}

    def samples(self, image_ids):
        for name, ids in image_ids.items():
            for number in ids:
                yield base.sample(
                    number,
                    name,
                    file=f"{number}.png",
                    instances=[square(number)],
                    ignored=~square(number),
                )


def square(number):
    """A square on the right, high: (H, W)."""
    scale = {1: 1, 2: 4}[number]
    mask = np.zeros((30, 40), dtype=bool)
    mask[6:12, 24:36] = True
    return mask.repeat(scale, axis=0).repeat(scale, axis=1)


SPANS = [Span("dog", 0, 2), Span("cat", 0, 2)]


def test_samples_of_larger_images_are_reduced_with_their_masks(caplog):
    caplog.set_level(logging.INFO)
    samples = base.select(Photographs(), SPANS, 0, max_pixels=40 * 30)
    assert [(s.width, s.height) for s in samples] == [(40, 30)] * 4
    assert [s.file_size for s in samples] == [(40, 30), (160, 120)] * 2
    for sample in samples:
        [mask] = sample.masks()
        assert np.array_equal(mask, square(1))
        assert np.array_equal(masks.decode(sample.ignored, 30, 40), ~square(1))
    assert "1 image of more than 1200 pixels is resized" in caplog.text


def test_instances_that_lose_all_pixels_are_counted(caplog):
    samples = base.select(Photographs(), SPANS, 0, max_pixels=12)
    assert [each.masks()[0].any() for each in samples] == [False] * 4
    assert (
        "4 of 4 instances have no pixel left at max_pixels: 12, such as one of 0000" in caplog.text
    )


@pytest.mark.parametrize("limit", [None, 160 * 120])
def test_samples_of_smaller_images_stay(limit):
    samples = base.select(Photographs(), SPANS, 0, max_pixels=limit)
    assert samples == base.select(Photographs(), SPANS, 0)
    assert {s.file_width for s in samples} == {0}


def test_mask_and_picture_are_reduced_alike(tmp_path):
    Image.fromarray(square(2)).save(tmp_path / "2.png")
    samples = base.select(Photographs(), [Span("dog", 0, 2)], 0, max_pixels=1000)
    [sample] = [s for s in samples if s.image_id == 2]
    picture = np.asarray(images.ImageFolder(tmp_path).read(sample))[..., 0]
    region = regions.prepare(sample.masks(), 0.2, [0.2])
    assert picture.shape == region.mask.shape == (sample.height, sample.width) == (27, 36)
    assert np.mean((picture > 127) == sample.masks()[0]) > 0.99
