"""The public functions, and the examples in docstrings."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import get_model

import lookwhere
from lookwhere.errors import StudyError
from lookwhere.methods import registry
from lookwhere.methods.forward import forward
from lookwhere.methods.run import saliency_maps

from .studies import OF_MAPS


@pytest.mark.parametrize(
    "module",
    [
        *("lookwhere.api", "lookwhere.io.console"),
        *("lookwhere.datasets.targets", "lookwhere.statistics.bootstrap"),
    ],
)
def test_examples_are_right(module):
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried > 0
    assert failed == 0


def test_explain_returns_the_maps_of_the_workflow():
    torch.manual_seed(0)
    net = get_model("squeezenet1_1", num_classes=6).eval().requires_grad_(False)
    images, targets = torch.randn(2, 3, 64, 48), [1, 4]
    maps = lookwhere.explain(net, images, targets, "features.12")
    few_passes = {name for name, entry in lookwhere.METHODS.items() if not registry.group(entry)}
    assert set(maps) == few_passes - {"cam", "guided_cam"}  # its head is not linear
    assert list(maps) == [name for name in lookwhere.METHODS if name in maps]
    assert not {"smooth_grad", "rise"} & few_passes
    passed = forward(net, net.features[12], images)
    for name, expected in saliency_maps(passed, torch.tensor(targets), list(maps)).items():
        assert np.array_equal(maps[name], expected.numpy())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ["gradcam"]}, "'gradcam' does not exist; did you mean 'grad_cam'"),
        ({"target_layer": "features.21"}, "'features.21' does not exist; did you mean"),
        ({"targets": [6]}, "target 6 is none of the net's 6 outputs"),
    ],
)
def test_what_does_not_exist_is_an_error_with_the_way_out(changes, message):
    net = get_model("squeezenet1_1", num_classes=6).eval()
    arguments = {"targets": [0], "target_layer": "features.12"} | changes
    with pytest.raises(StudyError, match=message):
        lookwhere.explain(net, torch.zeros(1, 3, 64, 64), **arguments)


def test_a_method_that_is_not_defined_is_an_error():
    net = get_model("mobilenet_v3_small", num_classes=6).eval()
    images = torch.randn(1, 3, 64, 64)
    maps = lookwhere.explain(net, images, [0], "features", ["grad_cam", "backpropagation"])
    assert {name: values.shape[1] for name, values in maps.items()} == {
        "grad_cam": 1,
        "backpropagation": 3,
    }
    with pytest.raises(
        StudyError, match="'deconvolution' is not defined for this net: the net uses"
    ):
        lookwhere.explain(net, images, [0], "features", ["grad_cam", "deconvolution"])


def test_without_a_target_layer_there_are_methods_that_need_none():
    net = get_model("squeezenet1_1", num_classes=6).eval()
    maps = lookwhere.explain(net, torch.randn(1, 3, 64, 64), [0], methods=["deconvolution"])
    assert maps["deconvolution"].any()
    with pytest.raises(StudyError, match=r"'grad_cam' is not defined .* with target_layer"):
        lookwhere.explain(net, torch.randn(1, 3, 64, 64), [0], methods=["grad_cam"])
    defined = lookwhere.explain(net, torch.randn(1, 3, 64, 64), [0])
    assert {"backpropagation", "full_grad"} < set(defined)
    assert not {name for name in defined if "cam" in name}


def test_a_map_without_energy_has_a_status_and_no_score():
    scores = lookwhere.score(np.zeros((1, 4, 4)), np.eye(4, dtype=bool))
    assert scores["status"] == "zero_energy"
    assert scores["concentration"] is None
    assert scores["pointing_game"] is None
    with pytest.raises(ValueError, match="does not fit"):
        lookwhere.score(np.zeros((1, 4, 4)), np.eye(5, dtype=bool))


def test_the_scores_are_those_of_the_named_metrics():
    rng = np.random.default_rng(0)
    saliency, mask = rng.normal(size=(3, 9, 11)), np.eye(9, 11, dtype=bool)
    scores = lookwhere.score(saliency, mask)
    assert list(scores) == [*OF_MAPS, "mask_fraction", "box_fraction", "status"]
    assert scores["box_fraction"] == 81 / 99
    few = lookwhere.score(saliency, mask, ["pointing_game"])
    assert few == {name: scores[name] for name in few}
    assert "concentration" not in few
    with pytest.raises(StudyError, match="metric 'iou' does not exist; "):
        lookwhere.score(saliency, mask, ["iou"])


def test_the_library_is_imported_without_torch_or_snakemake():
    names = "import sys, lookwhere; print(*{n.split('.')[0] for n in sys.modules})"
    scripts = str(Path(lookwhere.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", names],
        env={"PYTHONPATH": scripts},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"torch", "snakemake", "pandas"} & set(run.stdout.split())
    assert not hasattr(lookwhere, "nothing")
