"""The part that biases have in a logit, read in the backward pass of the gradient.

A net built on ReLU is locally linear: a logit is the input times its gradient, plus each bias times
its own gradient (Srinivas and Fleuret 2019, eq. 3). A bias of a convolution or batch norm counts
at every place of the layer's output, and so has a map. Such maps of all layers would exceed the
memory: each layer's are rescaled and added up when the backward pass meets the layer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.nn import functional


@dataclass(frozen=True)
class BiasedOutput:
    """An output of a layer with biases in a forward pass."""

    node: Node  # of autograd's graph
    layer: nn.Module

    def biases(self) -> Tensor:
        """The biases (K,) that the layer adds to its output; of a batch norm, its constant part."""
        layer: Any = self.layer
        if not isinstance(self.layer, nn.BatchNorm2d):
            return layer.bias
        statistics = layer.running_mean, layer.running_var, layer.weight, layer.bias
        zero = torch.zeros_like(layer.running_mean)[None]
        return functional.batch_norm(zero, *statistics, eps=layer.eps)[0]


def has_biases(layer: nn.Module) -> bool:
    """Whether a layer adds biases to maps (N, K, h, w).

    Subclasses of batch norms, whose output may be that of an activation, are left out.
    """
    if type(layer) is nn.BatchNorm2d:
        return layer.running_mean is not None
    return isinstance(layer, nn.Conv2d) and layer.bias is not None


@contextmanager
def recording(net: nn.Module) -> Iterator[list[BiasedOutput]]:
    """Record the outputs of all layers with biases in the forward passes inside the block."""
    outputs: list[BiasedOutput] = []

    def record(layer: nn.Module, inputs: object, output: Tensor) -> None:
        if output.grad_fn is not None:  # it depends on the images
            outputs.append(BiasedOutput(output.grad_fn, layer))

    handles = [m.register_forward_hook(record) for m in net.modules() if has_biases(m)]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def adding_up(outputs: Sequence[BiasedOutput]) -> Iterator[dict[torch.Size, Tensor]]:
    """In backward passes inside the block, add up the maps (N, 1, h, w) of the layers' biases.

    Yields the sums, by size: of each size there is one to resize.
    """
    sums: dict[torch.Size, Tensor] = {}

    def reader(output: BiasedOutput) -> Callable[[Sequence[Tensor | None]], None]:
        def read(gradients: Sequence[Tensor | None]) -> None:
            if gradients[0] is not None:
                products = gradients[0].float() * output.biases()[:, None, None]
                maps = rescaled(products.abs())
                sums[maps.shape] = sums[maps.shape] + maps if maps.shape in sums else maps

        return read

    handles = [output.node.register_prehook(reader(output)) for output in outputs]
    try:
        yield sums
    finally:
        for handle in handles:
            handle.remove()


def rescaled(values: Tensor) -> Tensor:
    """The ``values`` (N, K, h, w) of each image, moved to [0, 1] and added up: (N, 1, h, w).

    The least becomes 0 and the largest 1. If all are equal, all become 0.
    """
    least, most = values.amin((1, 2, 3), keepdim=True), values.amax((1, 2, 3), keepdim=True)
    sums = values.sum(1, keepdim=True) - values.shape[1] * least
    return (sums / (most - least)).masked_fill(most == least, 0)
