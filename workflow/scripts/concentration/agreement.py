"""Where a class, a net or a size orders the methods otherwise than all records together do.

A mean over everything hides that: a method may be ahead on the whole and behind in one class.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from .groups import of_methods
from .methods import LABELS

# Columns by which records are pooled, with the plural of what they hold.
POOLED = {"class": "classes", "net": "nets", "size": "sizes"}
NAMED = 3  # groups that a sentence names; of more it says how many
MOST = 4  # sentences of a figure


def reversals(records: pd.DataFrame) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Pairs of methods (ahead, behind) by the mean concentration, and who orders them otherwise.

    Maps each such pair to the classes, nets and sizes (by column) where the second is ahead.
    """
    records = of_methods(records)
    means = records.groupby("method")["concentration"].mean().dropna()
    order = list(means.sort_values(ascending=False, kind="stable").index)
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for column, table in _means(records):
        for ahead, behind in combinations(order, 2):
            turned = table.index[table[ahead] < table[behind]]
            if len(turned):
                found.setdefault((ahead, behind), {})[column] = list(turned)
    return found


def crossings(sweep: pd.DataFrame) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Pairs of methods that change places as the mask grows, within a class, a net or a size.

    As ``reversals``, for records with a column ``dilation``; a pair stands in the study's order.
    """
    sweep = of_methods(sweep)
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for column in POOLED:
        if sweep[column].nunique() < 2:
            continue
        means = sweep.groupby([column, "dilation", "method"], sort=False)["concentration"].mean()
        table = means.unstack()
        for first, second in combinations(table.columns, 2):
            side = np.sign(table[first] - table[second]).replace(0, np.nan)
            sides = side.groupby(level=0, sort=False).nunique()
            if (sides > 1).any():
                found.setdefault((first, second), {})[column] = list(sides.index[sides > 1])
    return found


def sentences(
    pairs: dict[tuple[str, str], dict[str, list[str]]], records: pd.DataFrame, joined: str
) -> list[str]:
    """A sentence for each of the first pairs: ``A behind B: 1 of 6 classes (clock), 1 of 2 nets``.

    ``joined`` stands between the two methods; the last sentence counts the pairs that are left out.
    """
    texts = [
        f"{LABELS[first]} {joined} {LABELS[second]}: {', '.join(_groups(groups, records))}"
        for (first, second), groups in pairs.items()
    ]
    return _first(texts)


def _means(records: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Mean concentration by group (rows) and method, for each pooled column of several groups."""
    for column in POOLED:
        if records[column].nunique() > 1:
            means = records.groupby([column, "method"], sort=False)["concentration"].mean()
            yield column, means.unstack()


def _groups(groups: dict[str, list[str]], records: pd.DataFrame) -> Iterator[str]:
    for column, names in groups.items():
        known = records[column].nunique()
        listed = f" ({', '.join(map(str, names))})" if len(names) <= NAMED else ""
        yield f"{len(names)} of {known} {POOLED[column]}{listed}"


def other_sign(records: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Where a size changes a method in another direction than over all records, in sentences.

    ``table`` has the columns method, size, other (a size) and difference, over the ``records``.
    """
    pairs = records.pivot(
        index=["method", "sample", "class", "net"], columns="size", values="concentration"
    ).reset_index()
    found: dict[str, dict[str, list[str]]] = {}
    for row in table.itertuples():
        of_method = pairs[pairs["method"] == row.method]
        changes = of_method[row.size] - of_method[row.other]
        for column in ("class", "net"):
            means = changes.groupby(of_method[column], sort=False).mean()
            turned = list(means.index[means * row.difference < 0])
            if turned and len(means) > 1:
                name = f"{LABELS[row.method]} at {row.size}"
                found.setdefault(name, {})[column] = turned
    texts = [f"{name}: {', '.join(_groups(groups, records))}" for name, groups in found.items()]
    return _first(["The other way round. " + texts[0], *texts[1:]]) if texts else []


def _first(texts: list[str]) -> list[str]:
    if len(texts) <= MOST:
        return texts
    return [*texts[: MOST - 1], f"and {len(texts) - MOST + 1} more"]
