"""Deletion and insertion of a linear net are algebra."""

import numpy as np
import pytest
from scipy import ndimage

from lookwhere.metrics.deletion import (
    blurred,
    deletion,
    deletion_blur,
    insertion,
    insertion_mean,
)
from lookwhere.metrics.order import area, replaced, strongest_first
from lookwhere.metrics.saliency import Saliency

from .nets_of_one_layer import passes_of

RNG = np.random.default_rng(0)
SHAPE = (3, 9, 12)
IMAGE = RNG.normal(size=SHAPE).astype(np.float32)
WEIGHTS = RNG.normal(size=(2, *SHAPE)) / 8
MAP = RNG.normal(size=SHAPE).astype(np.float32)


def sigmoid(logit):
    return 1 / (1 + np.exp(-logit))


def curve(start, end, steps):
    """The probability of output 1, pixel after pixel: w times the image so far."""
    per_pixel = [(WEIGHTS[1] * image).sum(axis=0).ravel() for image in (start, end)]
    order = sorted(range(per_pixel[0].size), key=lambda pixel: -(MAP**2).sum(axis=0).flat[pixel])
    logits = [per_pixel[0].sum()]
    for pixel in order:
        logits.append(logits[-1] + per_pixel[1][pixel] - per_pixel[0][pixel])
    return sigmoid(np.array(logits))[:: len(order) // steps]


@pytest.mark.parametrize("steps", [1, 4, 36, 108])
@pytest.mark.parametrize(
    ("metric", "baseline", "starts_with_it"),
    [
        (deletion, np.zeros_like(IMAGE), False),
        (deletion_blur, blurred(IMAGE), False),
        (insertion, blurred(IMAGE), True),
        (insertion_mean, np.zeros_like(IMAGE), True),
    ],
)
def test_a_linear_net_s_curve_is_algebra(metric, baseline, starts_with_it, steps):
    start, end = (baseline, IMAGE) if starts_with_it else (IMAGE, baseline)
    heights = curve(start, end, steps)
    expected = np.trapezoid(heights, np.linspace(0, 1, len(heights)))
    passes = passes_of(WEIGHTS, IMAGE, target=1, outputs="sigmoid")
    assert metric(Saliency(MAP), passes, steps=steps) == pytest.approx(expected, abs=1e-6)


def test_the_truly_important_pixels_delete_most_and_the_others_least():
    weights = np.abs(WEIGHTS) / 10
    image = np.abs(IMAGE)
    truth = (weights[0] * image).sum(axis=0, keepdims=True)
    values = [
        deletion(Saliency(values.astype(np.float32)), passes_of(weights, image, outputs="sigmoid"))
        for values in (truth, RNG.permuted(truth, axis=None), 1 / truth)
    ]
    assert values == sorted(values)
    assert values[2] - values[0] > 0.05


def test_on_one_baseline_an_order_inserts_what_its_reverse_deletes():
    """So both are equal on average over random orders."""
    values = np.exp(MAP[:1])
    passes = passes_of(WEIGHTS, IMAGE, target=1, outputs="sigmoid")
    for delete, insert in ((deletion, insertion_mean), (deletion_blur, insertion)):
        assert insert(Saliency(1 / values), passes, steps=4) == pytest.approx(
            delete(Saliency(values), passes, steps=4), abs=1e-6
        )


@pytest.mark.parametrize(("side", "deviation"), [(224, 5), (45, 45 / 224 * 5), (22, 1), (4, 1)])
def test_the_blur_is_that_of_rise_s_authors_inside_the_border(side, deviation):
    """Their gkern(11, 5), an impulse in 11 x 11 pixels through scipy's filter, and smaller ones."""
    image = RNG.normal(size=(3, side, 300)).astype(np.float32)
    reach = round(deviation)
    impulse = np.zeros((2 * reach + 1, 2 * reach + 1))
    impulse[reach, reach] = 1
    kernel = ndimage.gaussian_filter(impulse, deviation)
    theirs = np.stack([ndimage.correlate(c, kernel, mode="constant") for c in image])
    inside = np.s_[:, reach:-reach, reach:-reach]
    np.testing.assert_allclose(blurred(image)[inside], theirs[inside], atol=1e-5)
    assert blurred(np.ones_like(image)) == pytest.approx(1)


def test_ties_are_in_random_order_and_every_pixel_is_replaced_once():
    values = np.zeros((20, 30))
    values[4, 7] = 1
    order = strongest_first(values, np.random.default_rng(0))
    assert order[0] == 4 * 30 + 7
    assert sorted(order) == list(range(600))
    rank = np.corrcoef(order[1:], np.arange(599))[0, 1]
    assert abs(rank) < 0.2
    assert (order == strongest_first(values, np.random.default_rng(0))).all()


@pytest.mark.parametrize(("steps", "images"), [(1, 2), (7, 8), (50, 37), (1000, 109)])
def test_steps_are_equal_and_at_most_so_many(steps, images):
    start, end = np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)
    shares = [image.mean() for image in replaced(start, end, np.arange(108), steps)]
    assert len(shares) == images
    assert shares[0] == 0
    assert shares[-1] == 1
    assert np.diff(shares)[:-1] == pytest.approx(shares[1], abs=1e-6)


def test_the_area_is_that_of_trapezoids():
    heights = RNG.random(33)
    assert area(heights) == pytest.approx(np.trapezoid(heights, np.linspace(0, 1, 33)))
