"""Methods of many passes against other implementations, loops by hand and algebra."""

from functools import cache
from itertools import pairwise

import captum.attr
import cv2
import numpy as np
import pytest
import pytorch_grad_cam as library
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torch.nn import functional
from torchvision.models import VisionTransformer

from lookwhere.methods import registry
from lookwhere.methods.cost import Clock
from lookwhere.methods.explainer import Explainer
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import NotDefinedError
from lookwhere.methods.run import FORWARD, Run, maps_of
from lookwhere.nets.live import LiveTensors

from .test_methods import LAYERS, TARGETS, assert_close, net_of

MANY_PASSES = [
    name for name, entry in METHODS.items() if registry.group(entry) not in ("", "attention")
]
NETS = ["squeezenet1_1", "resnet18"]
IMAGES = torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(1))
SEEDS = [[0, 7], [0, 8]]  # of the images' random numbers
# Few passes, so that tests are fast.
ARGUMENTS = {
    "smooth_grad": {"passes": 5},
    "var_grad": {"passes": 5},
    "square_grad": {"passes": 5},
    "smooth_grad_cam_plus_plus": {"passes": 5},
    "integrated_gradients": {"passes": 6},
    "expected_gradients": {"passes": 5},
    "rise": {"passes": 12, "cells": 3},
    "occlusion": {"window": 0.3, "stride": 0.2},
}


def draw(name):
    """The function of a method, with few passes."""
    function, arguments = registry.load(METHODS[name]).draw, ARGUMENTS.get(name, {})
    return cache_of(function, **arguments)


@cache
def cache_of(function, **arguments):
    """The function with other arguments; the same object for the same ones."""
    return lambda run: function(run, **arguments)


def run_of(net, layer, images=IMAGES, targets=TARGETS, seeds=SEEDS, is_trial=False):
    """A run of all methods of many passes, its forward pass on the clock."""
    clock = Clock()
    with clock.step(FORWARD):
        passed = forward(net, layer and net.get_submodule(layer), images)
        clock.count(forward_passes=1)
    methods = [registry.load(METHODS[name]) for name in MANY_PASSES]
    return Run(passed, torch.tensor(targets), methods, seeds=seeds, clock=clock, is_trial=is_trial)


@cache
def map_of(method, architecture="squeezenet1_1", scale=1.0):
    return run_of(net_of(architecture, scale), LAYERS[architecture]).map_of(draw(method))


def not_in_place(net):
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return net


def gradients_at(net, images, targets=TARGETS):
    leaf = images.clone().requires_grad_()
    return torch.autograd.grad(net(leaf)[range(len(leaf)), targets].sum(), leaf)[0]


def random_numbers(number, shape=IMAGES.shape[1:], seeds=SEEDS):
    """The normal noise of a pass, drawn by hand."""
    draws = [np.random.default_rng([*seed, *shape[1:], number]) for seed in seeds]
    return torch.stack([torch.from_numpy(rng.standard_normal(shape, np.float32)) for rng in draws])


def noisy_images(count=5, share=0.15):
    deviations = torch.tensor([share * float(image.max() - image.min()) for image in IMAGES])
    return [IMAGES + deviations.view(-1, 1, 1, 1) * random_numbers(n) for n in range(count)]


def resized(maps, size=IMAGES.shape[2:]):
    return functional.interpolate(maps, size=size, mode="bilinear")


@pytest.mark.parametrize("architecture", NETS)
@pytest.mark.parametrize(
    ("method", "theirs"),
    [("smooth_grad", "smoothgrad"), ("var_grad", "vargrad"), ("square_grad", "smoothgrad_sq")],
)
def test_means_over_noise_are_those_of_captum(method, theirs, architecture, monkeypatch):
    net = not_in_place(net_of(architecture))
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(net))
    noisy = torch.stack(noisy_images(), dim=1).flatten(0, 1)  # all copies of an image in a row
    monkeypatch.setattr(
        captum.attr.NoiseTunnel, "_add_noise_to_inputs", lambda *arguments: (noisy,), raising=True
    )
    expected = tunnel.attribute(IMAGES, nt_type=theirs, nt_samples=5, target=TARGETS, abs=False)
    assert_close(map_of(method, architecture), expected, 1e-5)


def test_the_variance_of_equal_gradients_is_nothing():
    net = linear_net()
    run = run_of(net, None)
    weights = net[1].weight.view(3, *IMAGES.shape[1:])[[1, 2]]
    run.targets = torch.tensor([1, 2])
    torch.testing.assert_close(run.map_of(draw("smooth_grad")), weights)
    torch.testing.assert_close(run.map_of(draw("square_grad")), weights**2)
    assert run.map_of(draw("var_grad")).abs().max() < 1e-12


