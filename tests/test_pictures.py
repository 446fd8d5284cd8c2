"""Pictures of maps, on maps small enough to know every pixel."""

import numpy as np
import pytest

from concentration import pictures


def saliency():
    """Two strong pixels, of either sign and in different channels, and a weak one: (2, 10, 10)."""
    made = np.zeros((2, 10, 10))
    made[0, 2, 3], made[1, 7, 5], made[0, 0, 0] = 4, -4, 1
    return made


def test_strength_is_the_largest_channel_whatever_the_sign():
    strength = pictures.strength(saliency())
    assert (strength[2, 3], strength[7, 5], strength[0, 0]) == pytest.approx((1, 1, 0.25))
    assert strength.sum() == pytest.approx(2.25)


def test_one_outlier_does_not_hide_the_rest():
    made = np.full((1, 100, 100), 1.0)
    made[0, 0, 0] = 1000
    assert (pictures.strength(made) == 1).all()


def test_a_lonely_pixel_is_seen():
    made = np.zeros((1, 100, 100))
    made[0, 4, 5] = 1e-20
    assert np.argwhere(pictures.strength(made)).tolist() == [[4, 5]]


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan], ids=str)
def test_a_map_without_finite_strength_makes_a_white_picture(value):
    made = np.zeros((1, 4, 5))
    made[0, 1:3] = value
    assert (pictures.grey(made) == 255).all()
    assert pictures.grey(made).shape == (4, 5, 3)


def test_grey_is_white_for_nothing_and_black_for_much():
    grey = pictures.grey(saliency())
    assert grey[5, 5].tolist() == [255] * 3
    assert grey[2, 3].tolist() == [0] * 3


def test_overlay_is_the_dimmed_image_where_the_map_is_zero():
    image = np.full((10, 10, 3), (30, 60, 90), dtype=np.uint8)
    picture = pictures.overlay(saliency(), image, np.zeros((10, 10), dtype=bool))
    assert picture[5, 5].tolist() == [36] * 3  # 0.6 of the mean
    assert picture[2, 3].sum() > 600


def test_outline_runs_inside_the_masks_border_and_leaves_the_input_alone():
    image, mask = np.zeros((20, 20, 3), dtype=np.uint8), np.zeros((20, 20), dtype=bool)
    mask[5:12, 4:15] = True
    drawn = pictures.outline(image, mask).any(axis=2)
    inside = np.zeros_like(mask)
    inside[6:11, 5:14] = True
    assert (drawn == (mask & ~inside)).all()
    assert not image.any()
