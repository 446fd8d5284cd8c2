"""Target layers: the module of a net whose feature maps CAMs weigh.

Feature maps are (N, K, h, w), of the same aspect ratio as the image. Tokens (N, T, K) of a vision
transformer become feature maps without their prefix, such as the class token.
"""

import re
from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn

from lookwhere.errors import StudyError, hint


class LayerError(StudyError):
    """A layer yields no feature maps."""


MAX_PREFIX = 8  # class and register tokens
# Layers that pass on the maps of the one before them, or project tokens (to queries and keys).
SKIPPED = (
    nn.Linear,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AvgPool2d,
    nn.MaxPool2d,
    nn.Dropout,
    nn.Dropout2d,
    nn.Identity,
)


def resolve(net: nn.Module, name: str) -> str:
    """The dotted name of a layer of ``net``: ``layer4.2`` of ``layer4[-1]``.

    Raises StudyError, with the nearest name, if there is no such layer.
    """
    modules = dict(net.named_modules())
    path = _dotted(modules, name)
    if not path or path not in modules:
        names = [key for key in modules if key]
        raise StudyError(f"target layer {name!r} does not exist; {hint(path or name, names)}")
    return path


def resolve_or_last(net: nn.Module, name: str | None, shape: tuple[int, ...]) -> str | None:
    """``resolve``, or without a ``name`` the ``last`` layer for a random image (C, H, W)."""
    if name is not None:
        return resolve(net, name)
    images = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    try:
        return last(net, images)
    except Exception:  # of the net's own code, on an image that it can't process
        return None


def as_feature_maps(output: Any, height: int, width: int) -> Tensor:
    """The feature maps (N, K, h, w) of a layer's ``output`` for images of height x width.

    Raises StudyError if it holds none.
    """
    if isinstance(output, Tensor) and output.ndim == 4:
        channels_last = _fits(output.shape[1:3], height, width)
        if _fits(output.shape[2:], height, width) or not channels_last:
            return output
    if isinstance(output, Tensor) and output.ndim == 3:
        for prefix in range(MAX_PREFIX + 1):
            if grid := _grid(output.shape[1] - prefix, height, width):
                return output[:, prefix:].transpose(1, 2).unflatten(2, grid)
    raise LayerError(
        f"the target layer yields {_in_words(output)}, not feature maps (N, K, h, w): choose a "
        "convolutional layer"
    )


def last(net: nn.Module, images: Tensor) -> str | None:
    """The name of the last layer of ``net`` with feature maps, run on ``images`` (N, C, H, W).

    The logits must depend on several of their places: after the last attention of a vision
    transformer they read the class token alone. Pooled maps and those of the logits are none. None
    if there is no such layer.
    """
    height, width = images.shape[2:]
    names = {module: name for name, module in net.named_modules() if name}
    outputs: list[tuple[str, Tensor]] = []
    runs: Counter[str] = Counter()

    def record(module: nn.Module, inputs: object, output: Any) -> Any:
        runs[names[module]] += 1
        if isinstance(output, Tensor) and output.requires_grad:
            outputs.append((names[module], output))
            return output.clone()  # an in-place layer that follows must not change it
        return output

    handles = [m.register_forward_hook(record) for m in names if not isinstance(m, SKIPPED)]
    try:
        with torch.enable_grad():
            # A clone: a net may change its input in place, but not a leaf.
            logits = logits_of(net(images.detach().requires_grad_().clone()), len(images))
    finally:
        for handle in handles:
            handle.remove()
    candidates = {
        name: output
        for name, output in outputs
        if runs[name] == 1 and _has_places(output, height, width, logits.shape[1])
    }
    if not candidates:
        return None
    found = list(candidates.values())
    gradients = torch.autograd.grad(logits.sum(), found, allow_unused=True)
    reached = [
        name
        for name, gradient in zip(candidates, gradients, strict=True)
        if gradient is not None
        and as_feature_maps(gradient, height, width).abs().sum(dim=(0, 1)).count_nonzero() > 1
    ]
    return reached[-1] if reached else None