def linear_net():
    torch.manual_seed(0)
    size = IMAGES[0].numel()
    return nn.Sequential(nn.Flatten(), nn.Linear(size, 3)).eval().requires_grad_(False)


@pytest.mark.parametrize("architecture", NETS)
def test_integrated_gradients_are_those_of_captum(architecture):
    net = not_in_place(net_of(architecture))
    expected = captum.attr.IntegratedGradients(net).attribute(IMAGES, target=TARGETS, n_steps=6)
    assert_close(map_of("integrated_gradients", architecture), expected.float(), 1e-5)


@pytest.mark.parametrize("architecture", NETS)
def test_integrated_gradients_add_up_to_the_logit_less_that_of_the_mean_colour(architecture):
    net = net_of(architecture)
    run = run_of(net, None)
    maps = registry.load(METHODS["integrated_gradients"]).draw(run)
    expected = run.logits - net(torch.zeros_like(IMAGES))
    expected = expected[range(2), TARGETS]
    torch.testing.assert_close(maps.sum((1, 2, 3)), expected, rtol=0.01, atol=0.01)


def test_on_a_linear_net_a_path_is_the_input_times_the_gradient():
    run = run_of(linear_net(), None, targets=[1, 2])
    weights = linear_net()[1].weight.view(3, *IMAGES.shape[1:])[[1, 2]]
    torch.testing.assert_close(run.map_of(draw("integrated_gradients")), IMAGES * weights)
    mean = sum(random_numbers(number) for number in range(5)) / 5
    expected = (IMAGES - mean) * weights
    torch.testing.assert_close(run.map_of(draw("expected_gradients")), expected)


@pytest.mark.parametrize("architecture", NETS)
def test_expected_gradients_are_a_mean_over_references_and_places(architecture):
    net, terms = net_of(architecture), []
    for number in range(5):
        references = random_numbers(number)
        shares = torch.tensor(
            [
                np.random.default_rng([*seed, 64, 48, 5 + number]).random(dtype=np.float32)
                for seed in SEEDS
            ]
        )
        differences = IMAGES - references
        places = references + shares.view(-1, 1, 1, 1) * differences
        terms.append(differences * gradients_at(net, places))
    assert_close(map_of("expected_gradients", architecture), sum(terms) / 5)


def test_expected_gradients_add_up_to_the_logit_less_that_of_references():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)]
    net = nn.Sequential(*layers).eval().requires_grad_(False)
    images = 2 * torch.randn(2, 3, 8, 8)
    run = run_of(net, None, images, [0, 2])
    method = registry.load(METHODS["expected_gradients"]).draw
    sums = method(run, passes=2000).sum((1, 2, 3))
    references = net(torch.randn(20000, 3, 8, 8))
    expected = (run.logits - references.mean(0))[range(2), [0, 2]]
    torch.testing.assert_close(sums, expected, rtol=0.05, atol=0.01)


def features_of(net, layer, images):
    """Features and their gradients, each (N, K, h, w)."""
    kept = []
    handle = net.get_submodule(layer).register_forward_hook(
        lambda *call: kept.append(call[2]) or call[2].clone()
    )
    logits = net(images.clone().requires_grad_())
    handle.remove()
    [gradients] = torch.autograd.grad(logits[range(len(images)), TARGETS].sum(), kept)
    return kept[0].detach(), gradients


@pytest.mark.parametrize("architecture", NETS)
def test_smooth_grad_cam_plus_plus_is_its_equation(architecture):
    net, layer = net_of(architecture), LAYERS[architecture]
    features, _ = features_of(net, layer, IMAGES)
    gradients = torch.stack([features_of(net, layer, images)[1] for images in noisy_images()])
    first, second, third = ((gradients.double().numpy() ** power).mean(0) for power in (1, 2, 3))
    features = features.double().numpy()
    below = 2 * second + third * features.sum((2, 3), keepdims=True)
    alphas = np.divide(second, below, out=np.zeros_like(below), where=second > 0)
    weights = (alphas * np.maximum(first, 0)).sum((2, 3), keepdims=True)
    cam = np.maximum((weights * features).sum(1, keepdims=True), 0)
    expected = resized(torch.from_numpy(cam)).float()
    assert_close(map_of("smooth_grad_cam_plus_plus", architecture), expected, 1e-4)


