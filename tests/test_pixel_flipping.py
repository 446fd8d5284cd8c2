"""Pixel flipping is that of Quantus, whose numbers are recorded here.

Quantus 0.6.0 does not run beside the pinned packages: it calls np.trapz, which NumPy 2.4 lacks, and
installs opencv-python over opencv-python-headless. These are its numbers with np.trapz set to
np.trapezoid, of PixelFlipping(normalise=False, perturb_baseline="black", features_in_step=...,
return_auc_per_sample=True) for the map repeated in each of the three channels.
"""

import numpy as np
import pytest

from lookwhere.metrics.pixel_flipping import pixel_flipping
from lookwhere.metrics.saliency import Saliency

from .nets_of_one_layer import passes_of

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(3, 12, 12)).astype(np.float32)
MAP = RNG.normal(size=(12, 12)).astype(np.float32)
WEIGHTS = RNG.normal(size=(4, 432)).astype(np.float32) / 30
# By target and steps; features_in_step is 3 * 144 / steps.
OF_QUANTUS = {
    (0, 9): 6.956572532653809,
    (0, 36): 28.92813491821289,
    (0, 72): 58.61957550048828,
    (2, 9): 0.685099720954895,
    (2, 36): 3.7331559658050537,
    (2, 72): 7.495328426361084,
}


@pytest.mark.parametrize(("target", "steps"), OF_QUANTUS)
def test_the_area_is_that_of_quantus_over_its_width(target, steps):
    passes = passes_of(WEIGHTS.reshape(4, 3, 12, 12), IMAGE, target)
    area = pixel_flipping(Saliency(MAP[None]), passes, steps=steps)
    assert area == pytest.approx(OF_QUANTUS[target, steps] / (steps - 1), rel=1e-6)


def test_a_map_of_the_true_contributions_is_ahead_of_its_negative():
    contributions = (WEIGHTS.reshape(4, 3, 12, 12)[1] * (IMAGE - IMAGE.min())).astype(np.float32)
    passes = passes_of(WEIGHTS.reshape(4, 3, 12, 12), IMAGE, 1)
    own, other = (pixel_flipping(Saliency(sign * contributions), passes) for sign in (1, -1))
    assert own < other - 0.2