def logits_of(outputs: Any, count: int) -> Tensor:
    """The logits (N, outputs) of what a net returns for ``count`` images.

    Of several outputs it is the first (see ``source_of``). (N,) becomes (N, 1), and (N, outputs, 1,
    1) loses its ones. The output of a single image may lack its first dimension. Raises StudyError
    if there are no logits.
    """
    first = outputs
    if (candidates := _entries(outputs)) is not None:
        first = next(iter(candidates.values()), None)
    logits = first
    if isinstance(logits, Tensor) and logits.is_floating_point():
        if count == 1 and logits.ndim < 2:  # squeezed
            logits = logits.reshape(1, -1)
        elif logits.ndim == 1:
            logits = logits[:, None]
        elif logits.ndim > 2 and logits.shape[2:].numel() == 1:
            logits = logits.flatten(1)
        if logits.ndim == 2 and len(logits) == count and logits.shape[1]:
            return logits
    several = candidates is not None and len(candidates) > 1
    raise StudyError(
        f"the net returns {'first ' if several else ''}{_of_kind(first)} for {count} image"
        f"{'s' if count > 1 else ''}, not logits (N, outputs): "
        + ("return its logits first" if several else "it is no classifier")
    )


def source_of(outputs: Any) -> str:
    """Which of several outputs of a net are its logits, in words; empty if there is no choice."""
    entries = _entries(outputs) or {}
    choice = [
        name for name, value in entries.items() if isinstance(value, Tensor) and value.ndim < 3
    ]
    return f"{choice[0]}, the first of {', '.join(choice)}" if len(choice) > 1 else ""


def _entries(outputs: Any) -> dict[str, Any] | None:
    """The outputs of a net by name or number, or its ``logits``; None if it has a single one."""
    if hasattr(outputs, "logits"):
        return {"logits": outputs.logits}
    if isinstance(outputs, dict):
        return {"logits": outputs["logits"]} if "logits" in outputs else dict(outputs)
    if isinstance(outputs, list | tuple):
        return {str(number): value for number, value in enumerate(outputs)}
    return None


def _has_places(output: Tensor, height: int, width: int, outputs: int) -> bool:
    """Whether an output holds feature maps of more than a place, other than a map a logit."""
    try:
        maps = as_feature_maps(output, height, width)
    except LayerError:
        return False
    return maps[0, 0].numel() > 1 and maps.shape[1] != outputs


def _dotted(modules: dict[str, nn.Module], name: str) -> str:
    """``layer4[-1].conv1`` as ``layer4.2.conv1``; empty if an index is out of range."""
    path = ""
    for part in re.findall(r"\[-?\d+\]|[^.\[\]]+", name):
        if part.startswith("["):
            children = [key for key, _ in modules[path].named_children()] if path in modules else []
            index = int(part[1:-1])
            if not -len(children) <= index < len(children):
                return ""
            part = children[index]
        path = f"{path}.{part}" if path else part
    return path


def _fits(shape: Any, height: int, width: int) -> bool:
    """Whether maps of this shape (h, w) have the aspect ratio of the image, about."""
    rows, columns = shape
    expected = columns * height / width
    return rows <= height and columns <= width and abs(rows - expected) <= 2 + expected / 8


def _grid(places: int, height: int, width: int) -> tuple[int, int] | None:
    """The rows and columns of so many places on an image, if they are a grid of square patches."""
    rows = round((places * height / width) ** 0.5)
    if rows < 1 or places % rows:
        return None
    return (rows, places // rows) if _fits((rows, places // rows), height, width) else None


def _of_kind(output: Any) -> str:
    """The shape of a tensor, with its dtype if it is none of floats; else the type."""
    if not isinstance(output, Tensor):
        return type(output).__name__
    dtype = "" if output.is_floating_point() else f" of {output.dtype}".replace("torch.", "")
    return f"{tuple(output.shape)}{dtype}"


def _in_words(output: Any) -> str:
    if not isinstance(output, Tensor):
        return type(output).__name__
    shape = tuple(output.shape)
    return f"{shape}, channels last" if output.ndim == 4 else f"{shape}"
