"""Methods of captum, pytorch-grad-cam and zennit by name, and functions, against direct calls."""

import sys
from collections import OrderedDict
from functools import partial

import captum.attr as attr
import numpy as np
import pytest
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torch.nn import functional
from torchvision.models import VisionTransformer, get_model
from torchvision.models.resnet import BasicBlock, ResNet

from lookwhere.errors import StudyError
from lookwhere.methods import libraries
from lookwhere.methods.forward import forward
from lookwhere.methods.library_captum import OF_IMAGES, OF_LAYERS, captum
from lookwhere.methods.library_grad_cam import NAMES
from lookwhere.methods.library_grad_cam import pytorch_grad_cam as grad_cam
from lookwhere.methods.library_zennit import NAMES as COMPOSITES
from lookwhere.methods.library_zennit import zennit
from lookwhere.methods.names import METHODS
from lookwhere.methods.own_function import function
from lookwhere.methods.registry import NotDefinedError, load
from lookwhere.methods.run import Run, saliency_maps
from lookwhere.nets import fold

SIZE = (24, 20)
IMAGES = torch.randn(3, 3, *SIZE, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([4, 0, 2])
OF_SQUARES = {"feature_mask": 12}
ARGUMENTS = {
    "EpsilonGammaBox": {"low": -3, "high": [3, 3.5, 4]},
    "FeatureAblation": OF_SQUARES,
    "IntegratedGradients": {"n_steps": 6},
    "KernelShap": OF_SQUARES,
    "Lime": OF_SQUARES,
    "Occlusion": {"sliding_window_shapes": 8, "strides": 4},
    "ShapleyValueSampling": {**OF_SQUARES, "n_samples": 2},
}
DOORS = {
    **{f"captum:{name}": partial(captum, of=name) for name in (*OF_IMAGES, *OF_LAYERS)},
    **{f"grad_cam:{name}": partial(grad_cam, of=name) for name in NAMES},
    **{f"zennit:{name}": partial(zennit, of=name) for name in COMPOSITES},
}


class Net(nn.Sequential):
    """A small net of a module a step, its ReLUs in place; ``folded`` is as a folded batch norm."""

    def __init__(self):
        torch.manual_seed(0)
        layers = {
            "stem": nn.Conv2d(3, 8, 3, padding=1),
            "folded": nn.Identity(),
            "relu": nn.ReLU(inplace=True),
            "pool": nn.MaxPool2d(2),
            "features": nn.Conv2d(8, 12, 3, padding=1),
            "relu_of_features": nn.ReLU(inplace=True),
            "mean": nn.AdaptiveAvgPool2d((2, 2)),
            "hidden": nn.Linear(48, 16),
            "relu_of_hidden": nn.ReLU(inplace=True),
            "head": nn.Linear(16, 5),
        }
        super().__init__(OrderedDict(layers))

    def forward(self, x):
        for name, module in self.named_children():
            x = x.flatten(1) if name == "hidden" else x
            x = self.rectify(x, module) if "relu" in name else module(x)
        return x

    def rectify(self, x, module):
        return module(x)


class ByFunctions(Net):
    """The same net, whose ReLUs are functions, in place."""

    def rectify(self, x, module):
        return functional.relu_(x)


class Twice(Net):
    """The same net, with one ReLU that runs three times."""

    def rectify(self, x, module):
        return self.relu(x)


def residual_net():
    torch.manual_seed(0)
    net = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5).eval()
    fold.fold(net, "layer3", (3, 64, 64))
    return net


def vision_transformer():
    torch.manual_seed(0)
    net = VisionTransformer(24, 4, 2, 2, 16, 32, num_classes=5).eval()
    nn.init.normal_(net.heads.head.weight)
    return net


def run_of(net=None, layer="features", images=IMAGES, **options):
    net = Net().eval() if net is None else net
    target_layer = layer and net.get_submodule(layer)
    return Run(forward(net, target_layer, images), TARGETS[: len(images)], **options)


