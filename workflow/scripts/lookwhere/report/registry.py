"""The tables of a study: each is declared above the function that makes it.

Menu, files, conditions and headings follow from the declaration. This module needs no pandas: the
Snakefile reads the declarations, and only the job of the tables runs their files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lookwhere import declarations

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scores:
    """The data of tables."""

    records: "pd.DataFrame"
    reference: Mapping[str, float] | None = None  # means by method of another study
    regions: str = ""  # the sentence of ``region_kinds``, which ends the notes
    costs: "pd.DataFrame | None" = None  # of a map, by net, size and method
    rivals: "pd.DataFrame | None" = None  # the records of rivals.parquet, if the study has any
    cascade: "pd.DataFrame | None" = None  # those of cascade.parquet, likewise


@dataclass(frozen=True)
class Table:
    """A table, ready to write."""

    rows: "pd.DataFrame"
    caption: str  # explains the columns
    note: str  # the extent of the records
    show: tuple[str, ...] = ()  # columns that readable forms leave out by default


Make = Callable[..., Table]


def table(
    name: str,
    label: str,
    *,
    by: Sequence[str] | None = None,
    needs: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Callable[[Make], Make]:
    """Declare a table: the function below makes it of ``Scores``.

    A function may have several declarations, one a table. All arguments are literals: they
    are read without running the file.

    Parameters
    ----------
    name, label
        Its name in paths; and in the menu of the report and above its page.
    by
        The columns that group its rows, which the function takes.
    needs
        What a study must have, such as ``several sizes``: see ``lookwhere.study.outputs``.
    options
        Settings of the study that the function takes, such as ``reasons``.
    """
    return lambda make: make


def entries() -> dict[str, declarations.Declaration]:
    """The tables of the library, by name."""
    return declarations.declared("table", Path(__file__).parent)


def load(entry: declarations.Declaration) -> Make:
    """The function of an entry, which takes scores, and the options that it declares."""
    make = declarations.load(entry)
    return partial(make, by=entry.options["by"]) if "by" in entry.options else make
