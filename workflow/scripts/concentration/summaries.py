"""Summaries: what the records of a group come to.

The mean is over the records where the measure is defined; those where it is not are counted, with
the reason. Chance is what a map that knows nothing gets: the mean mask fraction of the same
records. Lift is mean / chance. Intervals are over images.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from . import intervals
from .energy import STATUSES
from .groups import split
from .measures import CHANCE


def summarise(
    records: pd.DataFrame,
    by: Sequence[str] = ("method",),
    value: str = "concentration",
    chance: str = "mask_fraction",
) -> pd.DataFrame:
    """One row a group, in the study's order.

    Columns: ``by``, records, undefined, reasons (of records with a status), sum, mean, low, high,
    ``chance``, lift, lift_low, lift_high.
    """
    rows = [key | _summary(group, value, chance) for key, group in split(records, by)]
    return pd.DataFrame(rows, columns=None if rows else [*by, *_summary(records, value, chance)])


def summarise_measures(records: pd.DataFrame) -> pd.DataFrame:
    """One row a measure and method: as ``summarise``, with the level of chance in ``chance``."""
    return pd.concat(
        summarise(records, ["method"], measure, chance)
        .rename(columns={chance: "chance"})
        .assign(measure=measure)
        for measure, chance in CHANCE.items()
    )[lambda table: ["measure", *table.columns.drop("measure")]]


def _summary(group: pd.DataFrame, value: str, chance: str) -> dict[str, object]:
    defined = group[group[value].notna()]
    values, images = defined[value], defined["image_id"]
    low, high = intervals.of_mean(values, images)
    lift_low, lift_high = intervals.of_ratio(values, defined[chance], images)
    mean, by_chance = values.mean(), defined[chance].mean()
    return {
        "records": len(group),
        "undefined": len(group) - len(defined),
        **({"reasons": _reasons(group["status"])} if "status" in group else {}),
        "sum": values.sum(),
        "mean": mean,
        "low": low,
        "high": high,
        chance: by_chance,
        "lift": mean / by_chance,
        "lift_low": lift_low,
        "lift_high": lift_high,
    }


def compare(table: pd.DataFrame, means: Mapping[str, float]) -> pd.DataFrame:
    """The table by method with another study's means beside ours: reference_mean, difference."""
    other = table["method"].map(dict(means)).astype("float64")
    return table.assign(reference_mean=other, difference=table["mean"] - other)


def undefined(records: pd.DataFrame) -> pd.DataFrame:
    """How many records of which net, size and method are undefined, and why: one row a reason."""
    by = ["net", "size", "method"]
    of = records.groupby(by, sort=False).size().rename("of")
    counts = records[records["status"] != "ok"].groupby([*by, "status"], sort=False).size()
    return counts.rename("records").reset_index().merge(of.reset_index(), on=by)


def _reasons(status: pd.Series) -> str:
    counts = status.value_counts()
    undefined = [name for name in STATUSES if name != "ok" and counts.get(name, 0)]
    return ", ".join(f"{counts[name]} {name}" for name in undefined)