def test_where_the_head_is_linear_noise_leaves_grad_cam_plus_plus():
    run = run_of(net_of("resnet18"), LAYERS["resnet18"])
    plain = registry.load(METHODS["grad_cam_plus_plus"]).draw
    expected = run.map_of(plain)
    assert_close(map_of("smooth_grad_cam_plus_plus", "resnet18"), expected)


class Small(nn.Module):
    """A net whose features have the size of the image."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU())
        self.head = nn.Sequential(
            nn.Conv2d(12, 9, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(9, 9)
        )
        self.requires_grad_(False).eval()
        self.head[-1].weight *= 1000  # so that masks change Score-CAM's weights

    def forward(self, x):
        return self.head(self.features(x))


def test_score_cam_is_that_of_pytorch_grad_cam():
    net = Small()  # without resizing, in which the library differs
    targets = [ClassifierOutputTarget(target) for target in TARGETS]
    ours = run_of(net, "features").map_of(draw("score_cam"))
    with library.ScoreCAM(net, [net.features]) as cam:
        cam(IMAGES, targets)
        features = net.features(IMAGES)
        weights = cam.get_cam_weights(IMAGES, None, targets, features.numpy(), None)
    assert weights.max() > 2 / 12
    expected = (features * torch.from_numpy(weights)[:, :, None, None]).sum(1, keepdim=True)
    assert_close(ours, expected.relu())


def test_score_cam_is_its_algorithm():
    net = net_of("squeezenet1_1")
    features, _ = features_of(net, LAYERS["squeezenet1_1"], IMAGES)
    for image, maps, target, ours in zip(
        IMAGES, features, TARGETS, map_of("score_cam"), strict=True
    ):
        masks = resized(maps[:, None])
        least = masks.flatten(1).min(1).values.view(-1, 1, 1, 1)
        masks = (masks - least) / (masks.flatten(1).max(1).values.view(-1, 1, 1, 1) - least)
        masks = masks.nan_to_num(0)  # constant maps
        scores = torch.cat([net(image * some)[:, target] for some in masks.split(64)])
        scores -= net(torch.zeros_like(image[None]))[0, target]
        weights = scores.exp() / scores.exp().sum()
        cam = torch.einsum("k,khw->hw", weights, maps).relu()
        assert_close(ours[None], resized(cam[None, None]))


def test_ablation_cam_is_that_of_pytorch_grad_cam():
    net = net_of("squeezenet1_1")
    layer = net.get_submodule(LAYERS["squeezenet1_1"])
    targets = [ClassifierOutputTarget(target) for target in TARGETS]
    features, _ = features_of(net, LAYERS["squeezenet1_1"], IMAGES)
    assert features.amin() == 0  # else the library ablates to other values than 0
    with library.AblationCAM(net, [layer], batch_size=128) as cam:
        weights = cam.get_cam_weights(IMAGES, layer, targets, features.numpy(), None)
    scores = net(IMAGES)[range(2), TARGETS]
    weights = torch.from_numpy(weights) * scores[:, None]  # the library divides by the logit
    expected = (features * weights[:, :, None, None]).sum(1, keepdim=True).relu()
    assert_close(map_of("ablation_cam"), resized(expected), 1e-3)


def test_ablation_cam_is_what_the_logit_loses():
    net = net_of("resnet18")
    features, _ = features_of(net, "layer4", IMAGES)
    head = nn.Sequential(net.avgpool, nn.Flatten(), net.fc).double()
    expected = torch.zeros(2, 1, *features.shape[2:])
    for channel in range(features.shape[1]):
        ablated = features.double()
        ablated[:, channel] = 0
        losses = (head(features.double()) - head(ablated))[range(2), TARGETS]
        expected[:, 0] += losses[:, None, None] * features[:, channel]
    net.fc.float()
    assert_close(map_of("ablation_cam", "resnet18"), resized(expected.relu()))


@pytest.mark.parametrize(
    ("head", "is_linear"),
    [
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 9)], True),
        ([nn.Flatten(), nn.Linear(4 * 64 * 48, 9)], True),
        ([nn.Conv2d(4, 9, 1), nn.AdaptiveMaxPool2d(1), nn.Flatten()], False),
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 9), nn.ReLU()], False),
    ],
    ids=["means", "linear", "maximum", "ReLU"],
)
def test_a_linear_head_needs_no_passes_for_the_same_ablation_cam(head, is_linear):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 1), *head).eval().requires_grad_(False)
    if isinstance(head[-1], nn.ReLU):
        head[-2].bias += 1  # so that it passes something on
    run = run_of(net, "0")
    assert run.has_linear_head == is_linear
    ours = run.map_of(draw("ablation_cam"))
    cost = run.cost_of(draw("ablation_cam"))
    assert (cost.forward_passes, cost.backward_passes) == (1 if is_linear else 3, 1)
    features = net[0](IMAGES)
    losses = torch.zeros(2, 4)
    for channel in range(4):
        ablated = features.clone()
        ablated[:, channel] = 0
        losses[:, channel] = (net(IMAGES) - net[1:](ablated))[range(2), TARGETS]
    expected = torch.einsum("nk,nkhw->nhw", losses, features)[:, None].relu()
    assert_close(ours, expected)


def test_the_chunk_of_ablated_features_changes_nothing(monkeypatch):
    expected = map_of("ablation_cam")
    monkeypatch.setattr("lookwhere.methods.ablation_cam.MOST_VALUES", 512 * 3 * 2 * 100)
    run = run_of(net_of("squeezenet1_1"), LAYERS["squeezenet1_1"])
    assert_close(run.map_of(draw("ablation_cam")), expected)
    assert run.cost_of(draw("ablation_cam")).forward_passes == 1 + 2 * 6  # of 100 maps each


class Other(Small):
    """Layers above the features concatenate these with the image, or count the images first."""

    def __init__(self, *, counts=False):
        super().__init__()
        torch.manual_seed(1)
        self.counts = counts
        inputs = 12 if counts else 15
        self.head[0] = nn.Conv2d(inputs, 9, 3).requires_grad_(False)

    def forward(self, x):
        features = self.features(x)
        if self.counts:
            return self.head[4](self.head[:3](features).reshape(len(x), 9, -1).mean(2))
        return self.head(torch.cat([features, x], dim=1))


class Tokens(nn.Module):
    """A vision transformer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.body = VisionTransformer(
            image_size=32,
            patch_size=8,
            num_layers=2,
            num_heads=2,
            hidden_dim=12,
            mlp_dim=16,
            num_classes=9,
        )
        nn.init.normal_(self.body.heads.head.weight)
        self.features = self.body.encoder.layers[0]
        self.requires_grad_(False).eval()

    def forward(self, x):
        return self.body(x[:, :, :32, :32])


