"""Methods of one forward pass against other implementations, algebra, and a scaled logit."""

from copy import deepcopy
from functools import cache
from itertools import product

import numpy as np
import pytest
import pytorch_grad_cam as library
import torch
from captum.attr import InputXGradient
from torch import nn
from torch.nn import functional
from torchvision.models import get_model

from lookwhere.methods import registry
from lookwhere.methods.biases import rescaled
from lookwhere.methods.eigen_cam import first_component
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS as ALL
from lookwhere.methods.registry import BIASES, NotDefinedError
from lookwhere.methods.run import Run, defined_maps, saliency_maps

# Those of attention, which these nets lack, are in test_attention.py.
METHODS = {name: entry for name, entry in ALL.items() if not name.startswith("attention_")}
LAYERS = {
    "resnet18": "layer4",
    "squeezenet1_1": "features.12",
    "alexnet": "features.10",  # before the ReLU: some features are negative
}
TARGETS = [6, 8]
FEW_PASSES = [name for name, entry in METHODS.items() if not registry.group(entry)]
GUIDED = [m for m in METHODS if m.startswith("guided_") and m != "guided_backpropagation"]

# pytorch-grad-cam adds constants to denominators, which are negligible beside such large gradients.
SCALE = 1e4


@cache
def net_of(architecture, scale=1.0):
    """A random net, its logits multiplied by ``scale``."""
    torch.manual_seed(1)
    net = get_model(architecture, weights=None, num_classes=10).eval().requires_grad_(False)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.bias, -0.1, 0.1)
    head = [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    head.weight *= scale
    head.bias *= scale
    return net


IMAGES = torch.randn(2, 3, 96, 80, generator=torch.Generator().manual_seed(1))


@cache
def maps_of(architecture, scale=1.0, targets=tuple(TARGETS)):
    net = net_of(architecture, scale)
    passed = forward(net, net.get_submodule(LAYERS[architecture]), IMAGES)
    return defined_maps(passed, torch.tensor(targets), FEW_PASSES)[0]


def gradient_at_features(architecture, scale=1.0):
    """Features (N, K, h, w) and their gradients, by a net cut in two."""
    net = net_of(architecture, scale)
    features = []
    layer = net.get_submodule(LAYERS[architecture])
    handle = layer.register_forward_hook(lambda *call: features.append(call[2]) or call[2].clone())
    logits = net(IMAGES.clone().requires_grad_())
    handle.remove()
    [gradients] = torch.autograd.grad(logits[range(2), TARGETS].sum(), features)
    return features[0].detach().numpy(), gradients.numpy()


def assert_close(ours, theirs, tolerance=1e-5):
    for one, other in zip(ours, theirs, strict=True):
        assert other.any(), "comparing with an empty map shows nothing"
        atol = tolerance * float(other.abs().max())
        torch.testing.assert_close(one, other, rtol=0, atol=atol)


def resized(cam):
    cam = torch.from_numpy(np.float32(cam))[:, None]
    return functional.interpolate(cam, IMAGES.shape[2:], mode="bilinear")


OF_THE_LIBRARY = {
    "grad_cam": library.GradCAM,
    "grad_cam_plus_plus": library.GradCAMPlusPlus,
    "xgrad_cam": library.XGradCAM,
    "hires_cam": library.HiResCAM,
    "layer_cam": library.LayerCAM,
    "elementwise_grad_cam": library.GradCAMElementWise,
}


# XGrad-CAM divides by sums of features, which the library's constant changes where they are near 0.
CASES = set(product(OF_THE_LIBRARY, LAYERS)) - {("xgrad_cam", "alexnet")}


@pytest.mark.parametrize(("method", "architecture"), sorted(CASES))
def test_cams_are_those_of_pytorch_grad_cam(method, architecture):
    features, gradients = gradient_at_features(architecture, SCALE)
    with OF_THE_LIBRARY[method](net_of(architecture), []) as theirs:
        map_ = theirs.get_cam_image(None, None, None, features, gradients, False)
    assert_close(maps_of(architecture, SCALE)[method], resized(np.maximum(map_, 0)))


@pytest.mark.parametrize("architecture", LAYERS)
def test_eigen_grad_cam_is_that_of_pytorch_grad_cam_with_the_sign_of_the_evidence(architecture):
    features, gradients = gradient_at_features(architecture)
    theirs = library.EigenGradCAM.get_cam_image(None, None, None, None, features, gradients, False)
    evidence = (features * gradients).sum(1)
    evidence -= evidence.mean((1, 2), keepdims=True)
    theirs *= np.sign((theirs * evidence).sum((1, 2), keepdims=True))
    ours = maps_of(architecture)["eigen_grad_cam"]
    assert_close(ours, resized(np.maximum(theirs, 0)), 1e-3)


@pytest.mark.parametrize("architecture", LAYERS)
def test_eigen_cam_is_a_singular_value_decomposition(architecture):
    features, _ = gradient_at_features(architecture)
    expected = []
    for maps in features.astype(np.float64):
        places = maps.reshape(len(maps), -1).T
        left, values, _ = np.linalg.svd(places, full_matrices=False)
        component = left[:, 0] * values[0]
        expected.append((component * np.sign(component @ places.sum(1))).reshape(maps.shape[1:]))
    assert_close(maps_of(architecture)["eigen_cam"], resized(expected), 1e-4)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (2, 4, 3, 2), (1, 9, 2, 2), (1, 1, 5, 4)])
