"""The five maps against captum, against nets with other ReLUs, and against a hand-computed case."""

from copy import deepcopy
from functools import cache

import cv2
import numpy as np
import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop, LayerAttribution, LayerGradCam, Saliency
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torchvision.models import SwinTransformer, VisionTransformer, get_model

from lookwhere.errors import StudyError
from lookwhere.methods.cam import grad_cam
from lookwhere.methods.forward import Forward, forward
from lookwhere.methods.registry import FEATURES, GRADIENT, Signal
from lookwhere.methods.run import Run, saliency_maps

from .studies import FIVE

# captum is right where every ReLU is a module whose input nothing else reads.
CAPTUM = [
    ("alexnet", "features.11"),
    ("vgg19", "features.35"),
    ("vgg19", "features.34"),  # followed by an in-place ReLU
    ("resnet18", "layer4"),
    ("squeezenet1_0", "features.12"),
    ("squeezenet1_0", "features.12.expand3x3"),  # followed by an in-place ReLU
]
TWINS = [("densenet121", "features"), ("googlenet", "inception5b"), ("resnet18", "layer4")]
TARGETS = torch.tensor([6, 8])  # none of the maps is empty for these


@cache
def random_net(architecture):
    torch.manual_seed(1)
    extra = {"aux_logits": False, "init_weights": False} if architecture == "googlenet" else {}
    net = get_model(architecture, weights=None, num_classes=10, **extra)
    return net.eval().requires_grad_(False)


def noise(size=64, count=2):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def our_maps(net, layer, images, targets=TARGETS, methods=tuple(FIVE)):
    return saliency_maps(forward(net, net.get_submodule(layer), images), targets, methods)


def captum_maps(net, layer, images):
    twin = deepcopy(net)  # captum changes the ReLUs of its net
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    x = images.clone().requires_grad_()
    cam = LayerGradCam(twin, twin.get_submodule(layer)).attribute(
        x, target=TARGETS, relu_attributions=True
    )
    cam = LayerAttribution.interpolate(cam, images.shape[2:], interpolate_mode="bilinear")
    guided = GuidedBackprop(twin).attribute(x, target=TARGETS)
    return {
        "backpropagation": Saliency(twin).attribute(x, target=TARGETS, abs=False),
        "deconvolution": Deconvolution(twin).attribute(x, target=TARGETS),
        "guided_backpropagation": guided,
        "grad_cam": cam,
        "guided_grad_cam": guided * cam,
    }


class Relu(torch.autograd.Function):
    """A ReLU with the backward pass of a rule, written out."""

    @staticmethod
    def forward(ctx, z, rule):
        ctx.rule = rule
        ctx.save_for_backward(z)
        return torch.where(z > 0, z, 0)

    @staticmethod
    def backward(ctx, signal):
        [z] = ctx.saved_tensors
        passes = {"plain": z > 0, "deconvolution": signal > 0, "guided": (z > 0) & (signal > 0)}
        return signal * passes[ctx.rule], None


class OtherRelu(TorchFunctionMode):
    """Inside the block every ReLU, however it is written, is replaced."""

    def __init__(self, rule):
        self.rule = rule

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (functional.relu, torch.relu, torch.relu_, torch.Tensor.relu):
            return Relu.apply(args[0], self.rule)
        return func(*args, **(kwargs or {}))


def twin_maps(net, layer, images):
    signals, features = {}, []
    handle = net.get_submodule(layer).register_forward_hook(lambda *call: features.append(call[2]))
    for rule in ("plain", "deconvolution", "guided"):
        x = images.clone().requires_grad_()
        with OtherRelu(rule):
            score = net(x)[range(len(x)), TARGETS].sum()
        signals[rule], slopes = torch.autograd.grad(score, [x, features[-1]])
        if rule == "plain":
            cam = torch.einsum("nkhw,nk->nhw", features[-1], slopes.mean((2, 3))).clamp(min=0)
    handle.remove()
    shape = images.shape[:1:-1]  # OpenCV's bilinear resize, (W, H)
    cam = torch.stack([torch.tensor(cv2.resize(c.detach().numpy(), shape)) for c in cam])[:, None]
    return {
        "backpropagation": signals["plain"],
        "deconvolution": signals["deconvolution"],
        "guided_backpropagation": signals["guided"],
        "grad_cam": cam,
        "guided_grad_cam": signals["guided"] * cam,
    }


def assert_same_maps(ours, expected):
    """Equal but for float32 rounding: convolutions may add up in another order."""
    assert set(ours) == set(expected)
    for method, saliency in ours.items():
        for one, other in zip(saliency, expected[method].detach(), strict=True):
            assert other.any(), f"{method}: comparing with an empty map shows nothing"
            tolerance = 1e-5 * float(other.abs().max())
            torch.testing.assert_close(
                one, other, rtol=0, atol=tolerance, msg=lambda text, m=method: f"{m}: {text}"
            )


