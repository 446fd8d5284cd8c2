"""The arguments of captum's methods: numbers of a study in place of captum's tensors."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lookwhere.errors import StudyError
from lookwhere.methods.libraries import check_arguments, is_trial, parameters
from lookwhere.methods.run import Run

# Parameters that are filled here, or that no number can be.
OTHERS = (
    "self",
    "model",
    "forward_func",
    "layer",
    "device_ids",
    "inputs",
    "target",
    "additional_forward_args",
    "attribution_method",
    "attribute_to_layer_input",
    "custom_attribution_func",
    "draw_baseline_from_distrib",
    "grad_kwargs",
    "interpretable_model",
    "perturb_func",
    "return_convergence_delta",
    "return_input_shape",
    "show_progress",
    "similarity_func",
    "verbose",
)
COUNTS = ("n_steps", "n_samples", "nt_samples")  # of passes
BATCHES = ("internal_batch_size", "perturbations_per_eval", "nt_samples_batch_size")
SIDES = ("feature_mask", "sliding_window_shapes", "strides")  # in pixels


def of_class(kind: type, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The ``arguments`` of the class itself."""
    known = parameters(kind.__init__, *OTHERS)  # type: ignore[misc]
    return {key: value for key, value in arguments.items() if key in known}


def of_call(
    run: Run, name: str, kind: type, attributes: list[Callable[..., Any]], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of a call of ``attributes``, with what captum asks for.

    Raises StudyError for an argument of neither the class nor these, or of another type.
    """
    known = {key: p for call in attributes for key, p in parameters(call, *OTHERS).items()}
    check_arguments(name, values, {*known, *parameters(kind.__init__, *OTHERS)})  # type: ignore[misc]
    call = {key: value for key, value in values.items() if key in known}
    for key in COUNTS:
        if key in known:
            call[key] = len(run.passes(call.get(key, known[key].default)))
    call = {key: len(run.images) for key in BATCHES if key in known} | call
    if "baselines" in known:
        call["baselines"] = _baselines(run, name, call.get("baselines", 0))
    for key in SIDES:
        if key in known and (key in call or key != "strides"):
            side = _side(name, key, call.get(key))
            # A trial takes few passes. One feature alone would have no Shapley kernel.
            side = (max(run.images.shape[2:]) + 1) // 2 if is_trial(run) else side
            call[key] = _squares(run, side) if key == "feature_mask" else _window(run, side)
    return call


def _baselines(run: Run, name: str, value: Any) -> Tensor:
    """An image (1, C, H, W) of one value, or of one a channel."""
    shape = run.images[:1].shape
    try:
        values = torch.as_tensor(value, dtype=torch.float32, device=run.images.device)
        return values.reshape(1, -1, 1, 1).expand(shape).contiguous()
    except (RuntimeError, TypeError, ValueError):
        raise StudyError(
            f"{name}: baselines is {value!r}; give a number, or a list of {shape[1]}, one a channel"
        ) from None


def _side(name: str, key: str, value: Any) -> int:
    if type(value) is int and value > 0:
        return value
    found = "is missing" if value is None else f"is {value!r}"
    raise StudyError(f"{name}: {key} {found}; give the side of a square in pixels, such as 16")


def _squares(run: Run, side: int) -> Tensor:
    """The number of the square of each pixel (1, 1, H, W), int64."""
    rows, columns = (
        torch.arange(size, device=run.images.device) // side for size in run.images.shape[2:]
    )
    return (rows[:, None] * (columns[-1] + 1) + columns)[None, None]


def _window(run: Run, side: int) -> tuple[int, int, int]:
    """A square of all channels, no larger than the image."""
    channels, height, width = run.images.shape[1:]
    return channels, min(side, height), min(side, width)
