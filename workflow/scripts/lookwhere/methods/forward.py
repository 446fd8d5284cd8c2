"""One forward pass of a net, which keeps autograd's graph and the features of the target layer."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge

from lookwhere.errors import InputError, StudyError, is_out_of_memory
from lookwhere.methods import biases
from lookwhere.methods.biases import BiasedOutput
from lookwhere.nets.graph import graph_nodes
from lookwhere.nets.layers import LayerError, as_feature_maps, logits_of


@dataclass(frozen=True)
class Forward:
    """One forward pass of a net, and what another pass of it needs."""

    images: Tensor  # (N, 3, H, W), a leaf that requires its gradient
    features: Tensor | None  # the target layer's output; None without such a layer
    logits: Tensor  # (N, outputs)
    biased: Sequence[BiasedOutput]  # outputs of layers with biases
    net: nn.Module
    target_layer: nn.Module | None
    precision: str


def forward(
    net: nn.Module, target_layer: nn.Module | None, images: Tensor, precision: str = "float32"
) -> Forward:
    """Run ``net`` on normalised ``images`` (N, 3, H, W); keeps the graph and the features.

    ``net`` must be in eval mode, and on the device of the images. Without a ``target_layer`` there
    are no features. ``precision`` is float32, or bfloat16 for autocast. Raises
    InputError if the net can't process them, and StudyError if the target layer does not yield
    feature maps exactly once.
    """
    outputs: list[Any] = []

    def record(layer: nn.Module, inputs: object, output: Any) -> Any:
        outputs.append(output)
        # Return a copy: an in-place ReLU that follows must not rectify these features.
        return output.clone() if isinstance(output, Tensor) else output

    handle = None if target_layer is None else target_layer.register_forward_hook(record)
    try:
        leaf = images.detach().requires_grad_()
        with torch.enable_grad(), computing_in(precision, images.device):
            try:
                with biases.recording(net) as biased:
                    logits = logits_of(net(leaf), len(leaf))
            except RuntimeError as error:
                if "leaf Variable" not in str(error):
                    raise
                outputs.clear()
                with biases.recording(net) as biased:  # a copy: it changes its input in place
                    logits = logits_of(net(leaf.clone()), len(leaf))
    except StudyError:
        raise
    except Exception as error:  # of the net's own code
        if is_out_of_memory(error):
            raise  # for the caller: a smaller batch may fit
        height, width = images.shape[2:]
        reason = (str(error) or type(error).__name__).splitlines()[0]
        message = f"the net can't process an input of {width} x {height} pixels ({reason})"
        raise InputError(message + _way_out(error)) from error
    finally:
        if handle:
            handle.remove()
    if not _depends_on(logits, leaf):
        raise StudyError(
            "the net has no gradient from its logits to the image, as under torch.no_grad, after "
            "detach, in NumPy, or where it is quantised: leave this out of its forward"
        )
    features = None if target_layer is None else _features(outputs, logits, *images.shape[2:])
    return Forward(leaf, features, logits, biased, net, target_layer, precision)


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """The context of a forward pass: float32, or autocast."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def _depends_on(logits: Tensor, leaf: Tensor) -> bool:
    """Whether autograd's graph of the ``logits`` reaches the ``leaf``."""
    root = logits.grad_fn
    return root is not None and get_gradient_edge(leaf).node in set(graph_nodes(root))


def _way_out(error: Exception) -> str:
    """What to change in a net that raised an error, where this is known."""
    if isinstance(error, TypeError):
        return "; it is called as net(images): write a function that wraps it so"
    if "should be the same" in str(error) and " type" in str(error):
        return "; nets run in float32: convert no dtypes in its forward"
    return ""


def _features(outputs: list[Any], logits: Tensor, height: int, width: int) -> Tensor:
    """The target layer's one output, which holds feature maps and reaches the logits."""
    if len(outputs) != 1:
        raise LayerError(f"the target layer ran {len(outputs)} times in one forward pass, not once")
    [features] = outputs
    as_feature_maps(features, height, width)
    if logits.grad_fn is None or features.grad_fn not in set(graph_nodes(logits.grad_fn)):
        raise LayerError("the target layer does not reach the logits: choose another")
    return features