def of_module(net):
    """The net as captum needs it: nothing in place."""
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return net


def assert_close(ours, theirs, tolerance=1e-5):
    assert theirs.any(), "comparing with an empty map shows nothing"
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance * float(theirs.abs().max()))


@pytest.fixture
def needs_zennit():
    pytest.importorskip("zennit", reason="needs zennit: pip install zennit")


@pytest.mark.parametrize(
    ("of", "arguments"),
    [
        ("Saliency", {}),
        ("Saliency", {"abs": False}),
        ("InputXGradient", {}),
        ("DeepLift", {"multiply_by_inputs": False}),
        ("DeepLift", {"baselines": 0.25, "eps": 1e-8}),
        ("IntegratedGradients", {"n_steps": 5, "method": "riemann_middle"}),
        ("GuidedBackprop", {}),
        ("LRP", {}),
    ],
)
def test_captum_s_maps_are_those_of_a_direct_call(of, arguments):
    build = {key: arguments[key] for key in ("multiply_by_inputs", "eps") if key in arguments}
    call = {key: value for key, value in arguments.items() if key not in build}
    net = of_module(Net().eval())
    del net.folded  # captum's LRP has no rule for it
    leaf = IMAGES.clone().requires_grad_()
    theirs = getattr(attr, of)(net, **build).attribute(leaf, target=TARGETS, **call)
    assert_close(captum(run_of(), of=of, arguments=arguments), theirs.detach())


@pytest.mark.parametrize(
    ("of", "ours"),
    [
        ("Deconvolution", "deconvolution"),
        ("GuidedBackprop", "guided_backpropagation"),
        ("InputXGradient", "input_x_gradient"),
    ],
)
def test_captum_s_maps_are_ours(of, ours):
    run = run_of()
    [expected] = saliency_maps(run._passed, TARGETS, [ours]).values()
    assert_close(captum(run, of=of, arguments={}), expected)


def test_captum_s_saliency_is_the_absolute_gradient():
    run = run_of()
    expected = run.gradient().abs()
    assert_close(captum(run, of="Saliency", arguments={}), expected)


def test_attributions_of_a_layer_are_summed_and_resized():
    run = run_of()
    features, gradient = run.features, run.gradient(at="features")
    product = run.upsample((features * gradient).sum(1, keepdim=True))
    assert_close(captum(run, of="LayerGradientXActivation", arguments={}), product)
    [grad_cam] = saliency_maps(run_of()._passed, TARGETS, ["grad_cam"]).values()
    theirs = captum(run_of(), of="LayerGradCam", arguments={"relu_attributions": True})
    # captum averages gradients over places, as Grad-CAM does.
    assert_close(theirs, grad_cam)


@pytest.mark.parametrize("net", [Net, ByFunctions])
def test_features_are_those_before_what_changes_them_in_place(net):
    """The ReLU after the target layer is in place, as a module and as a function."""
    run = run_of(net().eval())
    expected = run.upsample(run.features.sum(1, keepdim=True))
    assert_close(captum(run, of="LayerActivation", arguments={}), expected)
    [ours] = saliency_maps(run_of(net().eval())._passed, TARGETS, ["grad_cam"]).values()
    assert_close(grad_cam(run_of(net().eval()), of="GradCAM", arguments={}), ours)


@pytest.mark.parametrize(
    ("of", "ours"),
    [
        ("GradCAM", "grad_cam"),
        ("HiResCAM", "hires_cam"),
        ("LayerCAM", "layer_cam"),
        ("GradCAMElementWise", "elementwise_grad_cam"),
    ],
)
@pytest.mark.parametrize(
    ("net", "layer"),
    [(Net, "features"), (vision_transformer, "encoder.layers.encoder_layer_1.ln_1")],
)
def test_pytorch_grad_cam_s_maps_are_ours_before_they_are_scaled(of, ours, net, layer):
    images = functional.interpolate(IMAGES, 24)
    run = run_of(net().eval(), layer, images)
    [expected] = saliency_maps(run._passed, TARGETS, [ours]).values()
    assert_close(grad_cam(run, of=of, arguments={}), expected)


