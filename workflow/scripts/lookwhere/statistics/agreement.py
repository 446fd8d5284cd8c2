"""Classes, nets and sizes that rank two methods otherwise than all records together do.

A mean over everything hides them: a method may be ahead on the whole and behind in one class. Two
methods are compared on the records where both are defined; groups of fewer than ten images are
skipped. These are means, not tests: ``paired`` has the tests.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from lookwhere.methods.names import LABELS
from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.statistics.bootstrap import FEWEST
from lookwhere.statistics.strata import as_text, counted, methods_only

# Columns by which records are pooled, with the singular and plural of what they hold.
POOLED = {"class": ("class", "classes"), "net": ("net", "nets"), "size": ("size", "sizes")}
NAMED = 3  # groups that a sentence names; more are counted
MOST = 4  # sentences of a figure

Pair = tuple[str, str]
Groups = dict[str, list[str]]  # names of groups, by column


def reversals(records: pd.DataFrame) -> dict[Pair, Groups]:
    """Pairs of methods (ahead, behind) on the same records that some groups rank otherwise.

    Maps each such pair to the classes, nets and sizes (by column) where the second has the higher
    mean.
    """
    reversed_pairs: dict[Pair, Groups] = {}
    for (first, second), pairs in _pairs(records):
        if pairs["difference"].mean() < 0:
            first, second, pairs = second, first, pairs.assign(difference=-pairs["difference"])
        for column in POOLED:
            means = _of_groups(pairs, column)["difference"].mean()
            if (means < 0).any():
                groups = reversed_pairs.setdefault((first, second), {})
                groups[column] = list(means.index[means < 0])
    return reversed_pairs


def crossings(sweep: pd.DataFrame) -> dict[Pair, Groups]:
    """Pairs of methods that change places as the mask grows, within a class, a net or a size.

    As ``reversals``, for records with a column ``dilation``; a pair is in the study's order.
    """
    crossed: dict[Pair, Groups] = {}
    for pair, pairs in _pairs(sweep, "dilation"):
        for column in POOLED:
            groups = _of_groups(pairs, column, "dilation")
            side = np.sign(groups["difference"].mean()).replace(0, np.nan)
            sides = side.groupby(level=0, sort=False).nunique()
            if (sides > 1).any():
                crossed.setdefault(pair, {})[column] = list(sides.index[sides > 1])
    return crossed


def changes(records: pd.DataFrame, table: pd.DataFrame) -> Iterator[str]:
    """Sentences: where a size changes a method in another direction than over all records.

    ``table`` has the columns method, size, other (a size) and difference, over the ``records``.
    """
    index = ["method", "sample", "image_id", "class", "net"]
    pairs = as_text(records).pivot(index=index, columns="size", values=FIRST_METRIC).reset_index()
    for row in table.itertuples():
        of_method = pairs[pairs["method"] == row.method]
        change = of_method.assign(difference=of_method[row.size] - of_method[row.other])
        groups: Groups = {}
        for column in ("class", "net"):
            means = _of_groups(change.dropna(subset="difference"), column)["difference"].mean()
            names = list(means.index[means * row.difference < 0])
            groups |= {column: names} if names else {}
        if groups:
            verb = "falls" if row.difference > 0 else "rises"
            yield f"{LABELS[row.method]} {verb} at {row.size} in {_in_words(groups, records)}"


def sentences(pairs: Mapping[Pair, Groups], records: pd.DataFrame, relation: str) -> Iterator[str]:
    """A sentence for each pair: ``A below B in 1 of 6 classes (clock), 1 of 2 nets (vgg19)``.

    ``relation`` is the word between the two methods.
    """
    for (first, second), groups in pairs.items():
        yield f"{LABELS[first]} {relation} {LABELS[second]} in {_in_words(groups, records)}"


def first(texts: Iterable[str]) -> list[str]:
    """The first of the sentences; the last counts those that are left out."""
    every = list(texts)
    if len(every) <= MOST:
        return every
    return [*every[: MOST - 1], f"and {len(every) - MOST + 1} more (see tables/differences_by_*)"]


def _pairs(records: pd.DataFrame, *more: str) -> Iterator[tuple[Pair, pd.DataFrame]]:
    """Every two methods with the ``difference`` of each record where both are defined."""
    index = ["sample", "image_id", *POOLED, *more]
    methods = list(methods_only(records)["method"].unique())
    table = as_text(records).pivot(index=index, columns="method", values=FIRST_METRIC).reset_index()
    for one, other in combinations(methods, 2):
        pairs = table.assign(difference=table[one] - table[other])
        yield (one, other), pairs.dropna(subset="difference")


def _of_groups(pairs: pd.DataFrame, *by: str) -> "pd.core.groupby.DataFrameGroupBy":
    """The pairs by the columns ``by``; none where the first has one group, or too few images."""
    images = pairs.groupby(by[0], sort=False)["image_id"].nunique()
    enough = images.index[images >= FEWEST] if len(images) > 1 else []
    return pairs[pairs[by[0]].isin(enough)].groupby(list(by), sort=False)


def _in_words(groups: Groups, records: pd.DataFrame) -> str:
    texts = []
    for column, names in groups.items():
        known = counted(records[column].nunique(), *POOLED[column])
        listed = f" ({', '.join(map(str, names))})" if len(names) <= NAMED else ""
        texts.append(f"{len(names)} of {known}{listed}")
    return ", ".join(texts)
