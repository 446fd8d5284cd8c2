"""The metrics of localisation, against sorting in plain Python, and against chance."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookwhere.datasets.regions import Region
from lookwhere.metrics.registry import METRICS, measure
from lookwhere.metrics.saliency import Saliency

from .studies import MORE as NAMES

SHAPE = (2, 5, 7)
MAPS = arrays(np.float32, SHAPE, elements=st.floats(-1e3, 1e3, width=32)).filter(np.any)
MASKS = arrays(bool, SHAPE[1:]).filter(np.any)
# Few values have many ties.
TIED = arrays(np.float32, SHAPE, elements=st.sampled_from([-1, 0, 0, 2])).filter(np.any)


def measured(values, mask, boxes):
    """All metrics by name, computed as in a study."""
    region = Region(mask, boxes, np.zeros(mask.shape, np.uint8), np.zeros(1))
    return {name: measure(METRICS[name], Saliency(values), region) for name in NAMES}


def by_hand(saliency, mask, boxes):
    """All measures by sorting pixels; of tied pixels, the mean over many random orders."""
    _, height, width = saliency.shape
    pixels = [(y, x) for y in range(height) for x in range(width)]
    strength = {p: sum(abs(float(v)) for v in saliency[:, p[0], p[1]]) for p in pixels}
    energy = {p: sum(float(v) ** 2 for v in saliency[:, p[0], p[1]]) for p in pixels}
    total = sum(strength.values())
    count = int(mask.sum())
    rng, orders, ranks, points = random.Random(0), 400, 0.0, 0.0
    for _ in range(orders):
        order = sorted(pixels, key=lambda p: (-energy[p], rng.random()))
        ranks += sum(bool(mask[p]) for p in order[:count]) / count / orders
        points += bool(mask[order[0]]) / orders
    return {
        "relevance_mass_accuracy": sum(strength[p] for p in pixels if mask[p]) / total,
        "relevance_rank_accuracy": ranks,
        "pointing_game": points,
        "energy_pointing_game": sum(strength[p] for p in pixels if boxes[p]) / total,
    }


def test_by_hand():
    saliency = np.array([[[1, -2, 0], [3, 0, 0]], [[0, 2, 0], [0, 0, -1]]], dtype=np.float32)
    mask = np.array([[0, 1, 0], [0, 0, 1]], dtype=bool)
    boxes = np.array([[0, 1, 1], [0, 1, 1]], dtype=bool)
    assert measured(saliency, mask, boxes) == {
        "relevance_mass_accuracy": (4 + 1) / 9,
        "relevance_rank_accuracy": 1 / 2,  # the pixels of energy 9 and 8
        "pointing_game": 0,
        "energy_pointing_game": (4 + 1) / 9,
    }


@pytest.mark.parametrize("channels", [1, 3])
def test_equals_sorting(channels):
    rng = np.random.default_rng(channels)
    saliency = rng.normal(size=(channels, 13, 17)).astype(np.float32)
    mask, boxes = rng.random((2, 13, 17)) > 0.7
    assert measured(saliency, mask, boxes) == pytest.approx(by_hand(saliency, mask, boxes))


def test_ties_are_resolved_in_expectation():
    rng = np.random.default_rng(0)
    saliency = rng.integers(0, 3, (1, 6, 7)).astype(np.float32)
    mask = rng.random((6, 7)) > 0.6
    expected, values = by_hand(saliency, mask, mask), measured(saliency, mask, mask)
    rank, point = "relevance_rank_accuracy", "pointing_game"
    assert values[rank] == pytest.approx(expected[rank], abs=0.03)
    assert values[point] == pytest.approx(expected[point], abs=0.06)


def test_a_flat_map_scores_chance():
    rng = np.random.default_rng(0)
    mask, boxes = rng.random((2, 9, 11)) > [[[0.8]], [[0.5]]]
    fractions = {"mask_fraction": mask.mean(), "box_fraction": boxes.mean()}
    values = measured(np.ones((3, 9, 11), dtype=np.float32), mask, boxes)
    for name in NAMES:
        assert values[name] == pytest.approx(fractions[METRICS[name].chance])


@given(MAPS | TIED, MASKS, MASKS)
def test_lie_between_0_and_1(saliency, mask, boxes):
    assert all(0 <= value <= 1 for value in measured(saliency, mask, boxes).values())


@given(MAPS | TIED)
def test_a_mask_of_all_pixels_scores_1(saliency):
    everything = np.ones(SHAPE[1:], dtype=bool)
    assert set(measured(saliency, everything, everything).values()) == {1.0}


@given(MASKS)
def test_the_mask_itself_is_the_best_map(mask):
    best = measured(mask[None].astype(np.float32), mask, mask)
    assert set(best.values()) == {1.0}


def test_scaling_changes_nothing():
    saliency = np.random.default_rng(0).normal(size=(3, 9, 11)).astype(np.float32)
    mask = np.random.default_rng(1).random((9, 11)) > 0.8
    for factor in (-1, 2.0**-60, 2.0**60):
        scaled = measured(saliency * np.float32(factor), mask, mask)
        assert scaled == measured(saliency, mask, mask)
