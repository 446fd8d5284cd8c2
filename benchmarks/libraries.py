"""Five implementations of the same maps: this project's, two libraries', the thesis', a baseline.

Each maker takes a net (float32, frozen, in eval mode), the name of its target layer and the indices
to explain, and returns a function from images (N, 3, H, W) to maps by method.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lookwhere.methods.cam import weighted_sum
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import group
from turns import FIVE, OTHER_NETS, Maker, Maps, Run, with_head

WITHOUT_RULES = ["backpropagation", "grad_cam"]  # for nets of other activations than ReLU


def ours(
    architecture: str,
    net: nn.Module,
    layer: str,
    targets: list[int],
    methods: Sequence[str] = FIVE,
) -> Run:
    """The computation of the workflow's jobs, from images to maps in memory."""
    from lookwhere.methods.explainer import Explainer
    from lookwhere.nets import device

    device.retain_heap()
    spec = {"architecture": architecture, "weights": "random", "target_layer": layer}
    explainer = Explainer(spec | {"precision": "float32"}, methods, torch.device("cpu"))
    with_head(explainer.net)

    def run(images: Tensor) -> Maps:
        maps = explainer.explain(images.numpy(), [[t] for t in targets]).maps
        return {method: maps[method] for method in FIVE if method in maps}

    return run


def captum(architecture: str, net: nn.Module, layer: str, targets: list[int]) -> Run:
    """captum's five classes, those that are defined, with Grad-CAM resized bilinearly as here."""
    from captum.attr import (
        Deconvolution,
        GuidedBackprop,
        GuidedGradCam,
        LayerAttribution,
        LayerGradCam,
        Saliency,
    )

    net = without_inplace(net)
    target = torch.tensor(targets, device=next(net.parameters()).device)
    if architecture.startswith("vit"):
        net.set_submodule(layer, TokensAsMaps(net.get_submodule(layer)))
        layer += ".maps"
    features = net.get_submodule(layer)

    def run(images: Tensor) -> Maps:
        images = images.clone().requires_grad_()
        cam = LayerGradCam(net, features).attribute(images, target, relu_attributions=True)
        maps = {
            "backpropagation": Saliency(net).attribute(images, target, abs=False),
            "grad_cam": LayerAttribution.interpolate(cam, images.shape[2:], "bilinear"),
        }
        if architecture not in OTHER_NETS:
            maps |= {
                "deconvolution": Deconvolution(net).attribute(images, target),
                "guided_backpropagation": GuidedBackprop(net).attribute(images, target),
                "guided_grad_cam": GuidedGradCam(net, features).attribute(
                    images, target, interpolate_mode="bilinear"
                ),
            }
        return as_arrays(maps)

    return run


def pytorch_grad_cam(architecture: str, net: nn.Module, layer: str, targets: list[int]) -> Run:
    """The three of our methods that it has; guided backpropagation takes one image at a time.

    It needs a net whose parameters require gradients, torchvision's default.
    """
    from pytorch_grad_cam import GradCAM, GuidedBackpropReLUModel
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    net.requires_grad_(True)
    cam = GradCAM(net, [net.get_submodule(layer)])
    guided = GuidedBackpropReLUModel(deepcopy(net), device="cpu")

    def run(images: Tensor) -> Maps:
        heat = cam(images.clone(), [ClassifierOutputTarget(target) for target in targets])
        signal = np.stack(
            [
                guided(image[None].clone(), target).transpose(2, 0, 1)
                for image, target in zip(images, targets, strict=True)
            ]
        )
        return {
            "guided_backpropagation": signal,
            "grad_cam": heat[:, None],
            "guided_grad_cam": signal * heat[:, None],
        }

    return run


