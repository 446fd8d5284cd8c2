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
CELLS = 20_000_000  # images x draws held in memory at a time


def of_ratio(over: pd.Series, under: pd.Series, images: pd.Series) -> tuple[float, float]:
    """The interval of ``sum(over) / sum(under)``; the three have one entry a record.

    With ones for ``under`` it is that of a mean. Of fewer than two images it is NaN.
    """
    sums = pd.DataFrame({"over": over, "under": under}).groupby(images.to_numpy()).sum()
    if len(sums) < 2:
        return np.nan, np.nan
    drawn = stats.bootstrap(
        (sums["over"].to_numpy(float), sums["under"].to_numpy(float)),
        _ratio,
        n_resamples=DRAWS,
        batch=max(1, CELLS // len(sums)),
        vectorized=True,
        paired=True,
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
