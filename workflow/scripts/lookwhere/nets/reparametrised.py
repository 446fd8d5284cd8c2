"""Weights that their module computes from others: pruned, weight-normalised, spectral-normalised.

Their state dict holds the parts, of which the weight in evaluation is computed here, once. The
parts are named as torch.nn.utils names them, before and since its parametrizations.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor

from lookwhere.nets.tensors import as_float32


def _masked(original: Tensor, mask: Tensor) -> Tensor:
    return original * mask


def _weight_normalised(magnitude: Tensor, direction: Tensor) -> Tensor:
    """g v / |v|, the norm over the dimensions in which g has one element."""
    reduced = [n for n in range(direction.ndim) if magnitude.ndim <= n or magnitude.shape[n] == 1]
    return magnitude * direction / torch.linalg.vector_norm(direction, dim=reduced, keepdim=True)


def _spectral_normalised(original: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """W / (u^T W v), with W (K, all other dimensions)."""
    return original / torch.dot(left, original.flatten(1) @ right)


def _part(name: str, tensor: Tensor) -> Tensor:
    """A part as float32; a mask may be of bits."""
    is_mask = tensor.dtype in (torch.bool, torch.uint8)
    return tensor.float() if is_mask else as_float32(name, tensor)[0]


# What was done, the names of the parts ({} is the weight's), and the weight that they make.
FORMS: tuple[tuple[str, tuple[str, ...], Callable[..., Tensor]], ...] = (
    ("multiplied {} pruned weights by their masks", ("{}_orig", "{}_mask"), _masked),
    ("computed {} weights of weight_norm", ("{}_g", "{}_v"), _weight_normalised),
    (
        "computed {} weights of weight_norm",
        ("parametrizations.{}.original0", "parametrizations.{}.original1"),
        _weight_normalised,
    ),
    (
        "computed {} weights of spectral_norm",
        ("{}_orig", "{}_u", "{}_v"),
        _spectral_normalised,
    ),
    (
        "computed {} weights of spectral_norm",
        ("parametrizations.{}.original", "parametrizations.{}.0._u", "parametrizations.{}.0._v"),
        _spectral_normalised,
    ),
)


def computed(
    tensors: Mapping[str, Tensor], expected: Collection[str]
) -> tuple[dict[str, Tensor], list[str]]:
    """The ``tensors`` with weights in place of their parts, and what was done.

    Parts that the net computes with itself, whose names are among the ``expected``, stay.
    """
    weights, done = dict(tensors), Counter[str]()
    for change, parts, compute in FORMS:
        pattern = re.escape(parts[0]).replace(r"\{\}", r"(\w+)")
        for name in tensors:
            match = re.fullmatch(rf"(.*\.|){pattern}", name)
            if not match:
                continue
            module, weight = match.groups()
            names = [module + part.format(weight) for part in parts]
            own = name.removeprefix(module)
            if all(n in weights for n in names) and not any(e.endswith(own) for e in expected):
                values = [_part(n, weights.pop(n)) for n in names]
                weights[module + weight] = compute(*values)
                done[change] += 1
    return weights, [change.format(count) for change, count in done.items()]
