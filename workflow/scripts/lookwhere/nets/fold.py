"""Fold batch norms into the convolutions before them, which saves passes over memory.

In evaluation a batch norm is an affine map of each channel, and can be part of a convolution if it
alone reads the output. The folded net equals the original up to the rounding of float32: it is
kept only if both agree on a random input.
"""

from collections import Counter
from collections.abc import Iterator
from math import inf, isfinite
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lookwhere.nets.graph import graph_nodes

# The largest difference that rounding explains, relative to the largest value of a tensor: 2e-6 in
# 25 nets of torchvision and timm. Wrong folds change 3e-3 and more.
TOLERANCE = 1e-4


def fold(net: nn.Module, target_layer: str | None, shape: tuple[int, ...] = (3, 224, 224)) -> str:
    """Fold the batch norms of ``net`` where possible, in place.

    Parameters
    ----------
    net
        Any net in eval mode, on the CPU.
    target_layer
        The name of the module whose output must not change; None for none.
    shape
        That of an input of the net: (C, H, W).

    Returns
    -------
    str
        Empty, or why no batch norm is folded: the net can't process a random input of ``shape``, or
        the folded net differs. It is then as it was.
    """
    images = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    names = {module: name for name, module in net.named_modules()}
    undo: list[tuple[nn.Module, str, Any]] = []

    def replace(module: nn.Module, name: str, value: Any) -> None:
        undo.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    try:
        pairs, outputs = _trace(net, target_layer, images)
        for convolution, norm in pairs:
            fused = fuse_conv_bn_eval(convolution, norm)
            replace(convolution, "weight", fused.weight)
            replace(convolution, "bias", fused.bias)
            parent, _, name = names[norm].rpartition(".")
            replace(net.get_submodule(parent), name, nn.Identity())
        with torch.no_grad():
            again = _outputs(net, target_layer, images.clone()) if pairs else outputs
        difference = _difference(outputs, again)
        reason = "" if difference <= TOLERANCE else f"the outputs would differ by {difference:.1g}"
    except Exception as error:  # a net of the user's own can raise anything; it is used as it is
        reason = (str(error) or type(error).__name__).splitlines()[0]
    if reason:
        for module, name, value in reversed(undo):
            setattr(module, name, value)
    net.requires_grad_(False)
    return reason


def _trace(
    net: nn.Module, target_layer: str | None, images: Tensor
) -> tuple[list[tuple[nn.Conv2d, nn.BatchNorm2d]], list[Tensor]]:
    """The convolutions whose output a batch norm alone reads, with that batch norm; the outputs.

    Both are of torch's own types, not of derived ones, which may do more, and run once.
    """
    producers, consumers = {}, {}  # modules, by the node of autograd's graph
    calls = Counter[nn.Module]()

    def record_producer(module: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
        calls[module] += 1
        producers[output.grad_fn] = module

    def record_consumer(module: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        calls[module] += 1
        consumers[inputs[0].grad_fn] = module

    handles = []
    for module in net.modules():
        # A weight that is no parameter is computed in every pass.
        if type(module) is nn.Conv2d and isinstance(module.weight, nn.Parameter):
            handles.append(module.register_forward_hook(record_producer))
        elif type(module) is nn.BatchNorm2d and module.running_mean is not None:
            handles.append(module.register_forward_pre_hook(record_consumer))
    try:
        with torch.enable_grad():
            # A clone: a net may change its input in place, but not a leaf.
            outputs = _outputs(net, target_layer, images.requires_grad_().clone())
    finally:
        for handle in handles:
            handle.remove()
    ends = [output.grad_fn for output in outputs if output.grad_fn is not None]
    readers = Counter[Any](ends)  # what the net yields is read from outside
    readers.update(parent for node in graph_nodes(*ends) for parent, _ in node.next_functions)
    pairs = [
        (producers[node], consumers[node])
        for node in producers
        if node is not None and node in consumers and readers[node] == 1
    ]
    once = [(c, norm) for c, norm in pairs if calls[c] == calls[norm] == 1]
    return once, [output.detach() for output in outputs]


def _outputs(net: nn.Module, target_layer: str | None, images: Tensor) -> list[Tensor]:
    """The tensors that the target layer and the net yield."""
    outputs: list[Tensor] = []

    def record(module: nn.Module, inputs: object, output: Any) -> None:
        # A copy: an in-place ReLU that follows would change the values.
        outputs.extend(tensor.clone() for tensor in _tensors(output))

    layer = None if target_layer is None else net.get_submodule(target_layer)
    handle = None if layer is None else layer.register_forward_hook(record)
    try:
        outputs.extend(_tensors(net(images)))
    finally:
        if handle:
            handle.remove()
    return outputs


def _tensors(output: Any) -> Iterator[Tensor]:
    """The tensors of an output: itself, or those of a tuple, a mapping, or its ``logits``."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict | list | tuple):
        for item in output.values() if isinstance(output, dict) else output:
            yield from _tensors(item)
    elif hasattr(output, "logits"):
        yield from _tensors(output.logits)


def _difference(before: list[Tensor], after: list[Tensor]) -> float:
    """The largest difference, relative to the largest value of a tensor; infinite if not finite."""
    if not before or [t.shape for t in before] != [t.shape for t in after]:
        return inf
    differences = [
        float((a - b).abs().max() / b.abs().max().clamp(min=torch.finfo(b.dtype).tiny))
        for a, b in zip(after, before, strict=True)
        if b.numel()
    ]
    return max(differences) if all(map(isfinite, differences)) else inf