@pytest.mark.parametrize("net", [Other(), Other(counts=True), Tokens()], ids=type)
def test_ablated_features_go_through_any_net(net):
    images = IMAGES[:, :, :32, :32]
    run = run_of(net, "features", images)
    expected = torch.zeros(2, 12)
    for channel in range(12):

        def ablate(layer, inputs, output, channel=channel):
            output = output.clone()
            if output.ndim == 4:
                output[:, channel] = 0
            else:
                output[:, 1:, channel] = 0  # not of the class token
            return output

        handle = net.features.register_forward_hook(ablate)
        expected[:, channel] = (run.logits - net(images))[range(2), TARGETS]
        handle.remove()
    cam = torch.einsum("nk,nkhw->nhw", expected, run.features)[:, None].relu()
    assert_close(run.map_of(draw("ablation_cam")), resized(cam, (32, 32)), 1e-4)


@pytest.mark.parametrize("architecture", NETS)
def test_occlusion_is_that_of_captum(architecture):
    side, step = round(0.3 * 48), round(0.2 * 48)
    expected = captum.attr.Occlusion(net_of(architecture)).attribute(
        IMAGES, (3, side, side), strides=(3, step, step), target=TARGETS
    )
    for channel in range(3):
        theirs = expected[:, channel, None].float()
        assert_close(map_of("occlusion", architecture), theirs, 1e-4)


@pytest.mark.parametrize(("size", "passes"), [((224, 224), 225), ((480, 640), 315), ((9, 5), 45)])
def test_the_windows_of_occlusion_cover_the_image_and_are_as_many_as_stated(size, passes):
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 9)).eval()
    images = torch.ones(1, 3, *size)
    run = run_of(net.requires_grad_(False), None, images, [0], [[0]])
    occlusion = registry.load(METHODS["occlusion"]).draw
    map_ = run.map_of(occlusion)
    assert run.cost_of(occlusion).forward_passes == 1 + passes
    loss = net[2].weight[0].sum() * max(1, round(min(size) / 8)) ** 2 / (size[0] * size[1])
    torch.testing.assert_close(map_[0, 0, 0, 0], loss, rtol=1e-3, atol=1e-6)
    assert (map_ * loss).amin() > 0


