"""Average ranks of the methods over images, with Friedman's test and Nemenyi's critical difference.

In every image the methods are ranked by concentration, the mean over its records: 1 is the highest,
and ties share the mean of their ranks. The image is the unit, as in ``paired``: records that share
one are not independent. Friedman's test is of no difference between any methods. If it is
significant, two methods differ where their average ranks are further apart than the critical
difference (Demsar 2006): that of all pairs of a group at once, by the studentized range.

All ranks of a group are of the same records, those where every ranked method is defined. A method
that is undefined in more than a fifth of the records of a group is not ranked there, so that it
does not cost the others these records. Methods whose maps are equal share a rank and count once: a
copy of a method changes the ranks of no other, nor the critical difference.
"""

from collections.abc import Sequence
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.statistics import equal_maps
from lookwhere.statistics.bootstrap import FEWEST
from lookwhere.statistics.paired import BEHIND, EQUAL, NOT_SIGNIFICANT, SIGNIFICANT, TOO_FEW
from lookwhere.statistics.strata import MOST_UNDEFINED, add_strata, as_text, methods_only, split

BEST, NOT_RANKED = "best", "not ranked"
RECORD = ["sample", "image_id", "net", "size"]


def ranks(records: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row a group of the columns ``by`` and method, in the study's order.

    Columns: ``by``, method, rank (NaN of a method that is not ranked), images, of_images (of the
    group: the others lack a method), maps (that are ranked: equal ones once), critical_difference,
    chi_square and p (of Friedman's test), result (of the method: best, behind the best, not
    significant, equal, too few images, or not ranked). Of two maps there is no Friedman's test.
    """
    rows: list[dict[str, Any]] = []
    for group, of_group in split(methods_only(add_strata(records, by)), by):
        of_group = as_text(of_group)
        methods = list(of_group["method"].unique())
        table = of_group.pivot(index=RECORD, columns="method", values=FIRST_METRIC)
        ranked = [m for m in methods if table[m].isna().mean() <= MOST_UNDEFINED]
        images = table.groupby("image_id").ngroups
        same = _equal_to(of_group, ranked)
        complete = table[ranked].dropna() if ranked else table[ranked][:0]
        values = complete.groupby("image_id").mean()
        statistics = _of_images(values[list(dict.fromkeys(same.values()))])
        rows += [
            group
            | {"method": method, "rank": statistics["rank"].get(same.get(method), nan)}
            | {"images": len(values), "of_images": images}
            | {name: value for name, value in statistics.items() if name != "rank"}
            for method in methods
        ]
    table = pd.DataFrame(rows)
    return table.assign(result=_results(table, by))


def critical_difference(maps: int, images: int) -> float:
    """How far two average ranks of so many ``maps`` are apart if they differ (Nemenyi, p < 0.05).

    NaN for fewer than ``FEWEST`` images.

    Examples
    --------
    >>> round(critical_difference(maps=4, images=14), 2)
    1.25
    """
    if maps < 2 or images < FEWEST:
        return nan
    quantile = stats.studentized_range.ppf(1 - SIGNIFICANT, maps, inf) / sqrt(2)
    return float(quantile * sqrt(maps * (maps + 1) / (6 * images)))


def _equal_to(of_group: pd.DataFrame, ranked: Sequence[str]) -> dict[str, str]:
    """The first of the ``ranked`` methods with the same maps on every net, by method."""
    nets = list(of_group["net"].unique())
    groups = equal_maps.groups(of_group[of_group["method"].isin(ranked)])
    first = {(n, m): group[0] for n, of_net in groups.items() for group in of_net for m in group}
    seen: dict[tuple[str, ...], str] = {}
    return {m: seen.setdefault(tuple(first.get((n, m), m) for n in nets), m) for m in ranked}


def _of_images(values: pd.DataFrame) -> dict[str, Any]:
    """The statistics of a group: a row an image, a column a map, no value undefined."""
    images, maps = values.shape
    ranks = values.rank(axis="columns", ascending=False)
    chi_square, p = nan, nan
    if maps > 2 and images >= FEWEST:
        differ = (ranks != (maps + 1) / 2).any(axis=None)
        chi_square, p = stats.friedmanchisquare(*values.to_numpy().T) if differ else (0.0, 1.0)
    return {
        "rank": ranks.mean().to_dict(),
        "maps": maps,
        "critical_difference": critical_difference(maps, images),
        "chi_square": float(chi_square),
        "p": float(p),
    }


def _results(table: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """What each method is to the best of its group, if Friedman's test finds any difference."""
    groups = [table[column] for column in by] or np.zeros(len(table))
    best = table["rank"].groupby(groups).transform("min")
    further = table["rank"] - best > table["critical_difference"]
    result = pd.Series(BEHIND, table.index).where(further, NOT_SIGNIFICANT)
    result = result.mask(table["rank"] == best, BEST).mask(
        table["p"] >= SIGNIFICANT, NOT_SIGNIFICANT
    )
    result = result.mask(table["maps"] == 1, EQUAL).mask(table["images"] < FEWEST, TOO_FEW)
    return result.mask(table["rank"].isna(), NOT_RANKED)
