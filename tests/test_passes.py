"""Forward passes for metrics: bounded batches, which change no number."""

import numpy as np
import pytest
import torch

from lookwhere.errors import NotFiniteError, StudyError
from lookwhere.methods.passes import ForwardNet, Passes
from lookwhere.metrics.registry import METRICS, measure, of_passes
from lookwhere.metrics.saliency import Saliency

from .nets_of_one_layer import Linear, passes_of

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(3, 6, 8)).astype(np.float32)
WEIGHTS = RNG.normal(size=(4, 3, 6, 8)) / 5
IMAGES = RNG.normal(size=(23, 3, 6, 8)).astype(np.float32)
LOGITS = np.einsum("nchw,ochw->no", IMAGES, WEIGHTS)


def net_of(passes):
    return passes._net


@pytest.mark.parametrize("pixels", [1, 48, 100, 48 * 7, 10**6])
def test_a_batch_has_as_many_images_as_fit_and_numbers_are_those_of_all(pixels):
    passes = passes_of(WEIGHTS, IMAGE, target=2)
    net_of(passes).most_pixels = pixels
    np.testing.assert_allclose(passes.logits(iter(IMAGES)), LOGITS[:, 2], atol=1e-5)
    sizes, most = net_of(passes).net.batches, max(1, pixels // 48)
    assert sum(sizes) == 23
    assert set(sizes[:-1]) <= {most}
    assert max(sizes) <= most


def test_images_are_made_when_their_batch_is_passed():
    passes, made = passes_of(WEIGHTS, IMAGE), []
    net_of(passes).most_pixels = 48 * 5

    def images():
        for image in IMAGES:
            assert len(made) - sum(net_of(passes).net.batches) < 5
            made.append(1)
            yield image

    passes.logits(images())
    assert len(made) == 23


def test_probabilities_are_those_of_the_activation():
    exponential = np.exp(LOGITS)
    softmax = exponential[:, 1] / exponential.sum(axis=1)
    sigmoid = 1 / (1 + np.exp(-LOGITS[:, 1]))
    for outputs, expected in (("softmax", softmax), ("sigmoid", sigmoid)):
        passes = passes_of(WEIGHTS, IMAGE, target=1, outputs=outputs)
        np.testing.assert_allclose(passes.probabilities(IMAGES), expected, atol=1e-5)
    single = passes_of(WEIGHTS[1:2], IMAGE)  # always a sigmoid
    np.testing.assert_allclose(single.probabilities(IMAGES), sigmoid, atol=1e-5)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), StudyError("one")])
def test_a_batch_that_does_not_fit_is_halved_and_so_are_later_ones(error):
    class Small(Linear):
        def forward(self, images):
            if len(images) > 3:
                raise error
            return super().forward(images)

    net = ForwardNet(Small(WEIGHTS), torch.device("cpu"))
    np.testing.assert_allclose(Passes(net, IMAGE, 2, [0]).logits(IMAGES), LOGITS[:, 2], atol=1e-5)
    assert max(net.net.batches) == 3
    first = len(net.net.batches)
    Passes(net, IMAGE, 2, [0]).logits(IMAGES)
    assert set(net.net.batches[first:-1]) <= {1, 2, 3}


def test_other_errors_of_the_net_are_raised():
    class Broken(Linear):
        def forward(self, images):
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        Passes(ForwardNet(Broken(WEIGHTS), torch.device("cpu")), IMAGE, 0, [0]).logits(IMAGES)


def test_random_numbers_are_of_the_sample_the_size_and_the_draw():
    def draw(seed, number=0, image=IMAGE):
        return passes_of(WEIGHTS, image, seed=seed).generator(number).random(3).tolist()

    assert draw([0, 1]) == draw([0, 1])
    others = [draw([0, 2]), draw([1, 1]), draw([0, 1], 1), draw([0, 1], image=IMAGE[:, :5])]
    assert len({tuple(numbers) for numbers in [draw([0, 1]), *others]}) == 5


@pytest.mark.parametrize("fault", [np.nan, np.inf])
@pytest.mark.parametrize("name", of_passes(METRICS))
def test_where_an_output_is_not_finite_a_metric_has_no_value(name, fault):
    class Overflowing(Linear):
        def forward(self, images):
            logits = super().forward(images)
            logits[(images != torch.from_numpy(IMAGE)).flatten(1).any(1)] *= fault
            return logits

    passes = Passes(ForwardNet(Overflowing(WEIGHTS), torch.device("cpu")), IMAGE, 2, [0])
    assert passes.probabilities([IMAGE]).tolist() == pytest.approx(
        passes_of(WEIGHTS, IMAGE, 2).probabilities([IMAGE])
    )
    with pytest.raises(NotFiniteError):
        passes.logits([IMAGE, IMAGE + 1])
    assert measure(METRICS[name], Saliency(IMAGE**2), passes) is None