def test_the_first_component_is_that_of_any_shape(shape):
    maps = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for component, of_image in zip(first_component(maps), maps.numpy(), strict=True):
        places = of_image.reshape(len(of_image), -1).T
        _, _, right = np.linalg.svd(places)
        expected = np.abs(places @ right[0]).reshape(shape[2:])
        np.testing.assert_allclose(component[0].abs(), expected, rtol=1e-4, atol=1e-5)
        assert (component[0].numpy() * of_image.sum(0)).sum() >= 0


def test_a_component_of_nothing_is_zero_and_of_what_is_not_finite_is_not_finite():
    assert not first_component(torch.zeros(1, 3, 4, 2)).any()
    assert first_component(torch.full((1, 3, 4, 2), torch.nan)).isnan().all()


def test_cam_is_the_features_weighted_by_the_last_layer():
    features, _ = gradient_at_features("resnet18")
    weights = net_of("resnet18").fc.weight[TARGETS].numpy()
    cam = np.einsum("nk,nkhw->nhw", weights, features)
    assert_close(maps_of("resnet18")["cam"], resized(np.maximum(cam, 0)))


class Head(nn.Module):
    """A convolution, and a head of these layers."""

    def __init__(self, *layers):
        super().__init__()
        torch.manual_seed(0)
        self.features, self.head = nn.Conv2d(3, 4, 1), nn.Sequential(*layers)

    def forward(self, x):
        return self.head(self.features(x))


@pytest.mark.parametrize(
    ("head", "defined"),
    [
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(4, 3)], True),
        ([nn.Conv2d(4, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()], True),
        ([nn.Flatten(), nn.Linear(4 * 64, 3)], False),  # other weights at other places
        ([nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 3)], False),
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.ReLU(), nn.Linear(4, 3)], False),
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3), nn.GELU()], False),
    ],
    ids=["pooling and linear", "linear and pooling", "no pooling", "maximum", "ReLU", "GELU"],
)
def test_cam_is_defined_for_means_and_one_linear_layer_alone(head, defined):
    net = Head(*head).eval()
    passed = forward(net, net.features, torch.rand(2, 3, 8, 8))
    if defined:
        maps = saliency_maps(passed, torch.tensor([0, 2]), ["cam", "grad_cam"])
        torch.testing.assert_close(maps["cam"], 64 * maps["grad_cam"])
    else:
        with pytest.raises(NotDefinedError, match="means of the feature maps and one linear layer"):
            saliency_maps(passed, torch.tensor([0, 2]), ["cam"])


@pytest.mark.parametrize("architecture", LAYERS)
def test_input_x_gradient_is_that_of_captum(architecture):
    net = deepcopy(net_of(architecture))
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    theirs = InputXGradient(net).attribute(IMAGES.clone().requires_grad_(), target=TARGETS)
    assert_close(maps_of(architecture)["input_x_gradient"], theirs)


