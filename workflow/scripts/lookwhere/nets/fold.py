"""Batch norms folded into the convolutions before them: the same net with fewer passes over memory.

In evaluation a batch norm is an affine map of each channel, and can be a part of the convolution
whose output it alone reads. The folded net equals the given one up to the rounding of float32.
"""

from collections import Counter

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lookwhere.nets.graph import graph_nodes


def fold(net: nn.Module, target_layer: str | None) -> None:
    """Fold, in place, every batch norm of ``net`` (in eval mode) that can be.

    The output of the module called ``target_layer``, if there is one, stays what it is. A module
    that runs several times in one forward pass is not looked for: torchvision's classifiers have
    none.
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
    """The convolutions whose output a batch norm reads, and nothing else, with that batch norm."""
    made, read = {}, {}  # modules, by the node of autograd's graph

    def keep_maker(module: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
        made[output.grad_fn] = module

    def keep_reader(module: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        read[inputs[0].grad_fn] = module

    handles = []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            handles.append(module.register_forward_hook(keep_maker))
        elif isinstance(module, nn.BatchNorm2d):
            handles.append(module.register_forward_pre_hook(keep_reader))
    try:
        with torch.enable_grad():
            output = net(torch.zeros(1, 3, 224, 224, requires_grad=True))
    finally:
        for handle in handles:
            handle.remove()
    readers = Counter(
        parent for node in graph_nodes(output.grad_fn) for parent, _ in node.next_functions
    )
    return [(made[node], read[node]) for node in made if node in read and readers[node] == 1]
