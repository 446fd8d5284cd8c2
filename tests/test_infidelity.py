"""Infidelity is the equation, and 0 for the true contributions of a linear net."""

import sys

import numpy as np
import pytest

from lookwhere.errors import StudyError
from lookwhere.metrics import infidelity as module
from lookwhere.metrics.infidelity import infidelity
from lookwhere.metrics.registry import METRICS, measure
from lookwhere.metrics.saliency import Saliency

from .nets_of_one_layer import passes_of

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(3, 16, 20)).astype(np.float32)
WEIGHTS = RNG.normal(size=(2, 3, 16, 20))
MAP = RNG.normal(size=(1, 16, 20)).astype(np.float32)


@pytest.mark.parametrize("scale", [1, 0.001, -40])
def test_it_is_0_for_the_contributions_of_a_linear_net_at_any_scale(scale):
    contributions = Saliency(np.float32(scale * WEIGHTS[1] * IMAGE))
    assert infidelity(contributions, passes_of(WEIGHTS, IMAGE, 1)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("squares", [5, 32])
def test_it_is_the_least_mean_square_over_the_squares(squares):
    passes = passes_of(WEIGHTS, IMAGE, 1)
    generator, sums, losses = passes.generator(), [], []
    for _ in range(squares):
        top, left = int(generator.integers(16 - 4 + 1)), int(generator.integers(20 - 4 + 1))
        square = np.s_[:, top : top + 4, left : left + 4]
        sums.append(MAP[square].sum(dtype=np.float64))
        losses.append((WEIGHTS[1] * IMAGE)[square].sum())
    beta, *_ = np.linalg.lstsq(np.array(sums)[:, None], np.array(losses), rcond=None)
    expected = np.mean((beta * sums - losses) ** 2)
    value = infidelity(Saliency(MAP), passes, squares=squares)
    assert value == pytest.approx(expected, rel=1e-4)
    assert passes._net.net.batches == [1] + [8] * (squares // 8) + [squares % 8] * (squares % 8 > 0)


def test_without_captum_the_error_names_the_package(monkeypatch):
    module._captum.cache_clear()
    monkeypatch.setitem(sys.modules, "captum", None)
    message = "^metric infidelity needs captum, which is not installed: pip install captum$"
    with pytest.raises(StudyError, match=message):
        measure(METRICS["infidelity"], Saliency(MAP), passes_of(WEIGHTS, IMAGE))