@pytest.mark.parametrize("of", [name for name in NAMES if name != "RandomCAM"])
def test_pytorch_grad_cam_s_maps_are_those_of_a_direct_call_up_to_their_scale(of):
    """At the size of the features, on which it does not resize."""
    net = of_module(Net().eval())
    size = (12, 10)  # of the features
    ours = functional.avg_pool2d(grad_cam(run_of(), of=of, arguments={}), 2)
    raw = functional.interpolate(ours, size)
    for place in range(len(IMAGES)):
        cam = getattr(pytorch_grad_cam, of)(net, [net.features])
        [theirs] = cam(IMAGES[[place]], [ClassifierOutputTarget(int(TARGETS[place]))])
        resized = functional.avg_pool2d(torch.from_numpy(theirs)[None, None], 2)
        one, other = raw[place].flatten(), resized.flatten()
        if other.std() > 0:
            assert np.corrcoef(one, other)[0, 1] > 0.98


@pytest.mark.parametrize("of", COMPOSITES)
def test_zennit_s_relevance_is_that_of_a_direct_call(needs_zennit, of):
    from zennit import composites
    from zennit.attribution import Gradient

    options = ARGUMENTS.get(of, {})
    options = {key: torch.tensor(value).reshape(1, -1, 1, 1) for key, value in options.items()}
    net = of_module(Net().eval())
    with Gradient(net, getattr(composites, of)(**options)) as attributor:
        _, theirs = attributor(IMAGES.clone(), torch.eye(5)[TARGETS])
    assert_close(zennit(run_of(), of=of, arguments=ARGUMENTS.get(of, {})), theirs)


def test_zennit_s_relevance_is_conserved_in_a_residual_net(needs_zennit):
    """Without the rule for sums, what arrives at the pixels would be several times the output's."""
    net = residual_net()
    for module in net.modules():
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    run = run_of(net, "layer3", functional.interpolate(IMAGES, 64))
    maps = zennit(run, of="EpsilonPlus", arguments={})
    for total in maps.sum((1, 2, 3)):
        assert float(total) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("door", DOORS)
def test_every_method_leaves_the_net_as_it_was(door, request):
    if door.startswith("zennit"):
        request.getfixturevalue("needs_zennit")
    net = Net().eval()
    net.head.weight.requires_grad_(False)
    methods = ["backpropagation", "guided_backpropagation", "grad_cam"]

    def state():
        modules = [(name, id(module)) for name, module in net.named_modules()]
        flags = [(p.requires_grad, p.grad) for p in net.parameters()]
        attributes = [
            {key: dict.fromkeys(value) if isinstance(value, dict) else value for key, value in v}
            for v in (sorted(vars(module).items()) for module in net.modules())
        ]
        return modules, flags, attributes

    before, weights = state(), [p.clone() for p in net.parameters()]
    maps = saliency_maps(run_of(net)._passed, TARGETS, methods)
    drawn = DOORS[door](run_of(net), arguments=ARGUMENTS.get(door.split(":")[1], {}))
    assert drawn.dtype == torch.float32
    assert drawn.shape[2:] == SIZE
    assert drawn.shape[1] in (1, 3)
    assert not drawn.requires_grad
    assert drawn.any() or door in ("captum:Lime", "grad_cam:FEM")
    assert state() == before
    assert all(torch.equal(p, w) for p, w in zip(net.parameters(), weights, strict=True))
    for method, map_ in saliency_maps(run_of(net)._passed, TARGETS, methods).items():
        assert torch.equal(map_, maps[method])


