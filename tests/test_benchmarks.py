"""The implementations of the benchmark compute the same maps."""

import pytest
import torch

from libraries import LIBRARIES, baseline, captum, ours, pytorch_grad_cam, thesis
from lookwhere.nets import classifiers
from speed import METHODS, check
from turns import FIVE

IMAGES = torch.randn(2, 3, 96, 80, generator=torch.Generator().manual_seed(0))


def maps(library):
    net = classifiers.load("squeezenet1_1", "random")
    return library("squeezenet1_1", net, "features.12", [7, 5])(IMAGES)


@pytest.fixture(scope="module")
def our_maps():
    return maps(ours)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
@pytest.mark.parametrize("library", [captum, pytorch_grad_cam, thesis])
def test_the_maps_are_ours(library, our_maps):
    theirs = maps(library)
    name = next(name for name, maker in LIBRARIES.items() if maker is library)
    assert len(theirs) == METHODS[name]
    assert set(theirs) <= set(FIVE)
    check({"ours": our_maps, name: theirs})


def test_other_maps_are_detected(our_maps):
    wrong = our_maps | {"guided_backpropagation": our_maps["backpropagation"]}
    with pytest.raises(SystemExit, match="captum's guided_backpropagation differs"):
        check({"ours": our_maps, "captum": wrong})


def test_the_baseline_returns_no_maps():
    assert maps(baseline) == {}
