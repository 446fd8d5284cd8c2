"""The saliency methods: each is an entry, and its name exists once.

An entry is a function of a ``Run`` with its label, family and needs: schema, labels, colours,
tables and figures follow from it. This module needs no torch: jobs without torch read it too.
"""

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookwhere import declarations
from lookwhere.errors import StudyError
from lookwhere.methods import chosen, map_folders

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

    Draw = Callable[[Run], Tensor]

# Where a signal is read: at the input, at the output of the target layer, or at the biases of all
# layers (of the gradient alone).
IMAGES, FEATURES, BIASES = "images", "features", "biases"

# How a signal flows back through a ReLU: ``relu_rules`` has the rules.
GRADIENT, DECONVOLUTION, GUIDED = "gradient", "deconvolution", "guided"

# The families of methods, in the order of tables and figures; the user's own families follow.
FAMILIES = ("gradient", "cam", "path", "perturbation", "class_free")


@dataclass(frozen=True)
class Signal:
    """A gradient of the target's logit, under a rule, read at a place."""

    rule: str
    at: str


@dataclass(frozen=True)
class Method:
    """A saliency method, ready to run."""

    name: str
    needs: frozenset[Signal]
    draw: "Draw"  # the maps (N, C, H, W), raw and signed


class NotDefinedError(StudyError):
    """A method is not defined for a net.

    Any method may raise it. The message is the reason, a clause that can follow a colon.
    """


def method(
    name: str, label: str, *, family: str, needs: Collection[Signal], cite: str, group: str = ""
) -> "Callable[[Draw], Draw]":
    """Declare the function below as a saliency method.

    Parameters
    ----------
    name, label
        Its name in code, columns and paths; and in print. Both are literals, as ``family`` is: they
        are read without running the file.
    family
        One of ``FAMILIES``, or another: methods of a family have similar colours. Methods that
        ignore the target are of the family ``class_free``.
    needs
        The signals that it reads, so that one backward pass a rule serves all methods.
    cite
        The key of its paper in ``docs/references.bib``.
    group
        Methods of one group are computed by one job unless the study lists groups: by default
        those that share the passes of a run. Methods of many passes have a group of their own, or
        one with those that share their passes. A literal.

    Notes
    -----
    The function takes a run, and its arguments as keywords, whose defaults are literals: a study
    may replace them.
    """

    def declare(draw: "Draw") -> "Draw":
        draw.needs = frozenset(needs)  # type: ignore[attr-defined]
        return draw

    return declare


def entries() -> dict[str, declarations.Declaration]:
    """The methods of the library, of the user's files and folders, by name, family by family."""
    declared = declarations.declared("method", Path(__file__).parent)
    declared = {**map_folders.declared(), **declared, **chosen.declared(declared)}
    families = list(dict.fromkeys([*FAMILIES, *(family(entry) for entry in declared.values())]))
    in_order = sorted(declared.values(), key=lambda entry: families.index(family(entry)))
    return {entry.name: entry for entry in in_order}


def family(entry: declarations.Declaration) -> str:
    """The family of a method; ``other`` for those without one."""
    return str(entry.options.get("family", "other"))


def group(entry: declarations.Declaration) -> str:
    """The group of a method of many passes; empty for those that share the passes of a run."""
    return str(entry.options.get("group", ""))


def load(entry: declarations.Declaration) -> Method:
    """The method of an entry; runs its file."""
    function = declarations.load(entry)
    draw = functools.partial(function, **entry.arguments) if entry.arguments else function
    return Method(entry.name, function.needs, draw)  # type: ignore[attr-defined]
