"""Loading nets from files, refused files, and torchvision's architectures."""

import csv
import pickle
import re
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.models.resnet import BasicBlock

from lookwhere.errors import StudyError
from lookwhere.methods import check
from lookwhere.methods.forward import forward
from lookwhere.methods.registry import NotDefinedError
from lookwhere.methods.relu_rules import relu_nodes
from lookwhere.methods.run import defined_maps
from lookwhere.nets import classifiers, layers

from .studies import FIVE

TABLE = Path(__file__).parents[1] / "resources" / "architectures.csv"
with TABLE.open() as table:
    ARCHITECTURES = {row["architecture"]: row for row in csv.DictReader(table)}
ON_RELU = {name: row for name, row in ARCHITECTURES.items() if row["activation"] == "ReLU"}
ON_OTHERS = {name: row for name, row in ARCHITECTURES.items() if name not in ON_RELU}
LAYERS = {name: row["target_layer"] for name, row in ARCHITECTURES.items() if row["target_layer"]}

TRAINED = [
    "squeezenet1_1",
    "shufflenet_v2_x0_5",
    "mnasnet0_5",
    "resnet18",
    "densenet121",
    "googlenet",
]


def spec(name="net", architecture="squeezenet1_1", weights="random", target_layer="features.12"):
    return {
        "name": name,
        "architecture": architecture,
        "weights": str(weights),
        "target_layer": target_layer,
    }


def squeezenet_state(outputs=6):
    return get_model("squeezenet1_1", num_classes=outputs).state_dict()


def assert_frozen(net):
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert {parameter.dtype for parameter in net.parameters()} == {torch.float32}


def test_random_weights_depend_on_the_seed_alone():
    nets_of = [classifiers.load("squeezenet1_1", "random", seed) for seed in (0, 0, 1)]
    torch.manual_seed(123)
    nets_of.append(classifiers.load("squeezenet1_1", "random", 0))
    first, same, other, later = (net.features[0].weight for net in nets_of)
    assert torch.equal(first, same)
    assert torch.equal(first, later)
    assert not torch.equal(first, other)
    assert_frozen(nets_of[0])
    assert nets_of[0](torch.zeros(1, 3, 64, 64)).shape == (1, 1000)


@pytest.mark.parametrize("architecture", TRAINED)
def test_file_gives_the_net_that_was_saved(architecture, tmp_path):
    """Six outputs, float16 on disk, and auxiliary heads."""
    extra = {"transform_input": True, "init_weights": False} if architecture == "googlenet" else {}
    saved = get_model(architecture, num_classes=6, **extra).half()
    torch.save(saved.state_dict(), tmp_path / "weights.pth")
    net = classifiers.load(architecture, str(tmp_path / "weights.pth"))
    assert_frozen(net)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    logits = net(images)
    assert logits.shape == (2, 6)
    assert torch.equal(logits, saved.float().eval()(images))


def test_real_squeezenet_is_loaded(shared_data):
    net = classifiers.load("squeezenet1_0", str(shared_data / "weights" / "squeezenet1_0.pth"))
    assert_frozen(net)
    assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)


