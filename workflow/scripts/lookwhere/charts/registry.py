"""The charts of a study: each is declared above the function that draws it.

Menu, files, conditions and captions follow from the declaration. This module needs no matplotlib:
the Snakefile reads the declarations, and only the job that plots runs their files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lookwhere import declarations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Draw = Callable[..., Figure]

# Data of a chart: the records of all measures, those of the sweep of dilations, those of all
# measures with what their maps cost, or, of studies that have them, the rivals or the cascade.
# All: those that the study has, by name, for a chart of several.
ALL = "all"
SOURCES = ("measures", "sweep", "costs", "rivals", "cascade", ALL)

# Figures of earlier versions.
FORMER = ("target_rank",)


@dataclass(frozen=True)
class Chart:
    """A chart, ready to draw."""

    draw: "Draw"  # of the records, and the options that the study passes
    source: str
    caption: str  # with the options in braces


def chart(
    name: str,
    label: str,
    *,
    source: str,
    caption: str,
    needs: Sequence[str] = (),
    each: str | None = None,
    options: Sequence[str] = (),
) -> "Callable[[Draw], Draw]":
    """Declare the function below as a chart: it draws a figure of a data frame of records.

    All arguments but the caption are literals: they are read without running the file.

    Parameters
    ----------
    name, label
        Its name in paths, and in the menu of the report.
    source
        One of ``SOURCES``.
    caption
        Stands below the figure in the report. Options in braces are filled in: ``{size}``.
    needs
        What a study must have, such as ``several sizes``: see ``lookwhere.study.outputs``.
    each
        ``size``: one figure a size, ``{name}_{size}``; the function takes the size.
    options
        Settings of the study that the function takes, such as ``mask_dilation``.

    Raises
    ------
    ValueError
        If ``source`` is none of ``SOURCES``.
    """
    if source not in SOURCES:
        raise ValueError(f"the source of a chart is {' or '.join(SOURCES)}, not {source!r}")

    def declare(draw: "Draw") -> "Draw":
        draw.chart = Chart(draw, source, caption)  # type: ignore[attr-defined]
        return draw

    return declare


def entries() -> dict[str, declarations.Declaration]:
    """The charts of the library, then those of the user's files, by name."""
    return declarations.declared("chart", Path(__file__).parent)


def load(entry: declarations.Declaration) -> Chart:
    """The chart of an entry; runs its file."""
    return declarations.load(entry).chart  # type: ignore[attr-defined]
