"""The five saliency maps of a batch, from one forward pass and at most three backward passes.

With f_k the feature maps of the target layer and y_c the logit of the target (before softmax):

    backpropagation         dy_c/dx under the plain ReLU rule
    deconvolution           the same signal under the deconvolution rule
    guided backpropagation  the same signal under the guided rule
    Grad-CAM                ReLU(sum_k a_k f_k), a_k = mean over (x, y) of dy_c/df_k under the plain
                            rule, bilinearly resized to the input (Selvaraju et al. 2017, eq. 1, 2)
    guided Grad-CAM         guided backpropagation times the resized Grad-CAM, elementwise

Maps are raw and signed: rescaling one to [0, 1] would change the share of its energy in a mask.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lookwhere.errors import InputError, StudyError, is_out_of_memory
from lookwhere.methods.relu_rules import backward_rule, relu_nodes

# The signals that a method is made of: (ReLU rule, where the signal is read).
SIGNALS = {
    "backpropagation": [("plain", "images")],
    "deconvolution": [("deconvolution", "images")],
    "guided_backpropagation": [("guided", "images")],
    "grad_cam": [("plain", "features")],
    "guided_grad_cam": [("guided", "images"), ("plain", "features")],
}
METHODS = tuple(SIGNALS)

Signals = dict[tuple[str, str], Tensor]


@dataclass(frozen=True)
class Forward:
    """One forward pass: all that the five maps need."""

    images: Tensor  # (N, 3, H, W), a leaf that requires its gradient
    features: Tensor  # (N, K, h, w), the target layer's output
    logits: Tensor  # (N, outputs)


def forward(
    net: nn.Module, target_layer: nn.Module, images: Tensor, precision: str = "float32"
) -> Forward:
    """Run ``net`` on normalised ``images`` (N, 3, H, W) and keep what the maps need.

    ``net`` must be in eval mode, and on the device of the images. ``precision`` is float32, or
    bfloat16 for what autocast computes in it. Raises InputError if the net can't process them, and
    StudyError if the target layer does not yield feature maps exactly once.
    """
    outputs: list[Any] = []

    def keep(layer: nn.Module, inputs: object, output: Any) -> Any:
        outputs.append(output)
        # A copy goes on: an in-place ReLU that follows must not rectify the kept features.
        return output.clone() if isinstance(output, Tensor) else output

    handle = target_layer.register_forward_hook(keep)
    try:
        leaf = images.detach().requires_grad_()
        with torch.enable_grad(), _computing_in(precision, images.device):
            logits = net(leaf)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise  # the caller's: a smaller batch may fit
        height, width = images.shape[2:]
        reason = str(error).splitlines()[0]
        message = f"the net can't process an input of {width} x {height} pixels ({reason})"
        raise InputError(message) from error
    finally:
        handle.remove()
    return Forward(leaf, _feature_maps(outputs), logits)


def saliency_maps(
    run: Forward, targets: Tensor, methods: Sequence[str] = METHODS
) -> dict[str, Tensor]:
    """The map of every method for the logits ``targets`` (N,), int64, one output index an image.

    Returns float32 tensors by method: (N, 3, H, W), or (N, 1, H, W) for Grad-CAM. Raises
    ActivationError if the net is not built on ReLU.
    """
    signals = _signals(run, targets, [signal for method in methods for signal in SIGNALS[method]])
    maps = {}
    for method in methods:
        factors = [_as_map(run, place, signals[rule, place]) for rule, place in SIGNALS[method]]
        maps[method] = factors[0] if len(factors) == 1 else factors[0] * factors[1]
    return maps


def grad_cam(features: Tensor, gradients: Tensor, size: tuple[int, int]) -> Tensor:
    """Grad-CAM (N, 1, H, W) from features and their gradients (N, K, h, w); ``size`` is (H, W)."""
    weights = gradients.float().mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1)
    cam = functional.relu((weights * features.float()).sum(dim=1, keepdim=True))  # (N, 1, h, w)
    return functional.interpolate(cam, size=size, mode="bilinear", align_corners=False)


def _computing_in(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def _signals(run: Forward, targets: Tensor, wanted: list[tuple[str, str]]) -> Signals:
    """Each wanted gradient, by (rule, place): one backward pass a rule."""
    relus = relu_nodes(run.logits)
    score = run.logits.gather(1, targets[:, None]).sum()  # images are independent of each other
    places = {"images": run.images, "features": run.features}
    signals: Signals = {}
    for rule in dict.fromkeys(rule for rule, _ in wanted):
        here = [place for place in places if (rule, place) in wanted]
        with backward_rule(rule, relus):
            gradients = torch.autograd.grad(score, [places[p] for p in here], retain_graph=True)
        signals |= {(rule, place): g for place, g in zip(here, gradients, strict=True)}
    return signals


def _as_map(run: Forward, place: str, signal: Tensor) -> Tensor:
    if place == "images":
        return signal
    height, width = run.images.shape[2:]
    return grad_cam(run.features.detach(), signal, (height, width))


def _feature_maps(outputs: list[Any]) -> Tensor:
    if len(outputs) != 1:
        raise StudyError(f"the target layer ran {len(outputs)} times in one forward pass, not once")
    [features] = outputs
    if not isinstance(features, Tensor) or features.ndim != 4:
        got = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise StudyError(
            f"the target layer yields {got}, not feature maps (N, K, h, w): "
            "choose a convolutional layer"
        )
    return features
