"""The saliency methods: each is an entry, and its name exists once.

An entry is a function of a ``Run`` with what the workflow has to know of it: schema, labels,
colours, tables and figures follow from it. Nothing here needs torch: the jobs of the tables have
none, and know the methods too.
"""

import importlib.util
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookwhere.errors import StudyError

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

# Where a signal is read: at the input, or at the output of the target layer.
IMAGES, FEATURES = "images", "features"

# How a signal flows back through a ReLU: ``relu_rules`` has the rules.
GRADIENT, DECONVOLUTION, GUIDED = "gradient", "deconvolution", "guided"


@dataclass(frozen=True)
class Signal:
    """A gradient of the target's logit, under a rule, read at a place."""

    rule: str
    at: str


@dataclass(frozen=True)
class Method:
    """A saliency method."""

    name: str  # in code, columns and paths
    label: str  # in print
    family: str  # methods of a family have colours of a kind
    needs: frozenset[Signal]
    cite: str  # a key of docs/references.bib
    draw: "Callable[[Run], Tensor]"  # the maps (N, C, H, W), raw and signed


METHODS: dict[str, Method] = {}


def enter_from(file: str) -> None:
    """Enter the methods of a Python file: it is run, as an import runs it.

    Raises StudyError if it can't be.
    """
    spec = importlib.util.spec_from_file_location(f"methods_of_{Path(file).stem}", file)
    if spec is None or spec.loader is None:
        raise StudyError(f"methods {file!r} can't be read: give a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(f"methods {file!r} can't be run ({reason})") from error


def method(
    name: str, label: str, *, family: str, needs: Collection[Signal], cite: str
) -> "Callable[[Callable[[Run], Tensor]], Callable[[Run], Tensor]]":
    """Enter the function below as a saliency method.

    Parameters
    ----------
    name, label
        Its name in code, columns and paths; and in print.
    family
        ``gradient``, ``cam``, ...: methods of a family have colours of a kind.
    needs
        The signals that it reads, so that one backward pass a rule serves all methods.
    cite
        The key of its paper in ``docs/references.bib``.

    Raises
    ------
    ValueError
        If the name is taken.
    """

    def enter(draw: "Callable[[Run], Tensor]") -> "Callable[[Run], Tensor]":
        if name in METHODS:
            raise ValueError(f"method {name!r} is there already, as {METHODS[name].label!r}")
        METHODS[name] = Method(name, label, family, frozenset(needs), cite, draw)
        return draw

    return enter