class Code:
    """Unpickling this object creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def with_nan(path):
    state = squeezenet_state()
    state["features.3.squeeze.bias"][2] = torch.nan
    torch.save(state, path)


def cut_short(path):
    torch.save(squeezenet_state(), path)
    path.write_bytes(path.read_bytes()[:-5000])


def legacy_cut_short(path):
    torch.save(squeezenet_state(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-5000])


BAD_FILES = {
    "missing": (lambda path: None, "do not exist"),
    "empty": (lambda path: path.touch(), "can't be read"),
    "folder": (lambda path: path.mkdir(), "can't be read"),
    "cut short": (cut_short, "can't be read"),
    "old format, cut short": (legacy_cut_short, "can't be read"),
    "text": (lambda path: path.write_text("<html>404</html>"), "not loaded"),
    "code": (
        lambda path: torch.save({"a": Code(path.with_name("ran"))}, path),
        "more than tensors",
    ),
    "bare pickle of code": (
        lambda path: path.write_bytes(pickle.dumps(Code(path.with_name("ran")))),
        "more than tensors",
    ),
    "whole module": (lambda path: torch.save(nn.Linear(2, 2), path), "more than tensors"),
    "nan": (with_nan, r"not finite in 'features\.3\.squeeze\.bias'"),
    "numbers": (lambda path: torch.save({"a": 1.0}, path), "not a plain state dict"),
    "list": (lambda path: torch.save([torch.ones(1)], path), "not a plain state dict"),
    "unnamed": (lambda path: torch.save({0: torch.ones(2)}, path), "not a plain state dict"),
    "no tensor": (lambda path: torch.save({}, path), "not a plain state dict"),
    "another net": (
        lambda path: torch.save(get_model("shufflenet_v2_x0_5").state_dict(), path),
        "do not fit the architecture 'squeezenet1_1': 52 missing .* unexpected",
    ),
    "other shapes": (
        lambda path: torch.save({k: v[..., :1] for k, v in squeezenet_state().items()}, path),
        r"of another shape \(features\.0\.weight, ",
    ),
    "one too many": (
        lambda path: torch.save({"more": torch.ones(2), **squeezenet_state()}, path),
        r": 1 unexpected \(more\)$",
    ),
}


@pytest.mark.parametrize(("save", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_weights_are_reported_by_name(save, message, tmp_path):
    save(tmp_path / "weights.pth")
    with pytest.raises(StudyError, match=rf"weights\.pth.*({message})"):
        classifiers.load("squeezenet1_1", str(tmp_path / "weights.pth"))
    assert not (tmp_path / "ran").exists()


def test_code_in_a_file_runs_without_weights_only(tmp_path):
    """The file of the test above does run code."""
    torch.save({"a": Code(tmp_path / "ran")}, tmp_path / "weights.pth")
    torch.load(tmp_path / "weights.pth", weights_only=False)
    assert (tmp_path / "ran").exists()


def test_missing_target_layer_gets_the_nearest_name():
    net = classifiers.load("squeezenet1_1", "random")
    with pytest.raises(StudyError, match=r"'feature\.12' does not exist; did you mean 'features"):
        layers.resolve(net, "feature.12")
    with pytest.raises(StudyError, match="'' does not exist; valid:"):
        layers.resolve(net, "")


def test_check_describes_each_net():
    [summary], faults = check.check(
        [spec("mine")], [{"name": "clock", "targets": [892, 999]}], ["original", "64"], FIVE
    )
    assert faults == []
    assert summary == check.NetSummary(
        net="mine",
        architecture="squeezenet1_1",
        weights="random",
        weights_changes="",
        target_layer="features.12",
        parameters=get_model_weights("squeezenet1_1").DEFAULT.meta["num_params"],
        relus=26,
        feature_maps=512,
        feature_size="3 x 3",
        outputs=1000,
        logits_source="",
        output_activation="softmax",
        threshold=None,
        input_mean="0.485 0.456 0.406",
        input_std="0.229 0.224 0.225",
        input_range=1,
        input_channels="rgb",
        bytes_per_pixel=summary.bytes_per_pixel,
        not_defined="",
    )


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("avgpool", "yields maps of one pixel, so that CAMs are constant; target_layer: layer4"),
        ("layer4.1.relu", "ran 2 times in one forward pass, not once; target_layer: layer4 works"),
        ("fc", "yields (1, 1000), not feature maps (N, K, h, w)"),
        ("unused", "the target layer ran 0 times"),
    ],
)
def test_a_layer_without_feature_maps_is_reported_with_one_that_works(layer, message, monkeypatch):
    class Unused(torchvision.models.ResNet):
        def __init__(self):
            super().__init__(BasicBlock, [1, 1, 1, 2])
            self.unused = torch.nn.Conv2d(3, 4, 3)

    monkeypatch.setattr(classifiers.architectures, "build", lambda *arguments: Unused())
    summaries, [fault] = check.check([spec("net", "resnet18", target_layer=layer)], [], [], FIVE)
    assert summaries == []
    assert message in fault
    assert "target_layer: layer4 works" in fault


def test_check_names_the_methods_that_are_not_defined():
    smooth = spec("smooth", "mobilenet_v3_small", target_layer="features")
    flat = spec("flat", "vit_b_32", target_layer=None)
    (smooth, flat), faults = check.check([smooth, flat], [], ["224"], FIVE)
    assert faults == []
    rules = "deconvolution, guided_backpropagation, guided_grad_cam: the net uses "
    assert smooth.not_defined.startswith(f"{rules}Hardsigmoid and Hardswish and a product of two")
    assert (smooth.relus, smooth.feature_maps) == (5 + 9, 576)  # of blocks, of their gates
    of_rules, of_layer = flat.not_defined.split(". ")
    assert of_rules.startswith(f"{rules}GELU and attention and layer norm")
    assert of_layer == (
        "grad_cam: no layer with feature maps is known for this net; name one with target_layer"
    )
    assert (flat.relus, flat.feature_maps, flat.target_layer) == (0, None, None)


def test_a_net_without_any_method_is_a_fault():
    smooth = spec("smooth", "mobilenet_v3_small", target_layer="features")
    summaries, [fault] = check.check([smooth], [], ["64"], ["deconvolution", "guided_grad_cam"])
    assert summaries == []
    assert fault.startswith("net 'smooth': none of the study's methods is defined for it: leave it")
    assert "such as backpropagation (deconvolution, guided_grad_cam: the net uses" in fault
    [summary], faults = check.check([smooth], [], ["64"], ["deconvolution", "grad_cam"])
    assert faults == []
    assert summary.not_defined.startswith("deconvolution: the net uses")


def test_check_states_how_outputs_are_read(tmp_path):
    torch.save(squeezenet_state(outputs=1), tmp_path / "one.pth")
    one = spec("one", weights=tmp_path / "one.pth")
    several = spec("several") | {"outputs": "sigmoid", "threshold": 0.7}
    summaries, _ = check.check([one, several], [], ["64"], FIVE)
    activations = [(summary.output_activation, summary.threshold) for summary in summaries]
    assert activations == [("sigmoid", 0.5), ("sigmoid", 0.7)]


def test_check_reports_the_errors_of_all_nets_at_once(tmp_path):
    torch.save(squeezenet_state(outputs=6), tmp_path / "six.pth")
    summaries, faults = check.check(
        [
            spec("six", weights=tmp_path / "six.pth"),
            spec("gone", weights=tmp_path / "gone.pth"),
            spec("near", target_layer="features.21"),
            spec("flat", architecture="alexnet", target_layer="classifier.6"),
        ],
        [{"name": "clock", "targets": [5, 6]}, {"name": "pizza", "targets": [1000]}],
        ["64"],
        FIVE,
    )
    assert [summary.net for summary in summaries] == ["six"]
    for fault, fragments in zip(
        faults,
        [
            ("class 'clock'", "'six' has no output 6", "from 0 to 5"),
            ("class 'pizza'", "'six' has no output 1000", "from 0 to 5"),
            ("net 'gone'", "gone.pth", "do not exist"),
            ("net 'near'", "'features.21' does not exist", "did you mean 'features."),
            ("net 'flat'", "(1, 1000)", "choose a convolutional layer"),
        ],
        strict=True,
    ):
        assert all(fragment in fault for fragment in fragments), fault


@pytest.mark.parametrize(
    "sizes",
    [["8"], ["64", "8"], ["8", "original", "64"], ["short-8"], ["crop-8"], ["64", "pad-8"]],
)
def test_check_reports_a_size_that_is_too_small(sizes):
    summaries, [fault] = check.check([spec()], [], sizes, FIVE)
    assert summaries == []
    assert fault.startswith("net 'net': the net can't process an input of 8 x 8 pixels")


def test_check_tells_a_size_that_a_transformer_asserts():
    _, [fault] = check.check([spec("flat", "vit_b_32", target_layer=None)], [], ["64"], FIVE)
    assert "the net can't process an input of 64 x 64 pixels (Wrong image height!" in fault


def test_check_without_a_number_tries_224():
    [summary], faults = check.check([spec()], [], ["original"], FIVE)
    assert (summary.outputs, faults) == (1000, [])


def test_architectures_are_torchvisions_classifiers():
    assert list(ARCHITECTURES) == sorted(list_models(module=torchvision.models))


def test_every_architecture_has_a_default_target_layer():
    assert sorted(LAYERS) == list(ARCHITECTURES)


@pytest.mark.parametrize("architecture", LAYERS)
def test_every_method_that_is_defined_runs_at_the_default_target_layer(architecture, on_meta):
    net = classifiers.load(architecture, "random")
    target_layer = net.get_submodule(LAYERS[architecture])
    size = 224 if architecture.startswith(("maxvit", "vit")) else 160
    run = forward(net, target_layer, torch.zeros(1, 3, size, size))
    _, maps, height, width = layers.as_feature_maps(run.features, size, size).shape
    assert maps >= 256
    assert height == width
    assert 3 <= height <= 16  # the maps come first: not channels last
    drawn, not_defined = defined_maps(run, torch.tensor([0]), FIVE)
    assert {tuple(each.shape) for each in drawn.values()} <= {(1, c, size, size) for c in (1, 3)}
    of_rules = {"deconvolution", "guided_backpropagation", "guided_grad_cam"}
    assert set(FIVE) - set(drawn) == set(not_defined)
    assert set(not_defined) == (set() if architecture in ON_RELU else of_rules)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gflops_are_torchvisions(architecture):
    known = {weights.meta["_ops"] for weights in get_model_weights(architecture)}
    assert float(ARCHITECTURES[architecture]["gflops"]) == min(known)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_parameters_are_those_of_the_table(architecture, on_meta):
    net = classifiers.load(architecture, "random")
    parameters = sum(parameter.numel() for parameter in net.parameters())
    assert parameters == int(ARCHITECTURES[architecture]["parameters"])


@pytest.mark.parametrize("architecture", ON_OTHERS)
def test_other_activations_are_those_of_the_table(architecture, on_meta):
    net = classifiers.load(architecture, "random")
    images = torch.zeros(1, 3, 224, 224, requires_grad=True)
    with pytest.raises(NotDefinedError) as caught:
        relu_nodes(net(images), images)
    activations = ON_OTHERS[architecture]["activation"].replace(" and ", ", ").split(", ")
    for activation in set(activations) - {"ReLU", "attention"}:
        assert activation in str(caught.value)


@pytest.mark.parametrize(
    "architecture",
    ["alexnet", "googlenet", "mobilenet_v3_small", "resnet18", "squeezenet1_0", "swin_t", "vgg11"],
)
def test_bytes_per_pixel_are_those_that_the_check_counts(architecture):
    """A new row takes this number."""
    layer = LAYERS.get(architecture)
    [summary], _ = check.check([spec("net", architecture, target_layer=layer)], [], [], FIVE)
    assert summary.bytes_per_pixel == int(ARCHITECTURES[architecture]["bytes_per_pixel"])


OLD_FILES = {
    "no counters of BatchNorm": (
        "resnet18",
        lambda state: {k: v for k, v in state.items() if "num_batches_tracked" not in k},
    ),
    "old names": (
        "densenet121",
        lambda state: {
            re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", k): v
            for k, v in state.items()
        },
    ),
    "no version": ("mnasnet0_5", dict),
}


@pytest.mark.parametrize(("architecture", "age"), OLD_FILES.values(), ids=OLD_FILES.keys())
def test_torchvisions_old_files_are_loaded(architecture, age, tmp_path):
    saved = get_model(architecture, num_classes=6).eval()
    state = age(saved.state_dict())
    assert list(state) != list(saved.state_dict()) or type(state) is dict
    torch.save(state, tmp_path / "weights.pth")
    net = classifiers.load(architecture, str(tmp_path / "weights.pth"))
    assert torch.equal(net(torch.ones(1, 3, 64, 64)), saved(torch.ones(1, 3, 64, 64)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architecture": "googlenet", "sha256": "00"}, "transform_input is true"),
        ({"architecture": "inception_v3", "sha256": "00"}, "transform_input is true"),
        ({"architecture": "googlenet"}, None),  # random, or fetched from torchvision
        ({"architecture": "resnet18", "sha256": "00"}, None),
        (
            {
                "architecture": "googlenet",
                "sha256": "00",
                "arguments": {"transform_input": False},
            },
            None,
        ),
        ({"input": {"range": 255, "std": [0.229, 0.224, 0.225]}}, "input.std is [0.229"),
        ({"input": {"range": 255, "mean": [0, 0, 0], "std": [1, 1, 1]}}, None),
        ({"input": {"mean": [0.5, 0.5, 0.5]}}, None),
    ],
)
def test_doubts_about_what_no_file_reveals_are_stated(changes, sentence):
    doubts = check.doubts({**spec("mine"), **changes})
    assert len(doubts) == (sentence is not None)
    assert all(doubt.startswith(f"net 'mine': {sentence}") for doubt in doubts)


def test_a_net_of_four_channels_is_named_as_such(tmp_path):
    (tmp_path / "four.py").write_text(
        "from torch import nn\n"
        "def build():\n"
        "    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)]\n"
        "    return nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU(), *head)\n"
    )
    own = spec("four", f"{tmp_path}/four.py:build", "", None)
    _, [fault] = check.check([own], [], ["64"], FIVE)
    assert fault.startswith("net 'four': it takes an input of 4 channels, and an image has 3")
