"""Wins in counts: on how many of their images is a method ahead of another?

An image counts for the method whose mean over the records is higher where both are defined, and for
none where they are equal. The test is that of ``paired``: Wilcoxon's, corrected over all pairs.
"""

import pandas as pd

from lookwhere.methods.names import LABELS
from lookwhere.statistics.paired import SIGNIFICANT, both_ways, differences

SIGN = "*"  # of a difference that is significant


def wins(records: pd.DataFrame) -> pd.DataFrame:
    """Every pair of methods, in both orders: the columns of ``paired.both_ways``, and share.

    The share is that of the images on which the method is ahead, equal ones counted half.
    """
    pairs = differences(records, [], intervals=False)
    both = both_ways(pairs[pairs["other"].isin(LABELS)])
    equal = both["images"] - both["ahead"] - both["behind"]
    return both.assign(share=(both["ahead"] + equal / 2) / both["images"].where(both["images"] > 0))


def in_order(both: pd.DataFrame, column: str) -> list[str]:
    """The methods by their mean of the column over all others, the highest first."""
    means = both.groupby("method", sort=False)[column].mean()
    return list(means.sort_values(ascending=False, kind="stable").index)


def matrix(both: pd.DataFrame) -> pd.DataFrame:
    """A row and a numbered column a method, those with the most ``wins`` first.

    Columns: method, number, and by number on how many of how many images the row's method is ahead
    of the column's: ``30/39``, with a ``*`` where their difference is significant.
    """
    methods = in_order(both, "share")
    cells = both.set_index(["method", "other"])
    numbers = [str(place) for place in range(1, len(methods) + 1)]
    rows = [[_cell(cells, method, other) for other in methods] for method in methods]
    table = pd.DataFrame(rows, columns=numbers)
    table.insert(0, "method", methods)
    table.insert(1, "number", numbers)
    return table


def _cell(cells: pd.DataFrame, method: str, other: str) -> str | None:
    if method == other:
        return None
    row = cells.loc[(method, other)]
    return f"{row['ahead']:.0f}/{row['images']:.0f}{SIGN * bool(row['p_holm'] < SIGNIFICANT)}"
