"""Comparisons of maps, beside scipy and formulas written out."""

import numpy as np
import pytest
from scipy import stats

from lookwhere.metrics import similarity
from lookwhere.metrics.saliency import Saliency

RNG = np.random.default_rng(0)


def draw(channels=3, height=20, width=17):
    return Saliency(RNG.standard_normal((channels, height, width)).astype(np.float32))


def compare(one, other):
    return similarity.compare(similarity.prepare(one), similarity.prepare(other))


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlations_are_spearmans(ties):
    one, other = draw(), draw()
    if ties:  # as after a ReLU
        one, other = (Saliency(np.maximum(saliency.values, 0.5)) for saliency in (one, other))
    alike = compare(one, other)
    strengths = [np.abs(s.values.astype(float)).sum(0).ravel() for s in (one, other)]
    sums = [s.values.astype(float).sum(0).ravel() for s in (one, other)]
    assert alike.rank_correlation == pytest.approx(stats.spearmanr(*strengths)[0], abs=1e-6)
    assert alike.rank_correlation_signed == pytest.approx(stats.spearmanr(*sums)[0], abs=1e-6)


def test_equal_maps_are_alike_whatever_their_scale():
    one = draw()
    for other in (one, Saliency(1000 * one.values)):
        alike = compare(one, other)
        assert alike.rank_correlation == alike.rank_correlation_signed == pytest.approx(1)
        assert alike.ssim == pytest.approx(1)


def test_the_sign_counts_in_one_correlation_alone():
    one = draw(channels=1)
    alike = compare(one, Saliency(-one.values))
    assert alike.rank_correlation == pytest.approx(1)
    assert alike.rank_correlation_signed == pytest.approx(-1)


def test_of_a_flat_map_there_is_no_rank_correlation():
    flat = Saliency(np.ones((1, 20, 17), np.float32))
    for alike in (compare(flat, draw(1)), compare(flat, flat)):
        assert alike.rank_correlation is alike.rank_correlation_signed is None


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_a_map_that_is_zero_or_not_finite_is_compared_with_none(value):
    values = draw().values if value else np.zeros((3, 20, 17), np.float32)
    values[0, 3, 3] = value
    alike = compare(draw(), Saliency(values))
    assert alike == similarity.Similarity(None, None, None)


def test_ssim_is_the_mean_over_windows_of_wang_s_formula():
    """Window by window, with numpy's mean, variance and covariance."""
    one, other = RNG.random((12, 9)), RNG.random((12, 9))
    span = max(one.max(), other.max()) - min(one.min(), other.min())
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    values = []
    for top in range(12 - 6):
        for left in range(9 - 6):
            a, b = (m[top : top + 7, left : left + 7].ravel() for m in (one, other))
            (va, cov), (_, vb) = np.cov(a, b)
            luminance = (2 * a.mean() * b.mean() + c1) / (a.mean() ** 2 + b.mean() ** 2 + c1)
            values.append(luminance * (2 * cov + c2) / (va + vb + c2))
    assert similarity.ssim(one, other) == pytest.approx(np.mean(values), rel=1e-9)


def test_ssim_is_undefined_where_no_window_fits_or_all_values_are_equal():
    assert similarity.ssim(np.ones((6, 20)), np.ones((6, 20))) is None
    assert similarity.ssim(np.ones((9, 9)), np.ones((9, 9))) is None


def test_entropy_is_that_of_a_histogram_of_a_hundred_bins():
    each_bin = Saliency(np.arange(100.0).reshape(1, 10, 10))
    assert similarity.entropy(each_bin) == pytest.approx(np.log(100))
    halves = Saliency(-np.repeat([0.0, 3.0], 50).reshape(1, 10, 10))
    assert similarity.entropy(halves) == pytest.approx(np.log(2))
    assert similarity.entropy(Saliency(np.ones((1, 4, 4)))) == 0


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_a_map_that_is_zero_or_not_finite_has_no_entropy(value):
    """A map that vanishes is no simple map: that of its histogram would be 0."""
    assert similarity.entropy(Saliency(np.full((1, 4, 4), value, np.float32))) is None
