"""Nets: classifiers with the weights of the study, ready to be explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.models import get_model_weights

from lookwhere.errors import StudyError, hint
from lookwhere.nets import architectures
from lookwhere.nets import weights as files
from lookwhere.nets.inputs import Input

RANDOM = "random"

# Auxiliary heads for training, removed from the net and from the weights.
AUXILIARY = {"googlenet": ("aux1", "aux2"), "inception_v3": ("AuxLogits",)}


# What their weights do not state: torchvision's own are of nets that transform their input.
TRANSFORM = (
    "took transform_input: true, as torchvision's weights need; a net trained without it needs "
    "arguments: {transform_input: false}"
)


@dataclass(frozen=True)
class Classifier:
    """A net, and how it is fed."""

    module: nn.Module  # in eval mode, its parameters frozen, float32 on the CPU
    input: Input
    changes: list[str]  # of the weights of its file, a phrase each


def load(architecture: str, weights: str, seed: int = 0) -> nn.Module:
    """The module of ``load_spec`` for an architecture and its weights."""
    return load_spec({"architecture": architecture, "weights": weights}, seed).module


def load_spec(spec: Mapping[str, Any], seed: int = 0) -> Classifier:
    """Load the net of ``spec``.

    Parameters
    ----------
    spec
        The architecture (see ``architectures``), and its weights: the path of a file (see
        ``weights.load``), ``random`` for an initialisation drawn from ``seed``, or empty for those
        that the function of an architecture of the user's own gives it. It may hold arguments,
        weights_key and input.

    Raises
    ------
    StudyError
        If the net can't be built, or the weights do not fit.
    """
    architecture, weights, changes = spec["architecture"], spec["weights"], list[str]()
    torch.manual_seed(seed)
    net = architectures.build(architecture, spec.get("arguments", {}))
    if weights not in ("", RANDOM):
        key, auxiliary = spec.get("weights_key", ""), AUXILIARY.get(architecture, ())
        title = f"the architecture {architecture!r}"
        changes = files.load(net, Path(weights), key, auxiliary, title)
        if architecture in AUXILIARY and "transform_input" not in spec.get("arguments", {}):
            changes.append(TRANSFORM)
    settings = {**_own_input(net), **spec.get("input", {})}
    _make_ready(net)
    return Classifier(net, Input.of(settings), changes)


def to_channels_last(net: nn.Module) -> None:
    """Order the weights of 2-D convolutions as those run fastest, in place."""
    for tensor in (*net.parameters(), *net.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)


def _make_ready(net: nn.Module) -> None:
    """Put a net into eval mode, as float32 on the CPU, its parameters frozen."""
    try:
        net.float()
        if not any(tensor.is_meta for tensor in net.parameters()):
            net.cpu()
        net.eval()  # in a line of its own: one of the user's may return nothing
        net.requires_grad_(False)
        for module in net.modules():  # or do nothing
            module.training = False
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise StudyError(f"the net can't be put into eval mode, as float32 ({reason})") from error


def _own_input(net: nn.Module) -> dict[str, Any]:
    """The input that a net states (timm's do), and grey where it has one channel."""
    stated = getattr(net, "pretrained_cfg", None)
    stated = stated if isinstance(stated, dict) else {}
    convolutions = (m for m in net.modules() if isinstance(m, nn.Conv1d | nn.Conv2d))
    first = next(convolutions, None)
    if first is not None and first.in_channels == 1:
        return {"channels": "grey"}
    return {key: stated[key] for key in ("mean", "std") if len(stated.get(key, ())) == 3}


def download_address(architecture: str, weights: str) -> str:
    """The URL of torchvision's ``weights``; the file name ends in the start of its SHA-256."""
    entries = {entry.name: entry for entry in get_model_weights(architecture)}
    if weights not in entries:
        message = f"torchvision has no weights {weights!r} for {architecture!r}"
        raise StudyError(f"{message}; {hint(weights, entries)}")
    return entries[weights].url
