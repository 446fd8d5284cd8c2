"""Paired comparisons of every two methods, and of each method with the controls.

Of two methods the one ahead is first, so that no difference between methods is below 0.

A pair is a record (sample, net, size) where both maps are defined. The difference is the mean over
the pairs, with its bootstrap interval over images. Pairs that share an image are not independent:
Wilcoxon's signed-rank test takes the images' mean differences, with Holm's correction over the
family of tests of a group: of every two methods, or of every method and control. The effect size is
the matched-pairs rank-biserial correlation (Kerby 2014): the share of the rank sum in favour less
the share against, 1 where the method is ahead on every image.

A control is a map of no net, or the same method on a net of the same architecture with random
weights.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lookwhere.methods.names import CONTROL_LABELS, LABELS
from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.statistics import bootstrap
from lookwhere.statistics.equal_maps import TOLERANCE
from lookwhere.statistics.strata import (
    LOWEST_HIGHEST,
    add_strata,
    as_text,
    between,
    split,
    spread,
    untrained_nets,
)

SIGNIFICANT = 0.05  # of p, by Holm's correction
SHARED = ["sample", "size", "architecture"]  # by a net and its untrained counterpart
AHEAD, BEHIND, NOT_SIGNIFICANT = "ahead", "behind", "not significant"
EQUAL = "equal"  # no record differs
TOO_FEW = "too few images"  # for any difference between them to be significant


def differences(records: pd.DataFrame, by: Sequence[str], intervals: bool = True) -> pd.DataFrame:
    """One row a group of the columns ``by`` and pair of methods, or method and control.

    Columns: ``by``, method, other, pairs, images, ahead and behind (numbers of images), difference
    (method - other), low, high, effect_size, p, p_holm, result (of the method: ahead, behind, not
    significant, equal, or too few images). ``other`` is a method, a control, or an untrained net.
    Without ``intervals``, which take most of the time, there are no low and high. Over nets, two
    more columns hold the difference of the net where it is lowest, and highest.
    """
    untrained = untrained_nets(records)
    architectures = records.groupby("net")["architecture"].first()
    order = {name: place for place, name in enumerate([*records["method"].unique(), *untrained])}
    rows: list[dict[str, Any]] = []
    for group, pairs in split(_side_by_side(records, by), by):
        # An untrained net is a control of the trained nets of its architecture alone.
        trained = set(pairs.loc[~pairs["net"].isin(untrained), "architecture"])
        counterparts = [net for net in untrained if architectures[net] in trained]
        of_group = [
            _ahead_first(
                group
                | {"method": method, "other": other}
                | compare(pairs, pairs[method] - pairs[column], "net" not in by, intervals)
            )
            for method, other, column in _comparisons(records, counterparts)
        ]
        rows += sorted(of_group, key=lambda row: (order[row["method"]], order[row["other"]]))
    table = pd.DataFrame(rows)
    return corrected(table, [*(table[column] for column in by), table["other"].isin(LABELS)])


def between_sizes(records: pd.DataFrame) -> pd.DataFrame:
    """One row a method and pair of sizes: the later less the earlier, on the same sample and net.

    Sizes that no net shares are no pair.
    Columns: method, size, other, pairs, images, ahead, behind, difference (size - other), low,
    high, those of the lowest and highest net, effect_size, p, p_holm, result (of the size: ahead,
    behind, not significant, equal, or too few images).
    """
    sizes = list(records["size"].unique())
    pairs = (
        as_text(records)
        .pivot(index=["method", "sample", "image_id", "net"], columns="size", values=FIRST_METRIC)
        .reset_index()
    )
    of_nets = [set(of_net) for _, of_net in records.groupby("net", observed=True)["size"]]
    shared = [
        (other, size)
        for other, size in combinations(sizes, 2)
        if any({other, size} <= of_net for of_net in of_nets)
    ]
    rows = [
        {"method": method, "size": size, "other": other}
        | compare(of_method, of_method[size] - of_method[other])
        for method in records["method"].unique()
        for of_method in [pairs[pairs["method"] == method]]
        for other, size in shared
    ]
    table = pd.DataFrame(rows)
    return corrected(table, [table["size"], table["other"]])


def both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of methods of ``differences``, and the same as seen from the other method.

    Columns: method, other, images, ahead, behind, difference, p, p_holm.
    """
    sides = {"method": "other", "other": "method", "ahead": "behind", "behind": "ahead"}
    seen = pairs[["method", "other", "images", "ahead", "behind", "difference", "p", "p_holm"]]
    turned = seen.rename(columns=sides).assign(difference=-seen["difference"])
    return pd.concat([seen, turned], ignore_index=True)


def family(pairs: pd.DataFrame, by: Sequence[str] = ()) -> str:
    """How many tests are corrected together in a group of ``by``: ``10``, or ``6 to 10``."""
    groups = [pairs[column] for column in by] or np.zeros(len(pairs))
    tests = pairs["p"].notna().groupby(groups)
    return between(tests.sum())


