"""The cascade: a net whose layers are randomised from its output downwards (Adebayo et al. 2018).

A randomised layer has the values of an untrained twin: the same architecture, built with other
random numbers, as a net of ``weights: random`` is. So the last stage of a cascade is such a net,
with the initialisation that its architecture states and the statistics of batch norms that were
never updated; and the values of a layer do not depend on the number of stages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lookwhere.errors import StudyError
from lookwhere.nets import classifiers


@dataclass(frozen=True)
class Stage:
    """A stage of a cascade: the layers that are random in it."""

    number: int  # 0 is the net as it is
    layers: tuple[str, ...]  # names, from the output downwards
    share_of_layers: float
    share_of_parameters: float  # both of all layers that run


def stages(net: nn.Module, shape: tuple[int, ...], count: int) -> list[Stage]:
    """The stages of a net: none, then further parts of about equal numbers of layers, then all.

    Parameters
    ----------
    net
        A net in eval mode, on the CPU.
    shape
        That of an input: (C, H, W).
    count
        The number of parts; a net of fewer layers has as many parts as layers.

    Raises
    ------
    StudyError
        If no layer of the net has parameters.
    """
    layers = from_the_top(net, shape)
    if not layers:
        raise StudyError("the net has no parameters that it reads: leave out the cascade")
    sizes = [sum(p.numel() for p in _layer(net, name).parameters(recurse=False)) for name in layers]
    parts = min(count, len(layers))
    ends = [round(part * len(layers) / parts) for part in range(parts + 1)]
    return [
        Stage(number, tuple(layers[:end]), end / len(layers), sum(sizes[:end]) / max(sum(sizes), 1))
        for number, end in enumerate(ends)
    ]


def from_the_top(net: nn.Module, shape: tuple[int, ...]) -> list[str]:
    """The names of the layers that a forward pass reads, the last one first.

    A layer is a module with parameters, or running statistics, of its own. It is read where an
    operation takes one of its tensors: also if another module does so, as attention reads its
    output projection without calling it. Of a layer that is read several times, the last counts.
    """
    reads = _Reads(
        {
            tensor.untyped_storage().data_ptr(): name
            for name, layer in net.named_modules()
            if _is_layer(layer)
            for tensor in tensors(layer).values()
        }
    )
    images = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    # With a gradient, as maps are computed: without, torch fuses the layers of transformers. A
    # clone: a net may change its input in place, but not a leaf.
    with torch.enable_grad(), reads:
        net(images.requires_grad_().clone())
    return sorted(reads.last, key=lambda name: -reads.last[name])


def twin(spec: Mapping[str, Any], seed: int) -> nn.Module:
    """The untrained twin of the net of ``spec``, a spec of ``classifiers.load_spec``."""
    return classifiers.load_spec({**spec, "weights": classifiers.RANDOM}, seed).module


def randomised(net: nn.Module, untrained: nn.Module, layers: Sequence[str], seed: int) -> nn.Module:
    """A copy of ``net`` whose ``layers`` have the values of its ``untrained`` twin.

    Where the twin has none (a head of another number of outputs), or those of the net itself (its
    function always gives it trained weights), ``seed`` and the name of the layer draw them: with
    the layer's own ``reset_parameters``, else as a permutation of the trained values.
    """
    copy = deepcopy(net)
    for name in layers:
        own, other = tensors(_layer(copy, name)), tensors(_layer(untrained, name))
        if not _serves(other, own):
            other = _drawn(_layer(net, name), crc32(f"{seed} {name}".encode()))
        with torch.no_grad():
            for key, tensor in own.items():
                tensor.copy_(other[key])
    return copy


def tensors(layer: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers of a layer itself that hold floats, by name."""
    held = [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]
    return {name: tensor for name, tensor in held if tensor.is_floating_point()}


def _is_layer(module: nn.Module) -> bool:
    has_parameters = next(module.parameters(recurse=False), None) is not None
    return has_parameters or getattr(module, "running_mean", None) is not None


def _layer(net: nn.Module, name: str) -> nn.Module:
    return net.get_submodule(name)


def _serves(other: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> bool:
    """Whether a twin's tensors fit a layer's ``own``, and are not the same."""
    fits = {name: t.shape for name, t in other.items()} == {n: t.shape for n, t in own.items()}
    return fits and not all(torch.equal(own[name], tensor) for name, tensor in other.items())


def _drawn(layer: nn.Module, seed: int) -> dict[str, Tensor]:
    """Random values for the tensors of a layer."""
    layer = deepcopy(layer)
    reset: Callable[[], None] | None = getattr(layer, "reset_parameters", None)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        if callable(reset):
            reset()
            return tensors(layer)
        return {
            name: tensor.flatten()[torch.randperm(tensor.numel())].view(tensor.shape)
            for name, tensor in tensors(layer).items()
        }


class _Reads(TorchDispatchMode):
    """Records when the operations in its block read a layer ``last``, by its name."""

    def __init__(self, layers: Mapping[int, str]) -> None:
        """``layers`` are names by the address of a storage."""
        super().__init__()
        self.last: dict[str, int] = {}
        self._layers = layers
        self._count = 0

    def __torch_dispatch__(
        self,
        operation: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an operation, and record the layers that it reads."""
        for name in self._names([args, kwargs]):
            self._count += 1
            self.last[name] = self._count
        return operation(*args, **(kwargs or {}))

    def _names(self, values: object) -> Iterator[str]:
        for leaf in tree_leaves(values):
            if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
                name = self._layers.get(leaf.untyped_storage().data_ptr())
                if name is not None:
                    yield name
