"""Methods of other people, by name: what the doors to libraries and functions share.

A door lends the net of a run to foreign code, which may register hooks, change flags and exchange
layers: afterwards the net is as it was. What returns becomes maps (N, C, H, W), or an error.
"""

import importlib
import math
import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from inspect import Parameter, signature
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lookwhere.errors import StudyError, is_out_of_memory
from lookwhere.methods.registry import NotDefinedError
from lookwhere.methods.run import Run
from lookwhere.nets.layers import logits_of

# Errors with which libraries refuse a net, by a phrase; without a reason here it is their sentence.
REFUSALS = {
    "used more than once": "a module of the net runs more than once",
    "has no rule defined": "",
}


class Scorer(nn.Module):
    """A net as libraries expect one: images (N, C, H, W) -> logits (N, outputs).

    Neither the images nor the output of ``layer`` are changed in place by what follows them.
    """

    def __init__(self, net: nn.Module, layer: nn.Module | None = None) -> None:
        super().__init__()
        self.net = net
        self._layers = [] if layer is None else [layer]  # a list: it is part of the net already

    def forward(self, images: Tensor) -> Tensor:
        # Registered in each pass: after the hooks of a library, which keep what they see.
        handles = [layer.register_forward_hook(_copied) for layer in self._layers]
        try:
            return logits_of(self.net(images.clone()), len(images))
        finally:
            for handle in handles:
                handle.remove()


def installed(module: str, package: str) -> ModuleType:
    """A ``module`` of an extra ``package``. Raises StudyError if it can't be imported."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and error.name in (top, module):
            raise StudyError(
                f"methods of {top} need {package}, which is not installed: pip install {package}"
            ) from None
        raise StudyError(f"{package} can't be imported ({error})") from error


def parameters(function: Callable[..., Any], *others: str) -> dict[str, Parameter]:
    """The parameters of a ``function`` by name, without ``others`` and those of any name."""
    listed = signature(function).parameters.values()
    of_any_name = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return {p.name: p for p in listed if p.kind not in of_any_name and p.name not in others}


def check_arguments(name: str, arguments: Collection[str], valid: Collection[str]) -> None:
    """Raise StudyError for an argument that a method does not have."""
    for argument in arguments:
        if argument not in valid:
            listed = ", ".join(sorted(valid)) or "none"
            raise StudyError(f"{name} has no argument {argument!r}; valid: {listed}")


def is_trial(run: Run) -> bool:
    """Whether methods of many passes take one."""
    return len(run.passes(2)) == 1


def each_image(run: Run, name: str, draw: Callable[[Tensor, int], Any]) -> Tensor:
    """The maps (N, C, H, W) of ``draw(image, target)``, image by image (1, C, H, W), a leaf.

    Each image has its own random numbers: its map does not depend on the batch.
    """
    seeds = [int(rng.integers(2**32)) for rng in run.generators(0)]
    maps = []
    with lent(run, name):
        for image, target, seed in zip(run.images, run.targets.tolist(), seeds, strict=True):
            leaf = image[None].clone().requires_grad_()
            with seeded(seed, image.device):
                maps.append(as_maps(run, draw(leaf, target), name, 1))
    return torch.cat(maps)


@contextmanager
def lent(run: Run, name: str) -> Iterator[None]:
    """Lend the net to the method ``name``: nothing is in place, and its parameters are constants.

    Counts its passes. Afterwards all modules, attributes and hooks are as they were. Raises
    NotDefinedError where a library refuses the net, StudyError for other errors, and as it is what
    exceeds the memory.
    """
    run.release()
    with (
        _quiet(),
        _errors_of(name),
        _restored(run.net),
        _counted(run),
        torch.enable_grad(),
    ):
        for module in run.net.modules():
            if getattr(module, "inplace", None) is True:
                module.inplace = False  # type: ignore[assignment]
        run.net.requires_grad_(False)
        yield


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's and NumPy's global random numbers; afterwards they go on as before."""
    state = np.random.get_state()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(state)


