"""Whether metrics rank the methods alike, and whether images do by one metric.

Of every two metrics it is Kendall's tau-b (Kendall 1945) of their means by method, within each
trained net and size. Of one metric it is Krippendorff's alpha (Krippendorff 2011), of ordinal data,
over images: each rates the methods by its ranks of them (Tomsett et al. 2020: inter-rater
reliability). Metrics of which less is better are turned. Methods with equal maps on a net count
once there. ``agreement`` is of classes, nets and sizes, by the first metric.
"""

from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau

from lookwhere.metrics.registry import METRICS, of_records
from lookwhere.statistics import equal_maps
from lookwhere.statistics.strata import methods_only, split, trained_only

FEWEST_METHODS = 3  # tau of two is 1 or -1


def of_metrics(records: pd.DataFrame) -> pd.DataFrame:
    """A row for every two metrics, and for each with itself.

    Columns: measure, other_measure, tau (a mean over nets and sizes), lowest, highest (of a net and
    size), cells (nets and sizes, of three methods or more), alpha (of a metric with itself), and
    images (that rate).
    """
    trained = methods_only(trained_only(records))
    names = of_records(records.columns)
    cells = [_oriented(cell, names) for _, cell in split(trained, ["net", "size"])]
    means = [cell.groupby("method", observed=True)[names].mean().to_numpy() for cell in cells]
    rows = []
    for place, name in enumerate(names):
        alphas = [ordinal_alpha(_ratings(cell, name)) for cell in cells]
        rows.append(
            {"measure": name, "other_measure": name, "alpha": _mean(alphas)}
            | {"images": trained.loc[trained[name].notna(), "image_id"].nunique()}
        )
        for column, other in enumerate(names[place + 1 :], place + 1):
            taus = np.array([_tau(table[:, place], table[:, column]) for table in means])
            taus = taus[~np.isnan(taus)]
            ends = (taus.min(), taus.max()) if len(taus) else (nan, nan)
            rows.append(
                {"measure": name, "other_measure": other, "tau": _mean(taus)}
                | {"lowest": ends[0], "highest": ends[1], "cells": len(taus)}
            )
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["measure", "other_measure", "tau", "lowest", "highest", "cells", "alpha", "images"]


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


def _oriented(records: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The records of a net and size, where more is better, and of equal maps one method alone."""
    repeated = {
        method
        for groups in equal_maps.groups(records).values()
        for group in groups
        for method in group[1:]
    }
    signs = {name: -1 if METRICS[name].better == "lower" else 1 for name in names}
    kept = records[~records["method"].isin(repeated)]
    return kept.assign(**{name: sign * kept[name] for name, sign in signs.items()})


def _ratings(records: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """The ranks of the methods (images, methods) by a metric; NaN where it is not defined."""
    means = records.groupby(["image_id", "method"], observed=True)[name].mean().unstack()
    return means.rank(axis=1).to_numpy(float)


def _tau(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < FEWEST_METHODS:
        return nan
    # No p is read: the asymptotic one is the fastest.
    return float(kendalltau(one[both], other[both], method="asymptotic").statistic)


def _mean(values: list[float] | NDArray[np.float64]) -> float:
    """The mean of the numbers among ``values``; NaN without any."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else nan
