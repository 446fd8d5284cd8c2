"""Whether metrics rank the methods alike, and whether images do by one metric.

Of every two metrics it is Kendall's tau-b (Kendall 1945) of their means by method, within each
trained net and size. Of one metric it is Krippendorff's alpha (Krippendorff 2011), of ordinal data,
over images: each rates the methods by its ranks of them (Tomsett et al. 2020: inter-rater
reliability). Metrics of which less is better are turned. Methods with equal maps on a net count
once there. ``agreement`` is of classes, nets and sizes, by the first metric.

Methods are compared on the records where all of them have a value: means of other records, or ranks
among the methods present, differ by what is missing alone. As in ``ranks`` a method that is
undefined in more than a fifth of the records of a net and size is not compared there, so that it
does not cost the others these records.
"""

from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau

from lookwhere.metrics.registry import METRICS, of_records
from lookwhere.statistics import equal_maps
from lookwhere.statistics.strata import (
    MOST_UNDEFINED,
    as_text,
    methods_only,
    split,
    trained_only,
)

FEWEST_METHODS = 3  # tau of two is 1 or -1
RECORD = ["sample", "image_id"]
COLUMNS = [
    *("measure", "other_measure", "tau", "lowest", "highest", "cells", "alpha"),
    *("images", "records", "undefined", "not_compared"),
]


def of_metrics(records: pd.DataFrame) -> pd.DataFrame:
    """A row for every two metrics, and for each with itself.

    Columns: measure, other_measure, tau (a mean over nets and sizes), lowest, highest (of a net and
    size), cells (nets and sizes, of three methods or more), alpha (of a metric with itself), images
    (that are compared), records (a sample, net and size each), undefined (of a method that is
    compared), and not_compared (methods of a net and size, undefined in more than a fifth).
    """
    trained = methods_only(trained_only(records))
    names = of_records(records.columns)
    cells = [_side_by_side(cell, names) for _, cell in split(trained, ["net", "size"])]
    rows = []
    for place, name in enumerate(names):
        alone = [_complete(cell, [name]) for cell in cells]
        alphas = [ordinal_alpha(_ratings(cell)) for cell in alone]
        counts = _counts(cells, alone)
        rows.append({"measure": name, "other_measure": name, "alpha": _mean(alphas)} | counts)
        for other in names[place + 1 :]:
            both = [_complete(cell, [name, other]) for cell in cells]
            taus = np.array([_tau(cell, name, other) for cell in both])
            taus = taus[~np.isnan(taus)]
            ends = (taus.min(), taus.max()) if len(taus) else (nan, nan)
            rows.append(
                {"measure": name, "other_measure": other, "tau": _mean(taus)}
                | {"lowest": ends[0], "highest": ends[1], "cells": len(taus)}
                | _counts(cells, both)
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def labels(names: list[str], with_direction: bool = False) -> list[str]:
    """The labels of metrics, ``Deletion`` and in a second line ``(lower is better)``."""
    return [
        METRICS[name].label + f"\n({METRICS[name].better} is better)" * with_direction
        for name in names
    ]


def ordinal_alpha(ratings: NDArray[np.float64]) -> float:
    """Krippendorff's alpha of ordinal ``ratings`` (observers, units), NaN where there is none.

    1 - (observed disagreement) / (that expected by chance): 1 where all observers agree, 0 where
    they do no more than at random. The distance of two values c < k is the number of ratings
    between them, with half of those at each: (sum of n_g over c <= g <= k - (n_c + n_k) / 2)^2.
    NaN where nothing can be compared, or all ratings are equal.
    """
    values = np.unique(ratings[~np.isnan(ratings)])
    counts = (ratings[:, :, None] == values).sum(axis=0).astype(float)  # of values in each unit
    raters = counts.sum(axis=1)
    counts, raters = counts[raters > 1], raters[raters > 1]  # one rating is not compared
    weights = 1 / (raters - 1)
    pairs = (counts.T * weights) @ counts - np.diag(weights @ counts)  # coincidences
    of_value = pairs.sum(axis=1)
    middles = of_value.cumsum() - of_value / 2
    distances = (middles[:, None] - middles) ** 2
    expected = of_value @ distances @ of_value
    if not expected > 0:
        return nan
    return float(1 - (of_value.sum() - 1) * (pairs * distances).sum() / expected)


def _side_by_side(records: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The records of a net and size, a row each: a column a metric (more is better) and method.

    Of equal maps there is one method alone.
    """
    repeated = {
        method
        for groups in equal_maps.groups(records).values()
        for group in groups
        for method in group[1:]
    }
    kept = as_text(records[~records["method"].isin(repeated)])
    table = kept.pivot(index=RECORD, columns="method", values=list(names))
    signs = [-1 if METRICS[name].better == "lower" else 1 for name, _ in table.columns]
    return table * signs


def _complete(cell: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The records of ``_side_by_side`` where all compared methods have the metrics ``names``.

    Its columns are those of these metrics and methods; without any method there is no record.
    """
    undefined = cell[names].isna().mean().unstack(level=0).max(axis=1)
    compared = undefined.index[undefined <= MOST_UNDEFINED]
    table = cell.loc[:, pd.MultiIndex.from_product([names, compared])]
    return table.dropna() if len(compared) else table[:0]


def _counts(cells: Sequence[pd.DataFrame], complete: Sequence[pd.DataFrame]) -> dict[str, int]:
    """How much of the ``cells``, tables of ``_side_by_side``, is compared."""
    images = {image for table in complete for _, image in table.index}
    records = sum(map(len, cells))
    methods, compared = (
        sum(table.columns.get_level_values(1).nunique() for table in tables)
        for tables in (cells, complete)
    )
    return {
        "images": len(images),
        "records": records,
        "undefined": records - sum(map(len, complete)),
        "not_compared": methods - compared,
    }


def _ratings(table: pd.DataFrame) -> NDArray[np.float64]:
    """The ranks of the methods (images, methods) by their means over the records of an image."""
    return table.groupby("image_id").mean().rank(axis=1).to_numpy(float)


def _tau(table: pd.DataFrame, one: str, other: str) -> float:
    """Of the means of two metrics by method; NaN of too few methods."""
    if len(table.columns) < 2 * FEWEST_METHODS:
        return nan
    # No p is read: the asymptotic one is the fastest.
    means = table[one].mean(), table[other].mean()
    return float(kendalltau(*means, method="asymptotic").statistic)


def _mean(values: list[float] | NDArray[np.float64]) -> float:
    """The mean of the numbers among ``values``; NaN without any."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else nan