def test_mean_activation_is_the_mean_of_the_features():
    features, _ = gradient_at_features("squeezenet1_1")
    assert_close(maps_of("squeezenet1_1")["mean_activation"], resized(features.mean(1)))


@pytest.mark.parametrize("method", GUIDED)
def test_guided_cams_are_products(method):
    maps = maps_of("resnet18")
    cam = maps[method.removeprefix("guided_")]
    assert torch.equal(maps[method], maps["guided_backpropagation"] * cam)


def full_gradients(net, image, target):
    """The input's product with its gradient, and that of each bias at the output of its layer.

    A net of convolutions, batch norms and linear layers on ReLU; image (1, 3, H, W); float64.
    """
    outputs = []

    def keep(layer, inputs, output):
        output.retain_grad()
        outputs.append((layer, output))
        return output.clone()

    layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]
    handles = [layer.register_forward_hook(keep) for layer in layers]
    image = image.clone().requires_grad_()
    logit = net(image)[0, target]
    logit.backward()
    for handle in handles:
        handle.remove()
    products = []
    for layer, output in outputs:
        bias = layer.bias
        if isinstance(layer, nn.BatchNorm2d):
            zero = torch.zeros(1, layer.num_features, 1, 1, dtype=torch.float64)
            bias = layer(zero).flatten()  # of an affine map, the value at zero
        if bias is not None:
            products.append(bias.view(1, -1, *[1] * (output.ndim - 2)) * output.grad)
    return logit.item(), [image.detach() * image.grad, *products]


@pytest.mark.parametrize("architecture", LAYERS)
def test_full_grad_is_that_of_its_authors(architecture):
    net = deepcopy(net_of(architecture)).double()
    maps = maps_of(architecture)["full_grad"]
    for map_, image, target in zip(maps, IMAGES, TARGETS, strict=True):
        logit, products = full_gradients(net, image[None].double(), target)
        assert sum(of_layer.sum().item() for of_layer in products) == pytest.approx(logit)
        expected = torch.zeros(1, 1, *image.shape[1:], dtype=torch.float64)
        for of_layer in products:
            if of_layer.ndim == 4 and of_layer.abs().max() > of_layer.abs().min():
                strength = of_layer.abs() - of_layer.abs().min()
                sums = (strength / strength.max()).sum(1, keepdim=True)
                expected += functional.interpolate(sums, image.shape[1:], mode="bilinear")
        assert_close(map_, expected[0].float(), 1e-3)


def test_full_grad_alone_is_the_same():
    net = net_of("resnet18")
    passed = forward(net, net.layer4, IMAGES)
    alone = saliency_maps(passed, torch.tensor(TARGETS), ["full_grad"])
    again = saliency_maps(passed, torch.tensor(TARGETS), ["grad_cam", "full_grad"])
    for maps in (alone, again):
        torch.testing.assert_close(maps["full_grad"], maps_of("resnet18")["full_grad"])
    run = Run(passed, torch.tensor(TARGETS), [])
    of_biases = run.gradient(at=BIASES)
    of_input = (run.images * run.gradient()).abs()
    torch.testing.assert_close(rescaled(of_input) + of_biases, alone["full_grad"])


POWERS = dict.fromkeys(FEW_PASSES, 1) | dict.fromkeys(GUIDED, 2)
POWERS |= {name: 0 for name in METHODS if registry.family(METHODS[name]) == "class_free"}
POWERS["full_grad"] = 0  # each layer is rescaled
NOT_A_POWER = {"grad_cam_plus_plus", "guided_grad_cam_plus_plus"}


@pytest.mark.parametrize("architecture", LAYERS)
@pytest.mark.parametrize("method", POWERS)
def test_a_logit_of_thrice_the_size_scales_the_map(method, architecture):
    once, thrice = maps_of(architecture), maps_of(architecture, 3.0)
    if method not in once:
        assert method in ("cam", "guided_cam")
    elif method not in NOT_A_POWER:
        assert_close(thrice[method], once[method] * 3.0 ** POWERS[method], 1e-4)


