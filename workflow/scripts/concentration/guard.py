"""The last check of the energy table: a wrong number is worse than none.

What must hold of every record stands in ``CLAIMS``, one line each; what must hold of the table as a
whole (every sample x net x method x size there, once) is checked beside it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import pandas as pd

from .energy import STATUSES

KEY = ["sample", "net", "method", "size"]
SHOWN = 3  # records that a fault names
MOST = sys.float_info.max

# What holds of every record: from the table, merged with the samples, to true or false a record.
CLAIMS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
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
    "target_rank and target_probability are there where the status is ok": lambda t: (
        (t["status"] != "ok") | (t["target_rank"].notna() & t["target_probability"].notna())
    ),
}


def faults(
    table: pd.DataFrame, subset: pd.DataFrame, expected: Mapping[str, Sequence[str]]
) -> list[str]:
    """A sentence for everything that is wrong with the energy table; none if it is right.

    ``subset`` holds the study's samples (the columns of ``subset.csv``), ``expected`` the names
    that ``net``, ``method`` and ``size`` must take, each with every sample exactly once.
    """
    wrong = list(_cell_faults(table, subset, expected))
    merged = table.merge(
        subset[["sample", "image_id", "class", "mask_fraction"]],
        on="sample",
        how="left",
        suffixes=("", "_subset"),
    )
    for claim, holds in CLAIMS.items():
        broken = merged[~holds(merged).astype(bool)]
        if len(broken):
            wrong.append(f"not of every record: {claim}; {_named(broken[KEY].to_numpy().tolist())}")
    return wrong


def _cell_faults(
    table: pd.DataFrame, subset: pd.DataFrame, expected: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    found = pd.MultiIndex.from_frame(table[KEY])
    values = [list(subset["sample"]), *(expected[key] for key in KEY[1:])]
    wanted = pd.MultiIndex.from_tuples(list(product(*values)), names=KEY)
    for what, cells in {
        "missing": wanted.difference(found, sort=False),
        "more than once": found[found.duplicated()].unique(),
        "not of the study": found.difference(wanted, sort=False),
    }.items():
        if len(cells):
            yield f"{what}: {_named(cells.tolist())}"


def _named(cells: Sequence[Sequence[str]]) -> str:
    """``2 records: sample / net / method / size; ...``"""
    shown = "; ".join(" / ".join(map(str, cell)) for cell in cells[:SHOWN])
    count = f"{len(cells)} record{'s' if len(cells) > 1 else ''}"
    return f"{count}: {shown}" + ("; ..." if len(cells) > SHOWN else "")


def _between(column: pd.Series, lowest: float, highest: float) -> pd.Series:
    """Which values lie between, or are missing: that is for another claim."""
    return column.isna() | column.between(lowest, highest)


def _same(table: pd.DataFrame, column: str, by: list[str]) -> pd.Series:
    return table.groupby(by)[column].transform("nunique", dropna=False) == 1
