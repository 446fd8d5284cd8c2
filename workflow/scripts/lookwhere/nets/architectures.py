"""Architectures: what builds a net.

- ``resnet50``: a classifier of torchvision
- ``timm:resnet50``: a model of timm, which is an extra
- ``models/mine.py:build``: a function, or a class, of a file
- ``package.module:build``: of an installed package

A file and a package are code, and run: that is the wish of who names them in a study.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torchvision.models import get_model

from lookwhere import declarations
from lookwhere.errors import StudyError
from lookwhere.nets.names import TIMM, is_own

# Torchvision builds these with auxiliary heads, for training.
WITH_AUXILIARY = ("googlenet", "inception_v3")

# The folders of the user's files, first in the path of imports.
FOLDERS: list[str] = []


def build(architecture: str, arguments: Mapping[str, Any], outputs: int | None = None) -> nn.Module:
    """Build a net, with random parameters.

    Parameters
    ----------
    arguments
        Of the function that builds it.
    outputs
        The number of outputs; None for the function's own. A function of the user's has a number of
        outputs of its own.

    Returns
    -------
    nn.Module
        The net without what torch wraps around it for speed (``plain``).

    Raises
    ------
    StudyError
        If the function does not exist, fails, or returns no ``nn.Module`` whose layers can be read.
    """
    function, defaults = _function(architecture)
    if outputs is not None and not is_own(architecture):
        defaults["num_classes"] = outputs
    try:
        net = function(**{**defaults, **arguments})
    except StudyError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(
            f"architecture {architecture!r} can't be built with the arguments {dict(arguments)} "
            f"({reason})"
        ) from error
    if not isinstance(net, nn.Module):
        raise StudyError(
            f"architecture {architecture!r} returns {type(net).__name__}, not a torch.nn.Module"
        )
    net = plain(net)
    if fault := _fault(net):
        raise StudyError(f"architecture {architecture!r} {fault}")
    return net


def plain(net: nn.Module) -> nn.Module:
    """The net inside DataParallel and torch.compile, which hide layers; changed in place."""
    while isinstance(net, nn.DataParallel | torch._dynamo.OptimizedModule):
        net = net.module if isinstance(net, nn.DataParallel) else net._orig_mod
    for name, module in list(net.named_modules()):
        module._compiled_call_impl = None  # of module.compile()
        if isinstance(module, torch._dynamo.OptimizedModule):
            net.set_submodule(name, module._orig_mod)
    return net


def _fault(net: nn.Module) -> str:
    """Why a net can't be explained, with the way out; empty if it may be."""
    if any(isinstance(module, torch.jit.ScriptModule) for module in net.modules()):
        return "is TorchScript, which hides its layers: return the net from which it was made"
    if any(nn.parameter.is_lazy(tensor) for tensor in (*net.parameters(), *net.buffers())):
        return (
            "has lazy layers without a shape: run the net once before you return it, such as "
            "net(torch.zeros(1, 3, 224, 224))"
        )
    return ""


def _function(architecture: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The function that builds an architecture, and its default arguments."""
    if architecture.startswith(TIMM):
        return _timm(architecture.removeprefix(TIMM))
    if is_own(architecture):
        return _own(architecture), {}
    defaults: dict[str, Any] = {"weights": None}
    if architecture in WITH_AUXILIARY:  # their ImageNet weights expect inputs in [-1, 1]
        defaults |= {"aux_logits": False, "init_weights": True, "transform_input": True}
    return lambda **arguments: get_model(architecture, **arguments), defaults


def _timm(name: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    try:
        timm = importlib.import_module("timm")
    except ImportError:
        raise StudyError(
            f"architecture 'timm:{name}' needs timm, which is not installed: pip install timm"
        ) from None
    return lambda **arguments: timm.create_model(name, **arguments), {"pretrained": False}


def _own(architecture: str) -> Callable[..., Any]:
    """The function of ``file.py:function`` or ``package.module:function``."""
    place, _, name = architecture.rpartition(":")
    try:
        if place.endswith(".py"):
            file = Path(place).absolute()
            _import_from(str(file.parent))
            module = declarations.imported(file)
        else:
            module = importlib.import_module(place)
    except (Exception, SystemExit) as error:  # a script may end itself
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(f"architecture {architecture!r} can't be imported ({reason})") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise StudyError(f"architecture {architecture!r}: {place!r} has no function {name!r}")
    return function


def _import_from(folder: str) -> None:
    """Let imports find the modules of ``folder`` first, as if Python ran a file in it.

    Two files may import different modules of one name, such as ``utils``: those of other folders
    are forgotten.
    """
    others = [other for other in FOLDERS if other != folder]
    for name, module in list(sys.modules.items()):
        if "." not in name and _folder_of(module) in others:
            for part in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
                del sys.modules[part]
    FOLDERS[:] = [folder, *others]
    sys.path[:] = [*FOLDERS, *(path for path in sys.path if path not in FOLDERS)]


def _folder_of(module: ModuleType) -> str | None:
    """The folder in which a top-level module, or package, is found."""
    places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
    return str(Path(places[0]).parent) if places[0] else None
