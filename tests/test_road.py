"""ROAD and its imputation are those of pytorch-grad-cam."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer, ROADCombined
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

from lookwhere.methods.passes import ForwardNet, Passes
from lookwhere.metrics.road import impute, road
from lookwhere.metrics.saliency import Saliency

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(3, 20, 28)).astype(np.float32)
MAP = RNG.random((20, 28)).astype(np.float32)


class Ones:
    """Noise that is 1 everywhere, in place of random numbers."""

    def permutation(self, count):
        return np.arange(count)

    def standard_normal(self, shape, dtype):
        return np.ones(shape, dtype)


@pytest.fixture
def net():
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 8, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(5)]
    net = torch.nn.Sequential(*layers)
    net(torch.zeros(1, 3, 20, 28))
    return net.eval().requires_grad_(False)


def passes_of(net, target=2):
    return Passes(ForwardNet(net, torch.device("cpu")), IMAGE.copy(), target, [0])


@pytest.mark.parametrize("kept", [(20, 40, 60, 80), (10, 50, 90)])
def test_road_is_that_of_pytorch_grad_cam_with_the_same_noise(net, kept, monkeypatch):
    monkeypatch.setattr(torch, "randn_like", torch.ones_like)
    monkeypatch.setattr(Passes, "generator", lambda passes, number=0: Ones())
    image, target = torch.from_numpy(IMAGE)[None], ClassifierOutputSoftmaxTarget(2)
    [theirs] = ROADCombined(list(kept))(image, MAP[None], [target], net)
    # Their order is that of the map, ours that of its energy.
    ours = road(Saliency(np.sqrt(MAP)[None]), passes_of(net), kept=kept)
    assert ours == pytest.approx(float(theirs), abs=1e-6)
    assert abs(ours) > 1e-4


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_the_imputation_is_that_of_pytorch_grad_cam(share):
    missing = RNG.random((20, 28)) < share
    mask = torch.from_numpy(np.float32(~missing))
    theirs = NoisyLinearImputer(noise=0)(torch.from_numpy(IMAGE), mask).numpy()
    ours = impute(IMAGE, missing)
    np.testing.assert_allclose(ours, theirs, atol=2e-6)
    assert (ours[:, ~missing] == IMAGE[:, ~missing]).all()


def test_a_map_and_the_reverse_of_its_order_have_opposite_values(net):
    """So that of a map of random order is 0 on average."""
    one, other = (road(Saliency(m[None]), passes_of(net), noise=0) for m in (MAP, 1 - MAP))
    assert one == pytest.approx(-other, abs=1e-6)


def test_a_map_that_is_mostly_zero_has_a_value(net):
    """pytorch-grad-cam's has none: all pixels are imputed, from nothing."""
    values = np.where(MAP > 0.9, MAP, 0)
    assert -1 < road(Saliency(values[None]), passes_of(net)) < 1


def test_the_noise_is_of_the_sample_and_has_its_deviation(net):
    saliency = Saliency(MAP[None])
    assert road(saliency, passes_of(net)) == road(saliency, passes_of(net))
    assert road(saliency, passes_of(net)) != road(saliency, passes_of(net), noise=0)
    images = []
    passes = passes_of(net)
    passes.probabilities = lambda made: images.extend(made) or np.zeros(len(images))
    road(saliency, passes, kept=(20,), noise=0.5)
    noisy = images[0]
    images.clear()
    road(saliency, passes, kept=(20,), noise=0)
    difference = noisy - images[0]
    changed = difference[:, (difference != 0).all(axis=0)]
    assert changed.shape == (3, 560 - 112)
    assert changed.std() == pytest.approx(0.5, rel=0.05)
