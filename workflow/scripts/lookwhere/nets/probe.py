"""Try a net of anyone's: whether its logits are a function of each image alone, and which they are.

The maps of a net that draws random numbers, or mixes the images of a batch, would be none of an
image.
"""

from typing import Any

import torch
from torch import Tensor, nn

from lookwhere.errors import StudyError
from lookwhere.nets.layers import logits_of, source_of

# The largest differences of the logits of an image, relative to the largest: in a second pass, and
# in another batch, where rounding explains 1e-4 in float32, and 1e-2 if a net uses bfloat16.
SAME, ROUNDING = 1e-4, 0.02

# Autograd's names of last steps that make probabilities of logits, and those that may follow.
PROBABILITIES = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
SHAPES = ("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Clone", "ToCopy")


def probe(net: nn.Module, shape: tuple[int, ...]) -> str:
    """Try a net in eval mode on random images (C, H, W).

    Returns which of several outputs are its logits, in words; empty if there is no choice. Raises
    StudyError if the same image has other logits in a second pass, or in another batch. A net that
    processes only one image at a time may do so.
    """
    images = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    outputs = _run(net, images[:1])
    alone = logits_of(outputs, 1)
    if _difference(alone, logits_of(_run(net, images[:1]), 1)) > SAME:
        raise StudyError(
            "the same image has other logits in a second pass: leave out what is random in "
            "evaluation, such as functional.dropout without training=self.training"
        )
    try:
        beside = logits_of(_run(net, images), 2)[:1]
    except Exception:  # the net may take one image at a time
        beside = alone
    if _difference(alone, beside) > ROUNDING:
        raise StudyError(
            "the logits of an image depend on the other images of its batch: give its batch norms "
            "running statistics, or compute each image alone"
        )
    return source_of(outputs)


def ending(logits: Tensor) -> str:
    """The function that makes probabilities of the logits at the end of a net; empty if none."""
    node = logits.grad_fn
    while node is not None and _stem(node.name()) in SHAPES:
        node = node.next_functions[0][0]
    return PROBABILITIES.get(_stem(node.name()), "") if node is not None else ""


def _stem(name: str) -> str:
    """``Softmax`` of ``SoftmaxBackward0``."""
    return name.split("Backward")[0]


def _run(net: nn.Module, images: Tensor) -> Any:
    """What a net returns for a copy of the images, which it may change."""
    with torch.no_grad():
        return net(images.clone())


def _difference(one: Tensor, other: Tensor) -> float:
    """Relative to the largest value; 0 where values are not finite, which records state."""
    if not (one.isfinite().all() and other.isfinite().all()):
        return 0.0
    return float((one - other).abs().max() / one.abs().max().clamp(min=1e-30))