def as_maps(run: Run, maps: Any, name: str, count: int | None = None) -> Tensor:
    """What a method returned for ``count`` images, as float32 (N, C, H, W) of their size.

    (N, H, W) gains a channel, and smaller maps are resized bilinearly. Raises StudyError for
    anything else.
    """
    count = len(run.images) if count is None else count
    channels, height, width = run.images.shape[1:]
    of = f"{count} image{'s' if count > 1 else ''} of {channels} x {height} x {width}"
    expected = (
        f"expected is a tensor or an array of real numbers, ({count}, C, {height}, {width}) with C "
        f"= {' or '.join(map(str, sorted({1, channels})))}, or ({count}, {height}, {width}); h and "
        "w may be smaller"
    )
    if isinstance(maps, np.ndarray) and maps.dtype.kind in "fiub":
        maps = torch.from_numpy(maps.astype(np.float32))
    if not isinstance(maps, Tensor) or maps.is_complex():
        kind = getattr(maps, "dtype", type(maps).__name__)
        raise StudyError(f"{name} returns {kind} for {of}: {expected}")
    tensor = maps.detach().to(run.images.device, torch.float32)
    if tensor.ndim == 3:
        tensor = tensor[:, None]
    fits = (
        tensor.ndim == 4
        and len(tensor) == count
        and tensor.shape[1] in (1, channels)
        and 0 < tensor.shape[2] <= height
        and 0 < tensor.shape[3] <= width
    )
    if not fits:
        raise StudyError(f"{name} returns {tuple(maps.shape)} for {of}: {expected}")
    return tensor if tensor.shape[2:] == (height, width) else run.upsample(tensor)


def _copied(module: nn.Module, inputs: object, output: Any) -> Any:
    return output.clone() if isinstance(output, Tensor) else output


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings and progress bars of libraries."""
    with Path(os.devnull).open("w") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with redirect_stdout(nowhere), redirect_stderr(nowhere):
            yield


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except StudyError:
        raise
    except Exception as error:  # of the library or of the user
        if is_out_of_memory(error):
            raise  # for the caller: a smaller batch may fit
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0]
        for phrase, refusal in REFUSALS.items():
            if phrase in str(error):
                raise NotDefinedError(f"{name} does not apply ({refusal or reason})") from None
        raise StudyError(f"{name} fails ({type(error).__name__}: {reason})") from error


@contextmanager
def _restored(net: nn.Module) -> Iterator[None]:
    """Restore modules, attributes, hooks and flags of a ``net``; its weights are not copied."""
    states = [
        (vars(module), dict(vars(module)), _containers(vars(module))) for module in net.modules()
    ]
    flags = [(p, p.requires_grad, p.grad) for p in net.parameters()]
    try:
        yield
    finally:
        for state, attributes, containers in states:
            state.clear()
            state.update(attributes)
            for key, content in containers.items():
                state[key].clear()
                state[key].update(content)
        for parameter, requires_grad, gradient in flags:
            parameter.requires_grad_(requires_grad)
            parameter.grad = gradient


def _containers(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Copies of the attributes that hold children, parameters, buffers and hooks."""
    return {key: value.copy() for key, value in attributes.items() if isinstance(value, dict | set)}


@contextmanager
def _counted(run: Run) -> Iterator[None]:
    """Count the passes of the net, in batches of the run."""
    images = {"forward": 0, "backward": 0}

    def count(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
        if not inputs:
            return
        size = len(inputs[0])
        images["forward"] += size
        logits = logits_of(outputs, size)
        if logits.requires_grad:
            logits.register_hook(lambda gradient: count_backward(size))

    def count_backward(size: int) -> None:
        images["backward"] += size

    handle = run.net.register_forward_hook(count)
    try:
        yield
    finally:
        handle.remove()
    run.count(
        forward_passes=math.ceil(images["forward"] / len(run.images)),
        backward_passes=math.ceil(images["backward"] / len(run.images)),
    )