def test_the_net_is_as_it_was_after_an_error():
    net = Net().eval()

    def spoil(net, images, targets):
        net.train()
        net.relu.register_forward_hook(lambda *call: call[2] * 2)
        net.relu = nn.GELU()
        raise ValueError("no. Not this")

    sys.modules["spoiling"] = type(sys)("spoiling")
    sys.modules["spoiling"].explain = spoil
    relu = net.relu
    with pytest.raises(StudyError, match=r"function 'spoiling:explain' fails \(ValueError: no\)"):
        function(run_of(net), of="spoiling:explain", arguments={})
    del sys.modules["spoiling"]
    assert net.relu is relu
    assert relu.inplace
    assert not net.training
    assert not relu._forward_hooks


@pytest.mark.parametrize("of", ["GradientShap", "NoiseTunnel:Saliency", "KernelShap"])
def test_random_maps_depend_on_the_image_alone(of):
    arguments = ARGUMENTS.get(of, {})
    seeds = [[7], [8], [9]]
    together = captum(run_of(seeds=seeds), of=of, arguments=arguments)
    state = torch.get_rng_state()
    again = captum(run_of(seeds=seeds), of=of, arguments=arguments)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(again, together)
    alone = run_of(images=IMAGES[:1], seeds=seeds[:1])
    assert_close(captum(alone, of=of, arguments=arguments), together[:1])
    other = run_of(images=IMAGES[:1], seeds=[[6]])
    assert not torch.allclose(captum(other, of=of, arguments=arguments), together[:1])


def test_squares_of_pixels_are_features():
    map_ = captum(run_of(), of="FeatureAblation", arguments={"feature_mask": 12})
    net, filled = Net().eval(), IMAGES.clone()
    filled[:, :, 12:, :12] = 0
    with torch.no_grad():
        scores = [net(x).gather(1, TARGETS[:, None])[:, 0] for x in (IMAGES, filled)]
    for row, column in ((12, 0), (23, 11)):
        assert_close(map_[:, 0, row, column], scores[0] - scores[1])
    assert not torch.allclose(map_[:, 0, 12, 12], map_[:, 0, 12, 11])


@pytest.mark.parametrize(
    ("of", "arguments", "forward_passes", "backward_passes"),
    [
        ("Saliency", {}, 1, 1),
        ("DeepLift", {}, 2, 2),  # of the image and the baseline at once
        ("IntegratedGradients", {"n_steps": 7}, 7, 7),
    ],
)
def test_the_passes_of_a_library_are_counted(of, arguments, forward_passes, backward_passes):
    run = run_of()

    def draw(run):
        return captum(run, of=of, arguments=arguments)

    run.map_of(draw)
    cost = run.cost_of(draw)
    assert (cost.forward_passes, cost.backward_passes) == (forward_passes, backward_passes)


@pytest.mark.parametrize("door", DOORS)
def test_a_trial_takes_few_passes(door, request):
    if door.startswith("zennit"):
        request.getfixturevalue("needs_zennit")
    run = run_of(images=IMAGES[:1], is_trial=True)

    def draw(run):
        return DOORS[door](run, arguments=ARGUMENTS.get(door.split(":")[1], {}))

    run.map_of(draw)
    assert run.cost_of(draw).forward_passes <= 12


