"""Nets: classifiers with the weights of the study, ready to be explained."""

import dataclasses
from collections.abc import Mapping, Sequence
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
from lookwhere.nets.names import is_own, is_timms

RANDOM = "random"

# Auxiliary heads for training, removed from the net and from the weights.
AUXILIARY = {"googlenet": ("aux1", "aux2"), "inception_v3": ("AuxLogits",)}


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
    grey = {"channels": "grey"} if input_channels(net) == 1 else {}
    expected = Input.of({**grey, **spec.get("input", {})}, **_normalisation(net, architecture))
    _make_ready(net)
    return Classifier(net, expected, changes)


def to_channels_last(net: nn.Module) -> None:
    """Order the weights of 2-D convolutions as those run fastest, in place."""
    for tensor in (*net.parameters(), *net.buffers()):
        if tensor.ndim == 4:
            # Not contiguous(), which leaves kernels of 1 x 1, whose order is both, as they are.
            tensor.data = tensor.data.to(memory_format=torch.channels_last)


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


def input_channels(net: nn.Module) -> int | None:
    """The channels of the first convolution; None without one."""
    convolutions = (m for m in net.modules() if isinstance(m, nn.Conv1d | nn.Conv2d))
    first = next(convolutions, None)
    return None if first is None else first.in_channels


def _normalisation(net: nn.Module, architecture: str) -> dict[str, Sequence[float]]:
    """The mean and std that timm or torchvision state for the weights of a net, if any."""
    stated = getattr(net, "pretrained_cfg", None)
    if dataclasses.is_dataclass(stated) and not isinstance(stated, type):
        stated = dataclasses.asdict(stated)
    if not isinstance(stated, dict):
        stated = {}
    if not is_own(architecture) and not is_timms(architecture):
        stated = vars(get_model_weights(architecture).DEFAULT.transforms())
    return {key: stated[key] for key in ("mean", "std") if len(stated.get(key) or ()) == 3}


def download_address(architecture: str, weights: str) -> str:
    """The URL of torchvision's ``weights``; the file name ends in the start of its SHA-256."""
    entries = {entry.name: entry for entry in get_model_weights(architecture)}
    if weights not in entries:
        message = f"torchvision has no weights {weights!r} for {architecture!r}"
        raise StudyError(f"{message}; {hint(weights, entries)}")
    return entries[weights].url