def corrected(table: pd.DataFrame, families: Sequence[pd.Series]) -> pd.DataFrame:
    """The ``table`` of comparisons with p_holm and result, the columns of ``differences``.

    Holm's correction of ``p`` is within each family of tests: ``families`` are columns, one value a
    row, that tell them apart.
    """

    def correct(p: pd.Series) -> pd.Series:
        return pd.Series(multipletests(p, method="holm")[1], p.index)

    tested = table["p"].dropna()
    by_family = tested.groupby([family[tested.index] for family in families])
    table = table.assign(p_holm=by_family.transform(correct))
    sides = np.where(table["difference"] > 0, AHEAD, BEHIND)
    result = pd.Series(sides, table.index).where(table["p_holm"] < SIGNIFICANT, NOT_SIGNIFICANT)
    tests = by_family.transform("size").reindex(table.index, fill_value=1)
    differing = table["ahead"] + table["behind"]  # the others are none of the test
    equal = table["effect_size"].isna() & (table["pairs"] > 0)
    result = result.mask(~enough(differing, tests), TOO_FEW).mask(equal, EQUAL)
    return table.assign(result=result)


def enough(images: pd.Series, tests: pd.Series) -> pd.Series:
    """Whether p is significant of so many ``images`` that all differ in one direction.

    It is that of one of so many ``tests`` that are corrected together.
    """
    return tests.clip(lower=1) * 2.0 ** (1 - images) < SIGNIFICANT


def compare(
    rows: pd.DataFrame, difference: pd.Series, of_nets: bool = True, intervals: bool = True
) -> dict[str, float]:
    """The statistics of the ``difference``, one a row of ``rows``, which state image and net.

    Columns: those of ``differences`` from pairs to p. Without ``of_nets`` there are none of the
    lowest and the highest net; without ``intervals`` low and high are NaN.
    """
    difference = difference.dropna()
    images = rows.loc[difference.index, "image_id"]
    low, high = bootstrap.mean_interval(difference, images) if intervals else (np.nan, np.nan)
    by_image = difference.groupby(images).mean()
    effect_size, p = _signed_ranks(by_image)
    return {
        "pairs": len(difference),
        "images": len(by_image),
        "ahead": int((by_image > 0).sum()),
        "behind": int((by_image < 0).sum()),
        "difference": difference.mean(),
        "low": low,
        "high": high,
        **(spread(difference, rows["net"]) if of_nets else {}),
        "effect_size": effect_size,
        "p": p,
    }


def exact(values: pd.Series) -> pd.Series:
    """The differences ``values``, 0 where they are rounding, of which no test is made."""
    return values.mask(values.abs() <= TOLERANCE, 0.0)


def _side_by_side(records: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row a pair: a column a method and control, and a column net/method an untrained net."""
    of_groups = add_strata(records, by)
    keys = list(dict.fromkeys(["sample", "image_id", "net", "architecture", "size", *by]))
    in_order = of_groups.drop_duplicates(keys)[keys].reset_index(drop=True)
    pairs = of_groups.pivot(index=keys, columns="method", values=FIRST_METRIC)
    pairs.columns = pairs.columns.astype("str")
    counterparts = records[records["net"].isin(untrained_nets(records))].pivot(
        index=SHARED, columns=["net", "method"], values=FIRST_METRIC
    )
    counterparts.columns = ["/".join(column) for column in counterparts.columns]
    return in_order.join(pairs, on=keys).join(counterparts, on=SHARED)


def _ahead_first(row: dict[str, Any]) -> dict[str, Any]:
    """The comparison; that of two methods is reversed where the first of them is behind."""
    if row["other"] not in LABELS or not row["difference"] < 0:
        return row
    return row | {
        "method": row["other"],
        "other": row["method"],
        "ahead": row["behind"],
        "behind": row["ahead"],
        "difference": -row["difference"],
        **{low: -row[high] for low, high in _ends(row)},
        **{high: -row[low] for low, high in _ends(row)},
        "effect_size": -row["effect_size"],
    }


def _ends(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [ends for ends in (("low", "high"), LOWEST_HIGHEST) if ends[0] in row]


def _comparisons(
    records: pd.DataFrame, untrained: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Each pair once: method, reference, and the column of the reference's concentration."""
    methods = [m for m in records["method"].unique() if m not in CONTROL_LABELS]
    controls = [m for m in records["method"].unique() if m in CONTROL_LABELS]
    for place, method in enumerate(methods):
        for reference in [*methods[:place], *controls]:
            yield method, reference, reference
        for net in untrained:
            yield method, net, f"{net}/{method}"


def _signed_ranks(difference: pd.Series) -> tuple[float, float]:
    """Effect size and p of Wilcoxon's test, which leaves out differences of 0; NaN without any."""
    difference = difference[difference != 0]
    if difference.empty:
        return np.nan, np.nan
    ranks = stats.rankdata(difference.abs())
    in_favour = ranks[difference > 0].sum() / ranks.sum()
    return 2 * in_favour - 1, float(stats.wilcoxon(difference).pvalue)
