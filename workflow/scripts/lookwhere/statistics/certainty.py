"""Concentration by the net's certainty of the target: its rank, or its probability.

Class and net confound certainty and concentration: the means of bins would compare classes and
nets. So each bin is compared with the surest one within classes and nets. The controls are compared
alike: what they gain or lose is an effect of the images, not of the net.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.statistics.bootstrap import FEWEST
from lookwhere.statistics.strata import split
from lookwhere.statistics.summary import within_strata

# Edges of the bins by output activation; the first bin is the surest.
ENDS = {"softmax": [0, 1, 2, 5, 10, 100, np.inf], "sigmoid": [1, 0.999, 0.99, 0.9, 0.5, 0]}
COLUMNS = {"softmax": "target_rank", "sigmoid": "target_probability"}


def by_certainty(records: pd.DataFrame) -> pd.DataFrame:
    """One row an output activation, bin and method, surest first, with the difference to the first.

    Columns: outputs (softmax: bins of ranks; sigmoid: bins of probabilities), certainty, method,
    images (of the bin, that are compared), classes, within, within_low, within_high.
    """
    rows = []
    for key, of_kind in split(records, ["output_activation"]):
        kind = key["output_activation"]
        bins = _bins(of_kind, kind)
        names = [name for name in bins.cat.categories if (bins == name).any()]
        for name in names:
            for of_method, group in split(of_kind, ["method"]):
                of_bin = bins[group.index]
                within = within_strata(group, of_bin == name, of_bin == names[0])
                if name == names[0]:  # the reference: its images
                    defined = group[FIRST_METRIC].notna() & (of_bin == name)
                    within = {"images": group.loc[defined, "image_id"].nunique()}
                rows.append({"outputs": kind, "certainty": name, **of_method, **within})
    columns = ["outputs", "certainty", "method", "images", "classes"]
    columns += ["within", "within_low", "within_high"]
    return pd.DataFrame(rows, columns=columns).astype({"classes": "Int64"})


def _bins(records: pd.DataFrame, kind: str) -> pd.Series:
    """The bin of each record; the first, the reference, has at least ``FEWEST`` images."""
    values, ends = records[COLUMNS[kind]].astype(float), list(ENDS[kind])
    while len(ends) > 2 and records["image_id"][_within(values, *ends[:2])].nunique() < FEWEST:
        del ends[1]
    bins = list(pairwise(ends))
    names = [_name(*bin_ends) for bin_ends in bins]
    labels = pd.Series(None, records.index, dtype="object")
    for name, bin_ends in zip(names, bins, strict=True):
        labels[_within(values, *bin_ends)] = name
    return labels.astype(pd.CategoricalDtype(names))


def _within(values: pd.Series, sure: float, unsure: float) -> pd.Series:
    """Whether each rank or probability lies in a bin, which is closed at its upper end."""
    low, high = sorted((sure, unsure))
    return (values > (low or -1)) & (values <= high)  # a probability may be 0


def _name(sure: float, unsure: float) -> str:
    """``3-5`` or ``> 100`` of ranks, ``0.9-0.99`` or ``≤ 0.5`` of probabilities."""
    low, high = sorted((sure, unsure))
    ranks = sure < unsure
    if low == 0 and high == (np.inf if ranks else 1):
        return "all"
    if high == (np.inf if ranks else 1):
        return f"> {low:g}"
    if low == 0 and not ranks:
        return f"≤ {high:g}"
    lowest = low + 1 if ranks else low
    return f"{high:g}" if lowest == high else f"{lowest:g}-{high:g}"