def thesis(architecture: str, net: nn.Module, layer: str, targets: list[int]) -> Run:
    """A forward and a full backward pass, weight gradients included, for every method."""
    net = without_inplace(net).requires_grad_(True)
    features = net.get_submodule(layer)

    def gradients(images: Tensor, rule: Callable | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The signal at the images, and the target layer's output and gradient."""
        kept: list[Tensor] = []
        handle = features.register_forward_hook(lambda module, inputs, output: kept.append(output))
        images = images.clone().requires_grad_()
        net.zero_grad()
        with hooked_relus(net, rule):
            logits = net(images)
            kept[0].retain_grad()
            logits[range(len(targets)), targets].sum().backward()
        handle.remove()
        return images.grad, kept[0].detach(), kept[0].grad

    def cam(images: Tensor) -> Tensor:
        _, output, gradient = gradients(images)
        cam = weighted_sum(output, gradient.mean(dim=(2, 3), keepdim=True))
        return functional.interpolate(cam, images.shape[2:], mode="bilinear", align_corners=False)

    def guided(images: Tensor) -> Tensor:
        return gradients(images, lambda below, above: below.clamp(min=0))[0]

    def run(images: Tensor) -> Maps:
        product = {"guided_backpropagation": guided(images), "grad_cam": cam(images)}
        return as_arrays(
            {
                "backpropagation": gradients(images)[0],
                "deconvolution": gradients(images, lambda below, above: above.clamp(min=0))[0],
                **product,
                "guided_grad_cam": product["guided_backpropagation"] * cam(images),
            }
        )

    return run


def baseline(architecture: str, net: nn.Module, layer: str, targets: list[int]) -> Run:
    """The minimal work: a forward pass and three backward passes to the images, or one.

    Nets of other activations than ReLU have the plain gradient alone.
    """
    passes = 1 if architecture in OTHER_NETS else 3

    def run(images: Tensor) -> Maps:
        images = images.detach().requires_grad_()
        score = net(images)[range(len(targets)), targets].sum()
        for left in reversed(range(passes)):
            torch.autograd.grad(score, images, retain_graph=left > 0)
        return {}

    return run


def baseline_channels_last(
    architecture: str, net: nn.Module, layer: str, targets: list[int]
) -> Run:
    """The baseline in the other memory format."""
    net = net.to(memory_format=torch.channels_last)
    run = baseline(architecture, net, layer, targets)
    return lambda images: run(images.to(memory_format=torch.channels_last))


OF_THE_SAME_PASSES = [name for name, entry in METHODS.items() if not group(entry)]
LIBRARIES: dict[str, Maker] = {
    "ours": ours,
    "all methods": partial(ours, methods=OF_THE_SAME_PASSES),
    "captum": captum,
    "pytorch-grad-cam": pytorch_grad_cam,
    "thesis": thesis,
    "baseline": baseline,
    "baseline, channels_last": baseline_channels_last,
}


def libraries_of(architecture: str) -> dict[str, Maker]:
    """The competitors for a net: two of them have rules for ReLUs alone."""
    rules = ("pytorch-grad-cam", "thesis") if architecture in OTHER_NETS else ()
    return {name: maker for name, maker in LIBRARIES.items() if name not in rules}


class TokensAsMaps(nn.Module):
    """A layer of tokens (N, 1 + h h, K) whose ``maps`` (N, K, h, h) are a layer of their own."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.maps = layer, nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.layer(images)
        rows = int((tokens.shape[1] - 1) ** 0.5)
        maps = self.maps(tokens[:, 1:].transpose(1, 2).unflatten(2, (rows, rows)))
        return torch.cat([tokens[:, :1], maps.flatten(2).transpose(1, 2)], dim=1)


def without_inplace(net: nn.Module) -> nn.Module:
    """The net with out-of-place ReLUs, which hooks on modules need."""
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return net


@contextmanager
def hooked_relus(net: nn.Module, rule: Callable | None) -> Iterator[None]:
    """Set the signal at every ReLU module to ``rule(plain signal below, signal above)``."""
    handles = [
        module.register_full_backward_hook(lambda _, below, above: (rule(below[0], above[0]),))
        for module in net.modules()
        if rule and isinstance(module, nn.ReLU)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def as_arrays(maps: dict[str, Tensor]) -> Maps:
    return {method: tensor.detach().cpu().numpy() for method, tensor in maps.items()}
