"""The door to a user's function: a method of one line, ``explain(net, images, targets)``."""

import importlib
from collections.abc import Callable, Mapping
from inspect import isfunction, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookwhere import declarations
from lookwhere.errors import StudyError, hint

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


def function(run: "Run", *, of: str, arguments: Mapping[str, Any]) -> "Tensor":
    """The maps (N, C, H, W) of ``explain(net, images, targets, **arguments)``.

    ``of`` is ``file.py:explain`` or ``package.module:explain``. It gets the net in eval mode, the
    normalised images (N, C, H, W), which require their gradient, and the targets (N,), int64; and
    the target layer, if it has a parameter ``target_layer`` that ``arguments`` lack. It returns
    maps (N, C, H, W), C that of the images or 1, or (N, H, W), a tensor or an array. Smaller maps
    are resized bilinearly. Its random numbers are seeded by the first image of the batch.

    Raises StudyError if there is no such function, if it fails or returns anything else.
    """
    from lookwhere.methods.libraries import as_maps, lent, seeded

    explain = _imported(of)
    name = f"function {of!r}"
    listed = dict(arguments)
    try:
        listed |= _target_layer(explain, run, listed)
        signature(explain).bind(run.net, run.images, run.targets, **listed)
    except TypeError as error:
        raise StudyError(
            f"{name} can't be called as explain(net, images, targets"
            + "".join(f", {key}=..." for key in listed)
            + f"): {error}"
        ) from None
    seed = int(run.generators(0)[0].integers(2**32))
    with lent(run, name), seeded(seed, run.images.device):
        leaf = run.images.clone().requires_grad_()
        return as_maps(run, explain(run.net, leaf, run.targets.clone(), **listed), name)


function.needs = frozenset()  # type: ignore[attr-defined]


def _target_layer(
    explain: Callable[..., Any], run: "Run", arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """The target layer, of a function that asks for it."""
    if "target_layer" not in signature(explain).parameters or "target_layer" in arguments:
        return {}
    _ = run.features  # raises NotDefinedError where there are none
    return {"target_layer": run.target_layer}


def _imported(of: str) -> Callable[..., Any]:
    """The function of ``file.py:name`` or ``package.module:name``."""
    place, _, name = of.rpartition(":")
    try:
        file = Path(place)
        is_file = place.endswith(".py")
        module = declarations.imported(file) if is_file else importlib.import_module(place)
    except (Exception, SystemExit) as error:  # a script may end itself
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(f"function {of!r} can't be imported ({reason})") from error
    explain = getattr(module, name, None)
    if not callable(explain):
        names = [key for key, value in vars(module).items() if isfunction(value)]
        raise StudyError(f"{place!r} has no function {name!r}; {hint(name, names)}")
    return explain
