"""The memory of a pass: bytes of the tensors that are alive at the same time."""

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary


class LiveTensors(TorchDispatchMode):
    """Counts the bytes of tensors in its block: those ``alive``, and their ``peak`` so far.

    Counted is every result of an operation on the images or on what follows from them, be it kept
    by a variable or for the backward pass. Tensors that follow from the ``weights`` alone are not:
    their bytes do not depend on the images. Nor are buffers inside an operation.
    """

    def __init__(self, weights: Iterable[Tensor]) -> None:
        super().__init__()
        self.alive = self.peak = 0
        # Whether a storage is counted, which several tensors may share; entries end with it.
        self._counted = WeakIdKeyDictionary({w.untyped_storage(): False for w in weights})

    def __torch_dispatch__(
        self,
        operation: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an operation, and record its results."""
        kwargs = kwargs or {}
        sources = [self._counted.get(storage, True) for storage in _storages([args, kwargs])]
        result = operation(*args, **kwargs)
        for storage in _storages(result):
            if storage not in self._counted:
                self._counted[storage] = any(sources) or not sources
                if self._counted[storage]:
                    self._count(storage)
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        size = storage.nbytes()
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._freed, size)

    def _freed(self, size: int) -> None:
        self.alive -= size


def _storages(values: object) -> list[torch.UntypedStorage]:
    return [
        leaf.untyped_storage()
        for leaf in tree_leaves(values)
        if isinstance(leaf, Tensor) and leaf.layout == torch.strided
    ]
