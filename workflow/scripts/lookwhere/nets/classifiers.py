"""Nets: torchvision classifiers with the weights of the study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.models import get_model, get_model_weights

from lookwhere.errors import StudyError, hint
from lookwhere.nets import weights as files

RANDOM = "random"

# Auxiliary heads for training, removed from the net and from the weights.
AUXILIARY = {"googlenet": ("aux1", "aux2"), "inception_v3": ("AuxLogits",)}


def load(architecture: str, weights: str, seed: int = 0) -> nn.Module:
    """Load a net in eval mode with frozen parameters, float32 on the CPU.

    ``weights`` is the path of a file (see ``weights.load``), or ``random`` for torchvision's
    initialisation, drawn from ``seed``. Raises StudyError if the weights do not fit.
    """
    net, _ = load_spec({"architecture": architecture, "weights": weights}, seed)
    return net


def load_spec(spec: Mapping[str, Any], seed: int = 0) -> tuple[nn.Module, list[str]]:
    """The net of ``spec``, and what was changed of its weights, a phrase each.

    ``spec`` holds architecture and weights, and may hold the weights_key. See ``load``.
    """
    architecture, weights, changes = spec["architecture"], spec["weights"], list[str]()
    if weights == RANDOM:
        torch.manual_seed(seed)
    net = _build(architecture)
    if weights != RANDOM:
        key, auxiliary = spec.get("weights_key", ""), AUXILIARY.get(architecture, ())
        title = f"the architecture {architecture!r}"
        changes = files.load(net, Path(weights), key, auxiliary, title)
    return net.eval().requires_grad_(False), changes


def layer(net: nn.Module, name: str) -> nn.Module:
    """The module of ``net`` called ``name``. Raises StudyError, with the nearest name."""
    modules = {key: module for key, module in net.named_modules() if key}
    if name not in modules:
        raise StudyError(f"target layer {name!r} does not exist; {hint(name, modules)}")
    return modules[name]


def download_address(architecture: str, weights: str) -> str:
    """The URL of torchvision's ``weights``; the file name ends in the start of its SHA-256."""
    entries = {entry.name: entry for entry in get_model_weights(architecture)}
    if weights not in entries:
        message = f"torchvision has no weights {weights!r} for {architecture!r}"
        raise StudyError(f"{message}; {hint(weights, entries)}")
    return entries[weights].url


def _build(architecture: str) -> nn.Module:
    extra: dict[str, Any] = {}
    if architecture in AUXILIARY:  # their ImageNet weights expect inputs in [-1, 1]
        extra = {"aux_logits": False, "init_weights": True, "transform_input": True}
    return get_model(architecture, weights=None, **extra)