def test_a_scaled_logit_changes_the_weights_of_grad_cam_plus_plus():
    """Those of 3 y are sum_xy 3 ReLU(g) / (2 + 3 g sum f)."""
    features, gradients = gradient_at_features("squeezenet1_1")
    totals = features.sum((2, 3), keepdims=True)
    weights = 3 * np.maximum(gradients, 0) / (2 + 3 * gradients * totals)
    weights = weights.sum((2, 3), keepdims=True)
    expected = np.maximum((weights * features).sum(1), 0)
    assert_close(maps_of("squeezenet1_1", 3.0)["grad_cam_plus_plus"], resized(expected), 1e-4)


def test_methods_of_no_class_and_no_others_ignore_it():
    of_six, of_eight = (maps_of("resnet18", targets=(target, target)) for target in TARGETS)
    ignoring = {name for name in FEW_PASSES if torch.equal(of_six[name], of_eight[name])}
    declared = {name for name in METHODS if registry.family(METHODS[name]) == "class_free"}
    assert ignoring == declared == {"eigen_cam", "mean_activation"}


def test_the_maps_of_a_linear_net_are_those_of_algebra():
    """y_c = sum_k w_ck mean_xy f_k + b_c with f_k = sum_j v_kj x_j + a_k, all of them positive."""
    net = Head(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval().requires_grad_(False)
    net.features.weight.abs_()
    net.features.bias.abs_()
    net.head[-1].weight.abs_()
    images = torch.rand(1, 3, 8, 8)
    passed = forward(net, net.features, images)
    names = [m for m in FEW_PASSES if not m.startswith(("guided", "deconvolution", "full_grad"))]
    tensors = saliency_maps(passed, torch.tensor([2]), names)
    maps = {name: tensor[0].double().numpy() for name, tensor in tensors.items()}
    x, w = images[0].double().numpy(), net.head[-1].weight[2].double().numpy()
    v, a = net.features.weight[:, :, 0, 0].double().numpy(), net.features.bias.double().numpy()
    f = np.einsum("kj,jyx->kyx", v, x) + a[:, None, None]
    slope = np.broadcast_to((w @ v / 64)[:, None, None], x.shape)
    evidence = np.einsum("k,kyx->yx", w, f)[None]
    plus_plus = 64 * (w / 64) / (2 + w / 64 * f.sum((1, 2)))
    products = (w[:, None, None] * f / 64).reshape(4, -1).T
    _, _, right = np.linalg.svd(products - products.mean(0))
    component = ((products - products.mean(0)) @ right[0]).reshape(8, 8)[None]
    component *= np.sign((component * evidence).sum())
    expected = {
        "backpropagation": slope,
        "input_x_gradient": x * slope,
        "grad_cam": evidence / 64,
        "cam": evidence,
        "xgrad_cam": evidence / 64,
        "hires_cam": evidence / 64,
        "layer_cam": evidence / 64,
        "elementwise_grad_cam": evidence / 64,
        "grad_cam_plus_plus": np.einsum("k,kyx->yx", plus_plus, f)[None],
        "eigen_grad_cam": np.maximum(component, 0),
        "mean_activation": f.mean(0, keepdims=True),
        "eigen_cam": np.abs(np.linalg.svd(f.reshape(4, -1))[2][0]).reshape(1, 8, 8)
        * np.linalg.svd(f.reshape(4, -1))[1][0],
    }
    assert set(expected) == set(names)
    for name, map_ in expected.items():
        atol = 1e-4 * map_.max()
        np.testing.assert_allclose(maps[name], map_, rtol=1e-3, atol=atol, err_msg=name)
    bias = net.head[-1].bias[2].item() + float(w @ a)
    assert maps["input_x_gradient"].sum() + bias == pytest.approx(passed.logits[0, 2].item())


def test_maps_of_a_dead_layer_are_zero_and_finite():
    net = deepcopy(net_of("resnet18"))
    net.layer4[1].bn2.weight.zero_()
    net.layer4[1].bn2.bias.fill_(-100.0)  # below 0, for the ReLU behind
    passed = forward(net, net.layer4, IMAGES)
    maps, _ = defined_maps(passed, torch.tensor(TARGETS), FEW_PASSES)
    assert set(maps) == set(FEW_PASSES)
    assert all(map_.isfinite().all() for map_ in maps.values())
    of_features = [name for name in FEW_PASSES if name.endswith(("cam", "plus_plus", "activation"))]
    assert not any(maps[name].any() for name in of_features)
