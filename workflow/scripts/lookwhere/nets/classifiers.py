"""Nets: torchvision classifiers with the weights of the study, ready to be explained."""

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights

from lookwhere.errors import StudyError, hint

RANDOM = "random"

# Heads that serve training alone: left out of the net, and of the weights.
AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}


def load(architecture: str, weights: str, seed: int = 0) -> nn.Module:
    """The net in eval mode with frozen parameters, float32 on the CPU.

    ``weights`` is the path of a state dict (any floating dtype), or ``random`` for torchvision's
    own initialisation, drawn from ``seed``. Raises StudyError if the weights do not fit.
    """
    if weights == RANDOM:
        torch.manual_seed(seed)
        return _build(architecture).eval().requires_grad_(False)
    state = read_state_dict(Path(weights))
    auxiliary = AUXILIARY.get(architecture, ())
    state = {
        _present_name(key): value for key, value in state.items() if not key.startswith(auxiliary)
    }
    net = _build(architecture, _outputs(state))
    _require_fit(net, state, f"weights {weights!r} do not fit the architecture {architecture!r}")
    # Not load_state_dict: MNASNet refuses there a state dict without torch's hidden version.
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            tensor.copy_(state.get(name, tensor))
    return net.eval().requires_grad_(False)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict; code in the file is never run.

    Raises StudyError if the file is missing, damaged, not a plain state dict, or not finite.
    """
    way_out = "save the weights with torch.save(net.state_dict(), path)"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StudyError(f"weights {str(path)!r} do not exist") from None
    except pickle.UnpicklingError:
        message = f"weights {str(path)!r} hold more than tensors, which is not loaded: {way_out}"
        raise StudyError(message) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise StudyError(f"weights {str(path)!r} can't be read ({reason}): {way_out}") from None
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()
    ):
        raise StudyError(f"weights {str(path)!r} are not a plain state dict: {way_out}")
    for name, tensor in state.items():
        try:
            finite = bool(torch.isfinite(tensor).all())
        except (RuntimeError, TypeError):  # sparse, quantized, or without values
            kind = f"{tensor.layout}, {tensor.dtype}, on {tensor.device}"
            raise StudyError(
                f"weights {str(path)!r} hold {name!r} as a tensor of another kind ({kind}): save "
                "dense tensors of floats"
            ) from None
        if not finite:
            raise StudyError(f"weights {str(path)!r} hold values that are not finite in {name!r}")
    return state


def layer(net: nn.Module, name: str) -> nn.Module:
    """The module of ``net`` called ``name``. Raises StudyError, with the nearest name."""
    modules = {key: module for key, module in net.named_modules() if key}
    if name not in modules:
        raise StudyError(f"target layer {name!r} does not exist; {hint(name, modules)}")
    return modules[name]


def download_address(architecture: str, weights: str) -> str:
    """Where torchvision keeps its ``weights``; the file's name ends in the start of its SHA-256."""
    known = {entry.name: entry for entry in get_model_weights(architecture)}
    if weights not in known:
        message = f"torchvision has no weights {weights!r} for {architecture!r}"
        raise StudyError(f"{message}; {hint(weights, known)}")
    return known[weights].url


def _build(architecture: str, outputs: int = 1000) -> nn.Module:
    extra: dict[str, Any] = {}
    if architecture in AUXILIARY:  # their ImageNet weights expect inputs in [-1, 1], made inside
        extra = {"aux_logits": False, "init_weights": True, "transform_input": True}
    return get_model(architecture, weights=None, num_classes=outputs, **extra)


def _outputs(state: dict[str, Tensor]) -> int:
    """How many outputs the weights have: torchvision's classifiers end with that layer's bias."""
    last = list(state.values())[-1] if state else torch.empty(0)
    return len(last) if last.ndim == 1 and len(last) else 1000


def _present_name(name: str) -> str:
    """torchvision's DenseNet files still call ``norm1`` by its name of 2017, ``norm.1``."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", name)


def _require_fit(net: nn.Module, state: dict[str, Tensor], complaint: str) -> None:
    wanted = net.state_dict()
    counter = "num_batches_tracked"  # older files lack it, and only training reads it
    reasons = {
        "missing": [name for name in wanted if name not in state and not name.endswith(counter)],
        "unexpected": [name for name in state if name not in wanted],
        "of another shape": [
            name for name in wanted if name in state and state[name].shape != wanted[name].shape
        ],
    }
    told = [
        f"{len(names)} {why} ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"
        for why, names in reasons.items()
        if names
    ]
    if told:
        raise StudyError(f"{complaint}: {'; '.join(told)}")
