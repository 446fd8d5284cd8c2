"""The last check of the scores: a wrong number is worse than none.

What must hold of every record stands in ``CLAIMS``, one line each; what must hold of the table as a
whole (every sample x net x method x size there, once) is checked beside it. The sweep of dilations
has claims of its own.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

import pandas as pd

from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.metrics.concentration import STATUSES
from lookwhere.metrics.localisation import NAMES

KEY = ["sample", "net", "method", "size"]
SHOWN = 3  # records that a fault names
MOST = sys.float_info.max

Claim = Callable[[pd.DataFrame], pd.Series]

# What holds of every record: from the table, merged with the samples, to true or false a record.
CLAIMS: dict[str, Claim] = {
    f"status is one of {', '.join(STATUSES)}": lambda t: t["status"].isin(STATUSES),
    "concentration is there exactly where the status is ok": lambda t: (
        t["concentration"].notna() == (t["status"] == "ok")
    ),
    "concentration lies in [0, 1]": lambda t: _between(t["concentration"], 0, 1),
    "energy is there unless the status is not_finite": lambda t: (
        (t["energy_inside"].notna() == (t["status"] != "not_finite"))
        & (t["energy_total"].notna() == (t["status"] != "not_finite"))
    ),
    "energy is finite, and not below 0": lambda t: (
        _between(t["energy_inside"], 0, MOST) & _between(t["energy_total"], 0, MOST)
    ),
    "energy_inside is at most energy_total": lambda t: ~(t["energy_inside"] > t["energy_total"]),
    "concentration is energy_inside / energy_total": lambda t: (
        t["concentration"].isna() | (t["concentration"] == t["energy_inside"] / t["energy_total"])
    ),
    "energy_total is 0 where the status is zero_energy": lambda t: (
        (t["status"] != "zero_energy") | (t["energy_total"] == 0)
    ),
    "mask_fraction lies in [0, 1]": lambda t: t["mask_fraction"].between(0, 1),
    "mask_fraction is 0 where the status is empty_mask, and nowhere that it is ok": lambda t: (
        ((t["status"] != "empty_mask") | (t["mask_fraction"] == 0))
        & ((t["status"] != "ok") | (t["mask_fraction"] > 0))
    ),
    "mask_fraction at the original size is that of subset.csv": lambda t: (
        (t["size"] != "original") | ((t["mask_fraction"] - t["mask_fraction_subset"]).abs() < 1e-12)
    ),
    "mask_fraction is the same for all maps of a sample and size": lambda t: _same(
        t, "mask_fraction", ["sample", "size"]
    ),
    "measures lie in [0, 1]": lambda t: _all(_between(t[name], 0, 1) for name in NAMES),
    "measures are there exactly where the status is ok": lambda t: _all(
        t[name].notna() == (t["status"] == "ok") for name in NAMES
    ),
    "box_fraction lies in [0, 1]": lambda t: t["box_fraction"].between(0, 1),
    "box_fraction is the same for all maps of a sample and size": lambda t: _same(
        t, "box_fraction", ["sample", "size"]
    ),
    "class and image_id are those of subset.csv": lambda t: (
        (t["class"] == t["class_subset"]) & (t["image_id"] == t["image_id_subset"])
    ),
    "target and its rank are the same for all maps of a sample, net and size": lambda t: (
        _same(t, "target", ["sample", "net", "size"])
        & _same(t, "target_rank", ["sample", "net", "size"])
    ),
    "target is not below 0": lambda t: t["target"] >= 0,
    "target_rank is not below 1": lambda t: _between(t["target_rank"], 1, MOST),
    "target_probability lies in [0, 1]": lambda t: _between(t["target_probability"], 0, 1),
    "target_rank and target_probability are there where a net's map is ok": lambda t: (
        (t["status"] != "ok")
        | t["method"].isin(CONTROL_LABELS)
        | (t["target_rank"].notna() & t["target_probability"].notna())
    ),
    "target_recognised is there exactly where a sigmoid output has a probability": lambda t: (
        t["target_recognised"].notna()
        == ((t["output_activation"] == "sigmoid") & t["target_probability"].notna())
    ),
}

# What holds of every step of the sweep, in order of dilation, with the status of its record.
SWEEP_CLAIMS: dict[str, Claim] = {
    "swept concentration lies in [0, 1]": lambda t: _between(t["concentration"], 0, 1),
    "swept mask_fraction lies in [0, 1]": lambda t: t["mask_fraction"].between(0, 1),
    "swept concentration is there where the record's is, unless the mask is empty": lambda t: (
        (t["status"] != "ok") | (t["concentration"].notna() == (t["mask_fraction"] > 0))
    ),
    "swept concentration is missing where the map has no finite energy": lambda t: (
        ~t["status"].isin(["zero_energy", "not_finite"]) | t["concentration"].isna()
    ),
    "swept concentration never falls as the mask grows": lambda t: _grows(t, "concentration"),
    "swept mask_fraction never falls as the mask grows": lambda t: _grows(t, "mask_fraction"),
}


def faults(
    table: pd.DataFrame, subset: pd.DataFrame, expected: Mapping[str, Sequence[str]]
) -> list[str]:
    """A sentence for everything that is wrong with the table of scores; none if it is right.

    ``subset`` holds the study's samples (the columns of ``subset.csv``), ``expected`` the names
    that ``net``, ``method`` and ``size`` must take, each with every sample exactly once.
    """
    wrong = list(_difference(table[KEY], _cells(subset, expected)))
    merged = table.merge(
        subset[["sample", "image_id", "class", "mask_fraction"]],
        on="sample",
        how="left",
        suffixes=("", "_subset"),
    )
    return wrong + _broken(merged, CLAIMS)


def sweep_faults(
    sweep: pd.DataFrame, scores: pd.DataFrame, dilations: Sequence[float]
) -> list[str]:
    """A sentence for everything that is wrong with the sweep of the records in ``scores``.

    Every record must have every one of the ``dilations``, once.
    """
    records = scores[[*KEY, "status"]].drop_duplicates(KEY)
    wanted = records.merge(pd.DataFrame({"dilation": list(dilations)}), how="cross")
    step = [*KEY, "dilation"]
    wrong = list(_difference(sweep[step], pd.MultiIndex.from_frame(wanted[step])))
    merged = sweep.merge(records, on=KEY).sort_values(step, ignore_index=True)
    return wrong + _broken(merged, SWEEP_CLAIMS)


def _cells(subset: pd.DataFrame, expected: Mapping[str, Sequence[str]]) -> pd.MultiIndex:
    values = [list(subset["sample"]), *(expected[key] for key in KEY[1:])]
    return pd.MultiIndex.from_tuples(list(product(*values)), names=KEY)


def _difference(cells: pd.DataFrame, wanted: pd.MultiIndex) -> Iterator[str]:
    found = pd.MultiIndex.from_frame(cells)
    for what, wrong in {
        "missing": wanted.difference(found, sort=False),
        "more than once": found[found.duplicated()].unique(),
        "not of the study": found.difference(wanted, sort=False),
    }.items():
        if len(wrong):
            yield f"{what}: {_named(wrong.tolist())}"


def _broken(table: pd.DataFrame, claims: Mapping[str, Claim]) -> list[str]:
    wrong = []
    for claim, holds in claims.items():
        broken = table[~holds(table).astype(bool)]
        if len(broken):
            wrong.append(f"not of every record: {claim}; {_named(broken[KEY].to_numpy().tolist())}")
    return wrong


def _named(cells: Sequence[Sequence[str]]) -> str:
    """``2 records: sample / net / method / size; ...``"""
    shown = "; ".join(" / ".join(map(str, cell)) for cell in cells[:SHOWN])
    count = f"{len(cells)} record{'s' if len(cells) > 1 else ''}"
    return f"{count}: {shown}" + ("; ..." if len(cells) > SHOWN else "")


def _between(column: pd.Series, lowest: float, highest: float) -> pd.Series:
    """Which values lie between, or are missing: that is for another claim."""
    return column.isna() | column.between(lowest, highest)


def _all(claims: Iterable[pd.Series]) -> pd.Series:
    return pd.concat(claims, axis=1).all(axis=1)


def _same(table: pd.DataFrame, column: str, by: list[str]) -> pd.Series:
    return table.groupby(by)[column].transform("nunique", dropna=False) == 1


def _grows(table: pd.DataFrame, column: str) -> pd.Series:
    return ~(table.groupby(KEY)[column].diff() < 0)
