"""95 % bootstrap intervals over images: records that share an image are not independent.

Images are drawn with replacement, each with all of its records (a cluster bootstrap); the interval
spans the 2.5th to the 97.5th percentile of the draws (Efron and Tibshirani 1993, chapter 13).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

DRAWS = 2000
FEWEST = 10  # images; percentiles of the draws from fewer are too narrow
CELLS = 20_000_000  # images x draws held in memory at a time


def of_ratio(over: pd.Series, under: pd.Series, images: pd.Series) -> tuple[float, float]:
    """The interval of ``sum(over) / sum(under)``; the three have one entry a record.

    With ones for ``under`` it is that of a mean. Of fewer than ``FEWEST`` images it is NaN.
    """
    names, image = np.unique(images, return_inverse=True)
    if len(names) < FEWEST:
        return np.nan, np.nan
    sums = [np.bincount(image, weights=column) for column in (over, under)]
    drawn = stats.bootstrap(
        sums,
        _ratio,
        n_resamples=DRAWS,
        batch=max(1, CELLS // len(names)),
        vectorized=True,
        paired=True,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = drawn.confidence_interval
    return float(low), float(high)


def of_difference_within(
    values: pd.Series, images: pd.Series, strata: pd.Series, member: pd.Series
) -> tuple[float, float]:
    """The interval of the mean over ``strata`` of how far members' means exceed the others'.

    The four have one entry a record; ``member`` holds booleans, and each stratum has both. A draw
    in which a stratum lacks one of them leaves that stratum out. NaN where members or others have
    fewer than ``FEWEST`` images.
    """
    counts = images.groupby(member).nunique()
    if len(counts) < 2 or counts.min() < FEWEST:
        return np.nan, np.nan
    image, stratum = pd.factorize(images)[0], pd.factorize(strata)[0]
    place = image, stratum, member.to_numpy(int)
    sums = np.zeros((image.max() + 1, stratum.max() + 1, 2))
    numbers = np.zeros_like(sums)
    np.add.at(sums, place, values.to_numpy())
    np.add.at(numbers, place, 1)

    def difference(drawn: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):  # 0 / 0 where a draw lacks a side of a stratum
            means = sums[drawn].sum(axis=-3) / numbers[drawn].sum(axis=-3)
        return np.nanmean(means[..., 1] - means[..., 0], axis=-1)

    drawn = stats.bootstrap(
        (np.arange(len(sums)),),
        difference,
        n_resamples=DRAWS,
        batch=max(1, CELLS // sums.size),
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = drawn.confidence_interval
    return float(low), float(high)


def of_mean(values: pd.Series, images: pd.Series) -> tuple[float, float]:
    """The interval of the mean of ``values``, one a record."""
    return of_ratio(values, pd.Series(1.0, index=values.index), images)


def _ratio(over: NDArray[Any], under: NDArray[Any], axis: int) -> NDArray[Any]:
    return over.sum(axis=axis) / under.sum(axis=axis)