@pytest.mark.parametrize(("architecture", "layer"), CAPTUM, ids=["-".join(c) for c in CAPTUM])
def test_maps_equal_captum(architecture, layer):
    net = random_net(architecture)
    assert_same_maps(our_maps(net, layer, noise(96)), captum_maps(net, layer, noise(96)))


class AsMaps(nn.Module):
    """A layer of tokens (N, 1 + h h, K) whose ``maps`` (N, K, h, h) are a layer of their own."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.maps = layer, nn.Identity()

    def forward(self, x):
        tokens = self.layer(x)
        rows = int((tokens.shape[1] - 1) ** 0.5)
        maps = self.maps(tokens[:, 1:].transpose(1, 2).unflatten(2, (rows, rows)))
        return torch.cat([tokens[:, :1], maps.flatten(2).transpose(1, 2)], dim=1)


def small_vit():
    sizes = {"image_size": 64, "patch_size": 16, "hidden_dim": 24, "mlp_dim": 32}
    net = VisionTransformer(**sizes, num_layers=2, num_heads=2, num_classes=10)
    nn.init.normal_(net.heads.head.weight)  # zero in a new net
    return net, "encoder.layers.encoder_layer_1.ln_1"


def small_swin():
    sizes = {"patch_size": [4, 4], "embed_dim": 12, "depths": [1, 1], "window_size": [4, 4]}
    return SwinTransformer(**sizes, num_heads=[2, 2], num_classes=10), "permute"


@pytest.mark.parametrize("build", [small_vit, small_swin])
def test_grad_cam_of_tokens_equals_captum(build):
    torch.manual_seed(0)
    net, layer = build()
    net.eval().requires_grad_(False)
    images = noise(64)
    ours = our_maps(net, layer, images, methods=("grad_cam", "backpropagation"))
    twin, path = deepcopy(net), layer
    if build is small_vit:
        twin.set_submodule(layer, AsMaps(twin.get_submodule(layer)))
        path = f"{layer}.maps"
    cam = LayerGradCam(twin, twin.get_submodule(path)).attribute(
        images.clone().requires_grad_(), target=TARGETS, relu_attributions=True
    )
    cam = LayerAttribution.interpolate(cam, images.shape[2:], interpolate_mode="bilinear")
    signal = Saliency(twin).attribute(images.clone().requires_grad_(), target=TARGETS, abs=False)
    assert_same_maps(ours, {"grad_cam": cam, "backpropagation": signal})


@pytest.mark.parametrize(("architecture", "layer"), TWINS, ids=["-".join(t) for t in TWINS])
def test_maps_are_those_of_a_net_with_other_relus(architecture, layer):
    net = random_net(architecture)
    assert_same_maps(our_maps(net, layer, noise()), twin_maps(net, layer, noise()))


def test_grad_cam_by_hand():
    features = torch.tensor([[[[1.0, 2], [3, 4]], [[0, 1], [1, 0]]]])
    gradients = torch.tensor([[[[0.0, 2], [2, 0]], [[-8, 0], [0, 0]]]])  # means 1 and -2
    cam = np.array([[1, 0], [1, 4]])  # ReLU(1 f_0 - 2 f_1)
    between = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])  # the new pixels' centres
    expected = between @ cam @ between.T
    passed = Forward(
        torch.zeros(1, 3, 4, 4), features, torch.zeros(1, 1), [], nn.Identity(), None, "float32"
    )
    run = Run(passed, torch.tensor([0]), [])
    run._signals[Signal(GRADIENT, FEATURES)] = gradients
    assert np.array_equal(grad_cam(run)[0, 0], expected)


def test_guided_grad_cam_is_the_product():
    maps = our_maps(random_net("resnet18"), "layer4", noise())
    product = maps["guided_backpropagation"] * maps["grad_cam"]
    assert torch.equal(maps["guided_grad_cam"], product)


@pytest.mark.parametrize(
    ("architecture", "layer"),
    [("squeezenet1_0", "features.12.expand3x3"), ("vgg19", "features.34")],
)
def test_features_are_not_rectified_by_the_in_place_relu_behind(architecture, layer):
    net, inputs = random_net(architecture), []
    conv = net.get_submodule(layer)
    handle = conv.register_forward_pre_hook(lambda _, args: inputs.append(args[0].clone()))
    features = forward(net, conv, noise()).features
    handle.remove()
    assert (features < 0).any()
    assert torch.equal(features, conv(inputs[0]))


def test_shapes_and_type():
    maps = our_maps(random_net("resnet18"), "layer4", noise()[:, :, :50])
    assert {method: tuple(m.shape) for method, m in maps.items()} == {
        "backpropagation": (2, 3, 50, 64),
        "deconvolution": (2, 3, 50, 64),
        "guided_backpropagation": (2, 3, 50, 64),
        "grad_cam": (2, 1, 50, 64),
        "guided_grad_cam": (2, 3, 50, 64),
    }
    assert {m.dtype for m in maps.values()} == {torch.float32}
    assert not any(m.requires_grad for m in maps.values())


def test_images_of_a_batch_do_not_touch_each_other():
    net, images = random_net("resnet18"), noise()
    alone = [
        our_maps(net, "layer4", images[i : i + 1], TARGETS[i : i + 1]) for i in range(len(images))
    ]
    expected = {method: torch.cat([maps[method] for maps in alone]) for method in FIVE}
    assert_same_maps(our_maps(net, "layer4", images), expected)


def test_maps_depend_on_the_target():
    net, images = random_net("resnet18"), noise(count=1).repeat(2, 1, 1, 1)
    for saliency in our_maps(net, "layer4", images).values():
        assert not torch.allclose(saliency[0], saliency[1])


def test_second_call_gives_the_same():
    net = random_net("squeezenet1_0")
    run = forward(net, net.get_submodule("features.12"), noise())
    first, second = (saliency_maps(run, TARGETS, FIVE) for _ in range(2))
    again = our_maps(net, "features.12", noise())
    for method in FIVE:
        assert torch.equal(first[method], second[method])
        assert torch.equal(first[method], again[method])


@pytest.mark.parametrize(
    "methods",
    [[method] for method in FIVE] + [["guided_grad_cam", "backpropagation"]],
    ids=" ".join,
)
def test_some_methods_are_those_of_all_five(methods):
    net = random_net("resnet18")
    some = our_maps(net, "layer4", noise(), methods=methods)
    every = our_maps(net, "layer4", noise())
    assert list(some) == methods
    assert all(torch.equal(some[method], every[method]) for method in methods)


def test_net_and_images_stay_as_they_were():
    net, images = random_net("squeezenet1_0"), noise()
    state, before = deepcopy(net.state_dict()), net(images)
    inplace = [module.inplace for module in net.modules() if isinstance(module, nn.ReLU)]
    our_maps(net, "features.12", images)
    assert all(torch.equal(state[name], tensor) for name, tensor in net.state_dict().items())
    assert [m.inplace for m in net.modules() if isinstance(m, nn.ReLU)] == inplace
    assert torch.equal(net(images), before)
    assert torch.equal(images, noise())
    assert not images.requires_grad
    assert images.grad is None
    assert not any(hooks(module) for module in net.modules())


def hooks(module):
    return [
        *module._forward_hooks.values(),
        *module._forward_pre_hooks.values(),
        *module._backward_hooks.values(),
    ]


def test_failing_forward_pass_leaves_no_hook():
    net = random_net("squeezenet1_0")
    with pytest.raises(StudyError, match="can't process an input of 8 x 8 pixels"):
        forward(net, net.features[12], noise(size=8))
    assert not hooks(net.features[12])


class Pair(nn.Module):
    """Yields two tensors."""

    def forward(self, x):
        return x, x


class Odd(nn.Module):
    """Convolutions of every unfit kind: unused, used twice, and a layer that yields a tuple."""

    def __init__(self):
        super().__init__()
        self.once, self.twice, self.unused = (nn.Conv2d(3, 3, 1) for _ in range(3))
        self.pair, self.head = Pair(), nn.Linear(3, 10)

    def forward(self, x):
        x = self.twice(self.twice(self.once(x)).relu()).relu()
        return self.head(self.pair(x)[0].mean((2, 3)))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("head", r"yields \(2, 10\), not feature maps"),
        ("pair", "yields tuple, not feature maps"),
        ("unused", "ran 0 times"),
        ("twice", "ran 2 times"),
    ],
)
def test_unfit_target_layer_is_refused(layer, message):
    net = Odd().eval()
    with pytest.raises(StudyError, match=message):
        forward(net, net.get_submodule(layer), noise())
    assert our_maps(net, "once", noise())["grad_cam"].shape == (2, 1, 64, 64)


@pytest.mark.parametrize(
    ("methods", "passes"),
    [(list(FIVE), 3), (["backpropagation", "grad_cam"], 1), (["guided_grad_cam"], 2)],
    ids=["all", "one rule at two places", "two rules"],
)
def test_a_rule_takes_one_backward_pass_for_all_methods(methods, passes, monkeypatch):
    net, calls, grad = random_net("squeezenet1_0"), [], torch.autograd.grad
    passed = forward(net, net.features[12], noise())
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: calls.append(a) or grad(*a, **k))
    saliency_maps(passed, TARGETS, methods)
    assert len(calls) == passes