def masks_by_hand(number, cells=3, kept=0.5):
    """The masks of a pass, resized by OpenCV."""
    height, width = IMAGES.shape[2:]
    grid = (round(cells * height / width), cells)
    cell = (-(-height // grid[0]), -(-width // grid[1]))
    masks = []
    for seed in SEEDS:
        rng = np.random.default_rng([*seed, height, width, number])
        coarse = (rng.random(grid) < kept).astype(np.float32)
        size = ((grid[1] + 1) * cell[1], (grid[0] + 1) * cell[0])
        fine = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
        top, left = rng.integers(cell[0]), rng.integers(cell[1])
        masks.append(fine[top : top + height, left : left + width])
    return torch.from_numpy(np.stack(masks))[:, None]


@pytest.mark.parametrize("architecture", NETS)
def test_rise_is_the_sum_of_masks_by_their_logits_less_the_mean(architecture):
    net = net_of(architecture)
    masks = torch.stack([masks_by_hand(number) for number in range(12)])
    logits = torch.stack([net(IMAGES * of_pass)[range(2), TARGETS] for of_pass in masks])
    weights = (logits - logits.mean(0)).double().view(12, 2, 1, 1, 1)
    expected = (weights * masks.double()).sum(0) / (0.5 * 12)
    assert_close(map_of("rise", architecture), expected.float(), 1e-4)


def test_rise_of_one_pixel_is_its_part_of_the_logit_by_the_variance_of_its_mask():
    """That of a bilinear mask is p (1 - p) E[t^2 + (1 - t)^2] E[u^2 + (1 - u)^2] over all crops."""

    def mean_of_squares(pixel):
        """Of t: where a pixel is between the centres of 7 cells on 32 pixels, for crops of 4."""
        t = ((pixel + np.arange(4) + 0.5) * 7 / 32 - 0.5) % 1
        return np.mean(t**2 + (1 - t) ** 2)

    net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 1)).eval().requires_grad_(False)
    net[1].weight.zero_()
    net[1].weight[0, 28 * 14 + 10] = 4
    images = torch.full((1, 1, 28, 28), 0.5)
    run = run_of(net, None, images, [0], [[3]])
    rise = registry.load(METHODS["rise"]).draw
    map_ = rise(run)[0, 0]
    assert map_.argmax() == 28 * 14 + 10
    expected = 4 * 0.5 * (1 - 0.5) * mean_of_squares(14) * mean_of_squares(10)
    assert map_.max().item() == pytest.approx(expected, rel=0.05)
    assert abs(map_[27, 27]) < 0.05  # more than a cell away: independent
    net[1].bias += 100  # a constant of the logit changes nothing
    again = rise(run_of(net, None, images, [0], [[3]]))[0, 0]
    torch.testing.assert_close(again, map_, rtol=0, atol=1e-3)


POWERS = dict.fromkeys(MANY_PASSES, 1) | {"var_grad": 2, "square_grad": 2}
NOT_A_POWER = {"score_cam", "smooth_grad_cam_plus_plus"}


@pytest.mark.parametrize("architecture", NETS)
@pytest.mark.parametrize("method", sorted(POWERS.keys() - NOT_A_POWER))
def test_a_logit_of_thrice_the_size_scales_the_map(method, architecture):
    once, thrice = map_of(method, architecture), map_of(method, architecture, 3.0)
    assert_close(thrice, once * 3.0 ** POWERS[method], 1e-4)


@cache
def small_map(method):
    return run_of(Small(), "features").map_of(draw(method))


@pytest.mark.parametrize("method", MANY_PASSES)
def test_a_map_is_the_same_in_another_batch(method):
    turned = run_of(Small(), "features", IMAGES.flip(0), TARGETS[::-1], SEEDS[::-1])
    alone = run_of(Small(), "features", IMAGES[1:], TARGETS[1:], SEEDS[1:])
    tolerance = 1e-4  # differences of logits have the rounding of these
    assert_close(turned.map_of(draw(method)).flip(0), small_map(method), tolerance)
    assert_close(alone.map_of(draw(method)), small_map(method)[1:], tolerance)


def test_a_batch_that_is_halved_has_the_same_noise():
    spec = {"name": "a", "architecture": "shufflenet_v2_x0_5", "weights": "random"}
    spec |= {"target_layer": None, "precision": "float32"}
    explainer = Explainer(spec, ["smooth_grad"], torch.device("cpu"), shape=(3, 64, 48))
    arguments = IMAGES.numpy(), [[6], [8]], SEEDS
    together = explainer.explain(*arguments)
    explainer.most_pixels = 1
    halved = explainer.explain(*arguments)
    assert explainer.costs(*arguments)["smooth_grad"].forward_passes == 51
    assert_close(*(torch.from_numpy(e.maps["smooth_grad"]) for e in (halved, together)), 1e-4)


