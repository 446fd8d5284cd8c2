"""Pictures of maps, on maps of known pixels."""

import numpy as np
import pytest

from lookwhere.report import pictures


def saliency():
    """Two strong pixels, of either sign and in different channels, and a weak one: (2, 10, 10)."""
    values = np.zeros((2, 10, 10))
    values[0, 2, 3], values[1, 7, 5], values[0, 0, 0] = 4, -4, 1
    return values


def test_strength_is_the_largest_channel_whatever_the_sign():
    strength = pictures.strength(saliency())
    assert (strength[2, 3], strength[7, 5], strength[0, 0]) == pytest.approx((1, 1, 0.25))
    assert strength.sum() == pytest.approx(2.25)


def test_one_outlier_does_not_hide_the_rest():
    values = np.full((1, 100, 100), 1.0)
    values[0, 0, 0] = 1000
    assert (pictures.strength(values) == 1).all()


def test_a_single_pixel_is_visible():
    values = np.zeros((1, 100, 100))
    values[0, 4, 5] = 1e-20
    assert np.argwhere(pictures.strength(values)).tolist() == [[4, 5]]


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan], ids=str)
def test_a_map_without_finite_strength_makes_a_white_picture(value):
    values = np.zeros((1, 4, 5))
    values[0, 1:3] = value
    assert (pictures.grey(values) == 255).all()
    assert pictures.grey(values).shape == (4, 5, 3)


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


def test_energy_is_squared_summed_over_channels_and_not_clipped():
    values = saliency()
    values[1, 2, 3] = 4  # a second channel of a strong pixel
    level = pictures.energy_level(values, 10, 10)
    assert (level[2, 3], level[7, 5], level[0, 0]) == pytest.approx((1, 0.5, 1 / 32))
    assert level.sum() == pytest.approx(1 + 0.5 + 1 / 32)


def test_one_outlier_has_nearly_all_energy():
    values = np.full((1, 100, 100), 1.0)
    values[0, 0, 0] = 1000
    level = pictures.energy_level(values, 100, 100)
    assert (level[0, 0], level[50, 50]) == pytest.approx((1, 1e-6))


def test_a_smaller_picture_keeps_the_shares_of_energy():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 40, 60))
    small = pictures.energy_level(values, 20, 30)
    energy = (values**2).sum(axis=0)
    blocks = energy.reshape(20, 2, 30, 2).sum(axis=(1, 3))
    assert small.max() == 1
    assert small / small.sum() == pytest.approx(blocks / blocks.sum())


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan], ids=str)
def test_a_map_without_finite_energy_shows_the_dimmed_image(value):
    values = np.zeros((2, 10, 10))
    values[0, 1:3] = value
    image = np.full((10, 10, 3), (30, 60, 90), dtype=np.uint8)
    assert (pictures.heat_as_scored(values, image) == 36).all()


def test_heat_as_scored_is_bright_at_the_largest_energy_alone():
    image = np.full((100, 100, 3), (30, 60, 90), dtype=np.uint8)
    values = np.zeros((2, 100, 100))
    values[0, 2, 3], values[1, 10:90, 10] = -400, 4
    scored, seen = pictures.heat_as_scored(values, image), pictures.heat(values, image)
    assert scored[2, 3].sum() > 600
    assert scored[50, 10].tolist() == pytest.approx([36] * 3, abs=1)  # a ten-thousandth of it
    assert seen[2, 3].tolist() == seen[50, 10].tolist()  # strength is clipped


def test_colours_of_heat_run_from_transparent_to_bright():
    colors = pictures.heat_colors(5)
    alphas = [int(color[7:], 16) / 255 for color in colors]
    assert alphas == pytest.approx(np.sqrt([0, 0.25, 0.5, 0.75, 1]), abs=0.005)
    assert colors[-1] == "#fcffa4ff"
