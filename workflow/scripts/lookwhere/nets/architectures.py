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
from typing import Any

from torch import nn
from torchvision.models import get_model

from lookwhere import declarations
from lookwhere.errors import StudyError
from lookwhere.nets.names import TIMM, is_own

# Torchvision builds these with auxiliary heads, for training.
WITH_AUXILIARY = ("googlenet", "inception_v3")


def build(architecture: str, arguments: Mapping[str, Any], outputs: int | None = None) -> nn.Module:
    """Build a net, with random parameters.

    Parameters
    ----------
    arguments
        Of the function that builds it.
    outputs
        The number of outputs; None for the function's own. A function of the user's has a number of
        outputs of its own.

    Raises
    ------
    StudyError
        If the function does not exist, fails, or returns no ``nn.Module``.
    """
    function, defaults = _function(architecture)
    if outputs is not None and not is_own(architecture):
        defaults["num_classes"] = outputs
    try:
        net = function(**{**defaults, **arguments})
    except StudyError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(
            f"architecture {architecture!r} can't be built with the arguments {dict(arguments)} "
            f"({reason})"
        ) from error
    if not isinstance(net, nn.Module):
        raise StudyError(
            f"architecture {architecture!r} returns {type(net).__name__}, not a torch.nn.Module"
        )
    return net


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
            if str(file.parent) not in sys.path:
                sys.path.append(str(file.parent))  # for what it imports
            module = declarations.imported(file)
        else:
            module = importlib.import_module(place)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(f"architecture {architecture!r} can't be imported ({reason})") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise StudyError(f"architecture {architecture!r}: {place!r} has no function {name!r}")
    return function