@pytest.mark.parametrize(
    ("door", "net", "layer", "reason"),
    [
        ("captum:DeepLift", Twice, "features", "a module of the net runs more than once"),
        ("captum:DeepLift", ByFunctions, "features", "no rule for the ReLU of the net outside"),
        ("captum:GuidedBackprop", vision_transformer, "", "no rule for the GELU of the net"),
        ("captum:GuidedBackprop", ByFunctions, "", "no rule for the ReLU of the net outside"),
        ("captum:LRP", residual_net, "layer3", "no rule for the sums of branches"),
        ("captum:LRP", partial(nn.Sequential, Net(), nn.Flatten()), "", "Flatten.* has no rule"),
        ("captum:LRP", vision_transformer, "", "no rule for the LayerNorm"),
        (
            "captum:LayerGradCam",
            vision_transformer,
            "encoder.layers.encoder_layer_1.ln_1",
            "tokens",
        ),
        ("captum:LayerGradCam", Net, "", "target_layer"),
        ("grad_cam:GradCAM", Net, "", "target_layer"),
        ("zennit:EpsilonPlus", ByFunctions, "features", "no rule for the ReLU of the net outside"),
        ("zennit:EpsilonPlus", partial(get_model, "densenet121"), "", "for the BatchNorm2d"),
        ("zennit:EpsilonPlus", vision_transformer, "", "for the LayerNorm of the net"),
    ],
)
def test_methods_that_do_not_apply_to_a_net_are_not_defined(door, net, layer, reason, request):
    if door.startswith("zennit"):
        request.getfixturevalue("needs_zennit")
    side = 24 if net is vision_transformer else 64
    run = run_of(net().eval(), layer or None, functional.interpolate(IMAGES[:1], side))
    with pytest.raises(NotDefinedError, match=reason):
        DOORS[door](run, arguments={})


@pytest.mark.parametrize(
    ("door", "module", "package"),
    [
        (captum, "captum", "captum"),
        (grad_cam, "pytorch_grad_cam", "grad-cam"),
        (zennit, "zennit", "zennit"),
    ],
)
def test_a_library_is_an_extra(door, module, package, monkeypatch):
    for name in (module, f"{module}.attr", f"{module}.composites"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StudyError, match=f"which is not installed: pip install {package}"):
        door(run_of(), of="DeepLift", arguments={})


@pytest.mark.parametrize(
    ("door", "of", "arguments", "message"),
    [
        (captum, "DeepLft", {}, "captum has no method 'DeepLft'.*did you mean 'DeepLift'"),
        (captum, "Noise:Saliency", {}, "captum has no method 'Noise:Saliency'"),
        (captum, "DeepLift", {"steps": 3}, "no argument 'steps'; valid: baselines, eps, multiply"),
        (
            captum,
            "DeepLift",
            {"baselines": [1, 2]},
            r"baselines is \[1, 2\]; give a number, or a l",
        ),
        (captum, "FeatureAblation", {}, "feature_mask is missing; give the side of a square"),
        (captum, "Occlusion", {"sliding_window_shapes": 0}, "shapes is 0; give the side of a sq"),
        (captum, "IntegratedGradients", {"method": "x"}, r"IntegratedGradients fails \("),
        (grad_cam, "GradCam", {}, "pytorch_grad_cam has no method 'GradCam'; did you mean 'GradC"),
        (grad_cam, "GradCAM", {"gamma": 3}, "no argument 'gamma'; valid: eigen_smooth"),
        (zennit, "Epsilon", {}, "zennit has no composite 'Epsilon'"),
        (zennit, "EpsilonPlus", {"gamma": 3}, "no argument 'gamma'; valid: epsilon, stabilizer"),
        (zennit, "EpsilonGammaBox", {"low": 0}, "high is missing; give the highest value of the"),
    ],
)
def test_wrong_names_and_arguments_are_named(door, of, arguments, message, request):
    if door is zennit:
        request.getfixturevalue("needs_zennit")
    with pytest.raises(StudyError, match=message) as error:
        door(run_of(), of=of, arguments=arguments)
    assert not isinstance(error.value, NotDefinedError)


def test_memory_that_is_exceeded_is_reported_as_it_is(monkeypatch):
    def exceed(*inputs, **options):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(attr.Saliency, "attribute", exceed)
    with pytest.raises(RuntimeError, match="CUDA out of memory"):
        captum(run_of(), of="Saliency", arguments={})


