"""95 % bootstrap intervals over images: records that share an image are not independent.

Images are resampled with all of their records (a cluster bootstrap); the interval spans
the 2.5th to the 97.5th percentile of the resamples (Efron and Tibshirani 1993, chapter 13).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

DRAWS = 2000
FEWEST = 10  # images; percentile intervals of fewer are too narrow
CELLS = 20_000_000  # images x draws held in memory at a time


def ratio_interval(
    numerator: pd.Series, denominator: pd.Series, clusters: pd.Series
) -> tuple[float, float]:
    """The interval of ``sum(numerator) / sum(denominator)``; all have one entry a record.

    ``clusters`` are the images. NaN for fewer than ``FEWEST`` of them.
    """
    names, cluster = np.unique(clusters, return_inverse=True)
    if len(names) < FEWEST:
        return np.nan, np.nan
    sums = [np.bincount(cluster, weights=column) for column in (numerator, denominator)]
    result = stats.bootstrap(
        sums,
        _ratio,
        n_resamples=DRAWS,
        batch=max(1, CELLS // len(names)),
        vectorized=True,
        paired=True,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = result.confidence_interval
    return float(low), float(high)


def difference_interval(
    values: pd.Series, clusters: pd.Series, strata: pd.Series, member: pd.Series
) -> tuple[float, float]:
    """The interval of the mean over ``strata`` of members' mean less the others' mean.

    All have one entry a record; ``member`` holds booleans, and each stratum has both. A resample
    in which a stratum lacks one of them leaves that stratum out. NaN where members or others have
    fewer than ``FEWEST`` clusters (images).
    """
    of_sides = clusters.groupby(member).nunique()
    if len(of_sides) < 2 or of_sides.min() < FEWEST:
        return np.nan, np.nan
    cluster, stratum = pd.factorize(clusters)[0], pd.factorize(strata)[0]
    cell = cluster, stratum, member.to_numpy(int)
    sums = np.zeros((cluster.max() + 1, stratum.max() + 1, 2))
    counts = np.zeros_like(sums)
    np.add.at(sums, cell, values.to_numpy())
    np.add.at(counts, cell, 1)

    def difference(resample: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):  # 0 / 0 where a resample lacks a side of a stratum
            means = sums[resample].sum(axis=-3) / counts[resample].sum(axis=-3)
        return np.nanmean(means[..., 1] - means[..., 0], axis=-1)

    return interval(difference, len(sums), sums.size)


def interval(
    statistic: Callable[..., NDArray[np.float64]], clusters: int, cells: int
) -> tuple[float, float]:
    """The interval of a statistic of resampled clusters, which are numbered from 0.

    It takes the numbers of a resample's clusters ``(..., clusters)`` and an ``axis``, and returns a
    value each ``(...)``; ``cells`` are the entries that a resample holds in memory.
    """
    result = stats.bootstrap(
        (np.arange(clusters),),
        statistic,
        n_resamples=DRAWS,
        batch=max(1, CELLS // cells),
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = result.confidence_interval
    return float(low), float(high)


def occurrences(resample: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each of n clusters is in each resample ``(..., n)`` of their numbers: ``(..., n)``.

    Examples
    --------
    >>> occurrences(np.array([[0, 2, 2], [1, 1, 1]]))
    array([[1, 0, 2],
           [0, 3, 0]])
    """
    clusters = resample.shape[-1]
    rows = resample.reshape(-1, clusters)
    cells = rows + clusters * np.arange(len(rows))[:, None]
    return np.bincount(cells.ravel(), minlength=resample.size).reshape(resample.shape)


def mean_interval(values: pd.Series, clusters: pd.Series) -> tuple[float, float]:
    """The interval of the mean of ``values``, one a record."""
    return ratio_interval(values, pd.Series(1.0, index=values.index), clusters)


def _ratio(numerator: NDArray[Any], denominator: NDArray[Any], axis: int) -> NDArray[Any]:
    return numerator.sum(axis=axis) / denominator.sum(axis=axis)
