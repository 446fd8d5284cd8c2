"""The implementations of the benchmark compute the same maps."""

import pytest
import torch

import scale
from libraries import (
    LIBRARIES,
    WITHOUT_RULES,
    baseline,
    captum,
    libraries_of,
    ours,
    pytorch_grad_cam,
    thesis,
)
from lookwhere.nets import classifiers
from speed import check, count
from turns import FIVE, with_head

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
    assert len(theirs) == count("squeezenet1_1", name)
    assert set(theirs) <= set(FIVE)
    check({"ours": our_maps, name: theirs})


@pytest.mark.parametrize(
    ("architecture", "layer", "size"),
    [
        ("efficientnet_b0", "features", 96),
        pytest.param(
            "vit_b_16", "encoder.layers.encoder_layer_11.ln_1", 224, marks=pytest.mark.slow
        ),
    ],
)
def test_captum_s_maps_of_other_nets_are_ours(architecture, layer, size):
    images = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    both = {}
    for library in (ours, captum):
        net = with_head(classifiers.load(architecture, "random"))
        both[library.__name__] = library(architecture, net, layer, [7])(images)
        assert sorted(both[library.__name__]) == WITHOUT_RULES
    assert all(saliency.any() for saliency in both["ours"].values())
    check(both)
    assert set(libraries_of(architecture)) == {
        *("baseline, channels_last", "baseline", "all methods"),
        *both,
    }


def test_other_maps_are_detected(our_maps):
    wrong = our_maps | {"guided_backpropagation": our_maps["backpropagation"]}
    with pytest.raises(SystemExit, match="captum's guided_backpropagation differs"):
        check({"ours": our_maps, "captum": wrong})


def test_the_baseline_returns_no_maps():
    assert maps(baseline) == {}


def test_a_job_of_maps_is_measured(capsys, monkeypatch):
    monkeypatch.setattr(scale, "SHAPES", [(64, 48)])
    scale.job("squeezenet1_0", "original", 2, "float32", torch.get_num_threads())
    assert "2 samples" in capsys.readouterr().out