FUNCTIONS = """
import numpy as np
import torch


def explain(net, images, targets):
    scores = net(images).gather(1, targets[:, None])
    return torch.autograd.grad(scores.sum(), images)[0]


def array(net, images, targets, factor=1):
    return np.full((len(images), 4, 5), factor, np.float64)


def of_layer(net, images, targets, target_layer):
    kept = []
    target_layer.register_forward_hook(lambda *call: kept.append(call[2]))
    net(images)
    return kept[0].sum(1)


def noise(net, images, targets):
    return torch.rand_like(images) + np.random.random()


def returned(net, images, targets, value):
    return {
        "nothing": None,
        "list": images.tolist(),
        "complex": images.to(torch.complex64),
        "text": np.array(["a"]),
        "one": images[:1],
        "five": images[:, :1].expand(-1, 5, -1, -1),
        "last": images.permute(0, 2, 3, 1),
        "pixels": images[0, 0],
        "large": torch.zeros(len(images), 48, 40),
    }[value]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS)
    return str(path)


def test_a_function_of_one_line_is_a_method(file):
    maps = function(run_of(), of=f"{file}:explain", arguments={})
    assert torch.equal(maps, run_of().gradient())


def test_maps_of_a_function_are_resized_and_gain_a_channel(file):
    maps = function(run_of(), of=f"{file}:array", arguments={"factor": 3})
    torch.testing.assert_close(maps, torch.full((3, 1, *SIZE), 3.0))
    run = run_of()
    expected = run.upsample(run.features.sum(1, keepdim=True))
    # The ReLU after the layer is not in place for a function.
    assert_close(function(run, of=f"{file}:of_layer", arguments={}), expected)
    with pytest.raises(NotDefinedError, match="target_layer"):
        function(run_of(layer=None), of=f"{file}:of_layer", arguments={})


def test_a_function_that_draws_random_numbers_draws_them_again(file):
    one, other = (function(run_of(), of=f"{file}:noise", arguments={}) for _ in range(2))
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("nothing", "NoneType"),
        ("list", "list"),
        ("complex", "torch.complex64"),
        ("text", "<U1"),
        ("one", r"\(1, 3, 24, 20\)"),
        ("five", r"\(3, 5, 24, 20\)"),
        ("last", r"\(3, 24, 20, 3\)"),
        ("pixels", r"\(24, 20\)"),
        ("large", r"\(3, 48, 40\)"),
    ],
)
def test_what_is_no_map_is_reported(file, value, kind):
    message = (
        f"returned' returns {kind} for 3 images of 3 x 24 x 20: expected is a tensor or an array "
        r"of real numbers, \(3, C, 24, 20\) with C = 1 or 3, or \(3, 24, 20\)"
    )
    with pytest.raises(StudyError, match=message):
        function(run_of(), of=f"{file}:returned", arguments={"value": value})


@pytest.mark.parametrize(
    ("of", "arguments", "message"),
    [
        ("{}:explan", {}, "has no function 'explan'; did you mean 'explain'"),
        ("{}.py:explain", {}, "can't be imported"),
        ("no.such:explain", {}, "can't be imported .*ModuleNotFoundError"),
        ("{}:explain", {"factor": 2}, r"called as explain\(net, images, targets, factor=...\)"),
        ("{}:returned", {"value": "other"}, "fails .KeyError: 'other'"),
    ],
)
def test_wrong_functions_are_reported(file, of, arguments, message):
    with pytest.raises(StudyError, match=message):
        function(run_of(), of=of.format(file), arguments=arguments)


def test_doors_need_no_signal():
    assert {door.needs for door in (captum, grad_cam, zennit, function)} == {frozenset()}


def test_other_methods_of_the_run_keep_their_signals():
    """The graph is freed for the library, after what the other methods read of it."""
    names = ["guided_grad_cam", "grad_cam"]
    expected = saliency_maps(run_of()._passed, TARGETS, names)
    entries = [load(METHODS[name]) for name in names]
    run = run_of(methods=entries)
    captum(run, of="Saliency", arguments={})
    for entry in entries:
        assert torch.equal(run.map_of(entry.draw), expected[entry.name])


def test_extras_are_listed():
    assert libraries.installed("captum.attr", "captum") is attr
