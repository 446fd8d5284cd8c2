"""Nets: torchvision classifiers with the weights of the study."""

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights

from lookwhere.errors import StudyError, hint

RANDOM = "random"

# Auxiliary heads for training, removed from the net and from the weights.
AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}


def load(architecture: str, weights: str, seed: int = 0) -> nn.Module:
    """Load a net in eval mode with frozen parameters, float32 on the CPU.

    ``weights`` is the path of a state dict (any floating dtype), or ``random`` for torchvision's
    initialisation, drawn from ``seed``. Raises StudyError if the weights do not fit.
    """
    if weights == RANDOM:
        torch.manual_seed(seed)
        return _build(architecture).eval().requires_grad_(False)
    state = read_state_dict(Path(weights))
    auxiliary = AUXILIARY.get(architecture, ())
    state = {
        _current_name(key): value for key, value in state.items() if not key.startswith(auxiliary)
    }
    net = _build(architecture, _outputs(state))
    _require_fit(net, state, f"weights {weights!r} do not fit the architecture {architecture!r}")
    # Not load_state_dict: MNASNet's refuses a state dict without torch's metadata of versions.
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            tensor.copy_(state.get(name, tensor))
    return net.eval().requires_grad_(False)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a state dict; code in the file is never run.

    Raises StudyError if the file is missing, damaged, not a plain state dict, or not finite.
    """
    way_out = "save the weights with torch.save(net.state_dict(), path)"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StudyError(f"weights {str(path)!r} do not exist") from None
    except pickle.UnpicklingError:
        message = f"weights {str(path)!r} hold more than tensors and are not loaded: {way_out}"
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
    """The URL of torchvision's ``weights``; the file name ends in the start of its SHA-256."""
    entries = {entry.name: entry for entry in get_model_weights(architecture)}
    if weights not in entries:
        message = f"torchvision has no weights {weights!r} for {architecture!r}"
        raise StudyError(f"{message}; {hint(weights, entries)}")
    return entries[weights].url


def _build(architecture: str, outputs: int = 1000) -> nn.Module:
    extra: dict[str, Any] = {}
    if architecture in AUXILIARY:  # their ImageNet weights expect inputs in [-1, 1]
        extra = {"aux_logits": False, "init_weights": True, "transform_input": True}
    return get_model(architecture, weights=None, num_classes=outputs, **extra)


def _outputs(state: dict[str, Tensor]) -> int:
    """The number of outputs of the weights, from the bias of the last layer."""
    last = list(state.values())[-1] if state else torch.empty(0)
    return len(last) if last.ndim == 1 and len(last) else 1000


def _current_name(name: str) -> str:
    """The current name of a parameter: DenseNet files call ``norm1`` ``norm.1``, as in 2017."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", name)


def _require_fit(net: nn.Module, state: dict[str, Tensor], message: str) -> None:
    expected = net.state_dict()
    counter = "num_batches_tracked"  # missing in older files, read by training alone
    parameters = {
        "missing": [name for name in expected if name not in state and not name.endswith(counter)],
        "unexpected": [name for name in state if name not in expected],
        "of another shape": [
            name for name in expected if name in state and state[name].shape != expected[name].shape
        ],
    }
    differences = [
        f"{len(names)} {reason} ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"
        for reason, names in parameters.items()
        if names
    ]
    if differences:
        raise StudyError(f"{message}: {'; '.join(differences)}")
