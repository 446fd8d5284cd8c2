"""Invariants of the scores, checked before a table is written: a wrong number is worse than none.

``INVARIANTS`` holds those of every record, one line each; ``invariants`` adds those of the study's
metrics; ``SWEEP_INVARIANTS`` are those of the sweep of dilations. Beside them, every sample x net x
method x size, and every sample x control x size, must be in the table once.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from lookwhere.metrics.columns import KEY
from lookwhere.metrics.concentration import STATUSES
from lookwhere.metrics.registry import METRICS

NO_ENERGY = ["not_finite", "not_defined", "no_map"]  # statuses without energy, not even 0
EXAMPLES = 3  # records that a fault names
MOST = sys.float_info.max
NO_NET = "no net"  # of a control, in this module; names of nets hold no space

Invariant = Callable[[pd.DataFrame], pd.Series]

# Of every record: from the table, merged with the samples, to true or false a record.
INVARIANTS: dict[str, Invariant] = {
    f"status is one of {', '.join(STATUSES)}": lambda t: t["status"].isin(STATUSES),
    "concentration is there exactly where the status is ok": lambda t: (
        t["concentration"].notna() == (t["status"] == "ok")
    ),
    f"energy is there unless the status is {', '.join(NO_ENERGY)}": lambda t: (
        (t["energy_inside"].notna() == ~t["status"].isin(NO_ENERGY))
        & (t["energy_total"].notna() == ~t["status"].isin(NO_ENERGY))
    ),
    "not_defined is the status of a net's map alone": lambda t: (
        (t["status"] != "not_defined") | (t["net"] != NO_NET)
    ),
    "no_map is the status of a map of a folder alone": lambda t: (
        (t["status"] != "no_map") | ((t["net"] != NO_NET) & ~t["is_computed"])
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
    "target and output_activation are there exactly where a net's map is computed": lambda t: (
        (t["target"].notna() == t["is_computed"])
        & (t["output_activation"].notna() == t["is_computed"])
    ),
    "target is not below 0": lambda t: _between(t["target"], 0, MOST),
    "target_rank is not below 1": lambda t: _between(t["target_rank"], 1, MOST),
    "target_probability lies in [0, 1]": lambda t: _between(t["target_probability"], 0, 1),
    "target_rank and target_probability are there where a net's map is ok": lambda t: (
        (t["status"] != "ok")
        | ~t["is_computed"]
        | (t["target_rank"].notna() & t["target_probability"].notna())
    ),
    "target_recognised is there exactly where a sigmoid output has a probability": lambda t: (
        t["target_recognised"].notna()
        == ((t["output_activation"] == "sigmoid") & t["target_probability"].notna())
    ),
}

# Of every step of the sweep, in order of dilation, with the status of its record.
SWEEP_INVARIANTS: dict[str, Invariant] = {
    "swept concentration lies in [0, 1]": lambda t: _between(t["concentration"], 0, 1),
    "swept mask_fraction lies in [0, 1]": lambda t: t["mask_fraction"].between(0, 1),
    "swept concentration is there where the record's is, unless the mask is empty": lambda t: (
        (t["status"] != "ok") | (t["concentration"].notna() == (t["mask_fraction"] > 0))
    ),
    "swept concentration is missing where the map has no finite energy": lambda t: (
        ~t["status"].isin(["zero_energy", *NO_ENERGY]) | t["concentration"].isna()
    ),
    "swept concentration never falls as the mask grows": lambda t: _grows(t, "concentration"),
    "swept mask_fraction never falls as the mask grows": lambda t: _grows(t, "mask_fraction"),
}


def invariants(metrics: Sequence[str]) -> dict[str, Invariant]:
    """The invariants of every record of a study with these ``metrics``."""
    bounds = {name: METRICS[name].bounds for name in metrics}
    return {
        **INVARIANTS,
        **{
            f"{m} lies in [{low:g}, {high:g}]": _in(m, low, high)
            for m, (low, high) in bounds.items()
        },
        **{f"{m} is missing where the status is not ok": _of_ok(m) for m in metrics},
    }


def faults(
    table: pd.DataFrame,
    subset: pd.DataFrame,
    expected: Mapping[str, Any],
    metrics: Sequence[str],
) -> list[str]:
    """A sentence for every fault of the table of scores; none if it is valid.

    ``subset`` holds the study's samples (the columns of ``subset.csv``), ``expected`` the sizes of
    each ``net`` by name, and the names of each ``method``, each with every sample exactly once; and
    of every ``control``, which has no net, at every ``size``; maps of the nets in ``folders`` are
    not computed. ``metrics`` are the study's.
    """
    table = table.assign(net=table["net"].fillna(NO_NET))
    table = table.assign(is_computed=~table["net"].isin([NO_NET, *expected["folders"]]))
    faults = list(_difference(table[KEY], _cells(subset, expected)))
    merged = table.merge(
        subset[["sample", "image_id", "class", "mask_fraction"]],
        on="sample",
        how="left",
        suffixes=("", "_subset"),
    )
    return faults + _broken(merged, invariants(metrics))


def faithfulness_faults(
    table: pd.DataFrame, scores: pd.DataFrame, folders: Sequence[str]
) -> list[str]:
    """A sentence for every fault of a metric's ``table``, which needs the net.

    Every record in ``scores`` must be in it, once, but those of no net and of the nets in
    ``folders``.
    """
    computed = scores[scores["net"].notna() & ~scores["net"].isin(folders)]
    return list(_difference(table[KEY], pd.MultiIndex.from_frame(computed[KEY])))


def sweep_faults(
    sweep: pd.DataFrame, scores: pd.DataFrame, dilations: Sequence[float]
) -> list[str]:
    """A sentence for every fault of the sweep of the records in ``scores``.

    Every record must have every one of the ``dilations``, once.
    """
    sweep, scores = (table.assign(net=table["net"].fillna(NO_NET)) for table in (sweep, scores))
    records = scores[[*KEY, "status"]].drop_duplicates(KEY)
    expected = records.merge(pd.DataFrame({"dilation": list(dilations)}), how="cross")
    step = [*KEY, "dilation"]
    faults = list(_difference(sweep[step], pd.MultiIndex.from_frame(expected[step])))
    merged = sweep.merge(records, on=KEY).sort_values(step, ignore_index=True)
    return faults + _broken(merged, SWEEP_INVARIANTS)


def _cells(subset: pd.DataFrame, expected: Mapping[str, Any]) -> pd.MultiIndex:
    samples = list(subset["sample"])
    cells = [
        cell
        for net, sizes in expected["net"].items()
        for cell in product(samples, [net], expected["method"], sizes)
    ]
    cells += product(samples, [NO_NET], expected["control"], expected["size"])
    return pd.MultiIndex.from_tuples(cells, names=KEY)


def _difference(cells: pd.DataFrame, expected: pd.MultiIndex) -> Iterator[str]:
    actual = pd.MultiIndex.from_frame(cells)
    for what, wrong in {
        "missing": expected.difference(actual, sort=False),
        "more than once": actual[actual.duplicated()].unique(),
        "not of the study": actual.difference(expected, sort=False),
    }.items():
        if len(wrong):
            yield f"{what}: {_named(wrong.tolist())}"


def _broken(table: pd.DataFrame, invariants: Mapping[str, Invariant]) -> list[str]:
    faults = []
    for invariant, holds in invariants.items():
        broken = table[~holds(table).astype(bool)]
        if len(broken):
            cells = _named(broken[KEY].to_numpy().tolist())
            faults.append(f"not of every record: {invariant}; {cells}")
    return faults


def _named(cells: Sequence[Sequence[str]]) -> str:
    """``2 records: sample / net / method / size; ...``"""
    examples = "; ".join(" / ".join(map(str, cell)) for cell in cells[:EXAMPLES])
    count = f"{len(cells)} record{'s' if len(cells) > 1 else ''}"
    return f"{count}: {examples}" + ("; ..." if len(cells) > EXAMPLES else "")


def _between(column: pd.Series, lowest: float, highest: float) -> pd.Series:
    """Whether values lie between, or are missing: another invariant covers that."""
    return column.isna() | column.between(lowest, highest)


def _in(metric: str, lowest: float, highest: float) -> Invariant:
    """The values lie in the bounds, which may be infinite, and are finite."""
    return lambda t: _between(t[metric], max(lowest, -MOST), min(highest, MOST))


def _of_ok(metric: str) -> Invariant:
    return lambda t: t[metric].isna() | (t["status"] == "ok")


def _same(table: pd.DataFrame, column: str, by: list[str]) -> pd.Series:
    return table.groupby(by)[column].transform("nunique", dropna=False) == 1


def _grows(table: pd.DataFrame, column: str) -> pd.Series:
    return ~(table.groupby(KEY)[column].diff() < 0)