@pytest.mark.parametrize("method", MANY_PASSES)
def test_a_map_is_of_its_target(method):
    same = run_of(Small(), "features", IMAGES[[0, 0]], [TARGETS[0], 3], [SEEDS[0]] * 2)
    [first, other] = same.map_of(draw(method))
    assert_close(first[None], small_map(method)[:1], 1e-4)
    assert (first - other).abs().max() > 1e-3 * first.abs().max()


# Forward and backward passes beside those of the run.
PASSES = {
    "smooth_grad": (50, 50),
    "var_grad": (50, 50),
    "square_grad": (50, 50),
    "smooth_grad_cam_plus_plus": (50, 50),
    "integrated_gradients": (50, 50),
    "expected_gradients": (200, 200),
    "score_cam": (12, 0),
    "ablation_cam": (2, 1),  # a pass an image; the gradient
    "rise": (4000, 0),
    "occlusion": (225, 0),
}


@pytest.mark.parametrize("method", MANY_PASSES)
def test_the_passes_are_those_of_the_docstring_and_one_in_a_trial(method):
    images = torch.rand(2, 3, 16, 16)
    function = registry.load(METHODS[method]).draw
    run = run_of(Small(), "features", images)
    run.map_of(function)
    cost = run.cost_of(function)
    assert (cost.forward_passes - 1, cost.backward_passes) == PASSES[method]
    trial = run_of(Small(), "features", images[:1], TARGETS[:1], SEEDS[:1], is_trial=True)
    map_ = trial.map_of(function)
    cost = trial.cost_of(function)
    assert (cost.forward_passes, cost.backward_passes) == (2, min(PASSES[method][1], 1))
    assert map_.isfinite().all()


def test_methods_of_the_same_noise_share_its_passes():
    run = run_of(net_of("squeezenet1_1"), None)
    names = ["smooth_grad", "var_grad", "square_grad"]
    maps = [run.map_of(draw(name)) for name in names]
    costs = [run.cost_of(draw(name)) for name in names]
    assert {(cost.forward_passes, cost.backward_passes) for cost in costs} == {(6, 5)}
    seconds = [cost.seconds for cost in costs]
    assert max(seconds) < 2 * min(seconds)  # each has those of the passes
    assert_close(maps[2], maps[1] + maps[0] ** 2)
    of_others = run.map_of(cache_of(registry.load(METHODS["smooth_grad"]).draw, passes=2))
    assert not torch.equal(of_others, maps[0])
    assert run._clock.cost(FORWARD).forward_passes == 1


@pytest.mark.parametrize(
    "method", [name for name in MANY_PASSES if "passes" in ARGUMENTS.get(name, {})]
)
def test_many_passes_need_the_memory_of_one(method):
    net, peaks = net_of("squeezenet1_1"), []
    for passes in (1, 4):
        with LiveTensors(net.parameters()) as live:
            run = run_of(net, LAYERS["squeezenet1_1"])
            registry.load(METHODS[method]).draw(run, passes=passes)
        peaks.append(live.peak)
    assert peaks[1] < 1.05 * peaks[0]


def test_without_feature_maps_cams_are_not_defined_and_others_are():
    run = run_of(net_of("squeezenet1_1"), None, is_trial=True)
    maps, reasons = maps_of(run, [registry.load(METHODS[name]) for name in MANY_PASSES])
    assert set(reasons) == {name for name in MANY_PASSES if registry.family(METHODS[name]) == "cam"}
    assert set(maps) | set(reasons) == set(MANY_PASSES)
    assert all("target_layer" in reason for reason in reasons.values())
    with pytest.raises(NotDefinedError):
        run.map_of(draw("score_cam"))


def test_more_noise_smooths_more():
    run = run_of(net_of("squeezenet1_1"), None)
    smooth = registry.load(METHODS["smooth_grad"]).draw
    plain = run.gradient()
    distances = [
        (run.map_of(cache_of(smooth, passes=8, noise=noise)) - plain).norm().item()
        for noise in (0.0, 0.001, 0.05, 0.3)
    ]
    assert distances[0] < 1e-4
    assert all(less < more for less, more in pairwise(distances))
