"""Fold batch norms into the convolutions before them, which saves passes over memory.

In evaluation a batch norm is an affine map of each channel, and can be part of a convolution if it
alone reads the output. The folded net equals the original up to the rounding of float32.
"""

from collections import Counter

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lookwhere.nets.graph import graph_nodes


def fold(net: nn.Module, target_layer: str | None) -> None:
    """Fold the batch norms of ``net`` (in eval mode) where possible, in place.

    The output of the module ``target_layer``, if any, does not change. Modules that run several
    times in one forward pass are not supported: torchvision's classifiers have none.
    """
    names = {module: name for name, module in net.named_modules()}
    for convolution, norm in _pairs(net):
        if names[convolution] != target_layer:
            fused = fuse_conv_bn_eval(convolution, norm)
            convolution.weight, convolution.bias = fused.weight, fused.bias
            parent, _, name = names[norm].rpartition(".")
            setattr(net.get_submodule(parent), name, nn.Identity())
    net.requires_grad_(False)


def _pairs(net: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """The convolutions whose output a batch norm alone reads, with that batch norm."""
    producers, consumers = {}, {}  # modules, by the node of autograd's graph

    def record_producer(module: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
        producers[output.grad_fn] = module

    def record_consumer(module: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        consumers[inputs[0].grad_fn] = module

    handles = []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            handles.append(module.register_forward_hook(record_producer))
        elif isinstance(module, nn.BatchNorm2d):
            handles.append(module.register_forward_pre_hook(record_consumer))
    try:
        with torch.enable_grad():
            output = net(torch.zeros(1, 3, 224, 224, requires_grad=True))
    finally:
        for handle in handles:
            handle.remove()
    readers = Counter(
        parent for node in graph_nodes(output.grad_fn) for parent, _ in node.next_functions
    )
    return [
        (producers[node], consumers[node])
        for node in producers
        if node in consumers and readers[node] == 1
    ]
