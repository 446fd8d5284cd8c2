"""Summaries: what the records of a group come to.

The mean is over the records where the measure is defined; those where it is not are counted, with
the reason, and so are the maps of negligible energy. Chance is what an uninformative map scores:
the mean mask fraction of the same records. Lift is mean / chance. Intervals are over images.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.metrics.concentration import STATUSES
from lookwhere.metrics.localisation import CHANCE
from lookwhere.statistics import bootstrap
from lookwhere.statistics.strata import PREDICTIONS, grouped, once, split

OF_NO_NET = "-"  # the net of a control's map


def summarise(
    records: pd.DataFrame,
    by: Sequence[str] = ("method",),
    value: str = "concentration",
    chance: str = "mask_fraction",
) -> pd.DataFrame:
    """One row a group, in the study's order.

    Columns: ``by``, records (the maps of controls once), images (of defined records), undefined,
    reasons (of records with a status), negligible (of records that have it), sum, mean, low, high,
    ``chance``, lift, lift_low, lift_high.
    """
    rows = [key | _summary(once(group), value, chance) for key, group in split(records, by)]
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
    low, high = bootstrap.of_mean(values, images)
    lift_low, lift_high = bootstrap.of_ratio(values, defined[chance], images)
    mean, by_chance = values.mean(), defined[chance].mean()
    return {
        "records": len(group),
        "images": images.nunique(),
        "undefined": len(group) - len(defined),
        **({"reasons": _reasons(group["status"])} if "status" in group else {}),
        **({"negligible": _negligible(defined)} if "negligible_energy" in group else {}),
        "sum": values.sum(),
        "mean": mean,
        "low": low,
        "high": high,
        chance: by_chance,
        "lift": mean / by_chance,
        "lift_low": lift_low,
        "lift_high": lift_high,
    }


def within_strata(
    records: pd.DataFrame, member: pd.Series, other: pd.Series
) -> dict[str, float | int]:
    """How much more concentrated the records ``member`` are than the ``other``, like with like.

    Both are booleans, one a record. Groups that differ in their classes or nets differ in their
    means even where no class and net does (Simpson's paradox), so the difference of the means is
    taken within each class and net that has records in both, and averaged over these.

    Columns: images (of ``member``, compared), classes, within, within_low, within_high. NaN where
    either has fewer than ``intervals.FEWEST`` images in what can be compared.
    """
    compared = records[(member | other) & records["concentration"].notna()]
    strata = compared["class"].astype(str) + "\n" + compared["net"].astype(str)
    both = member[compared.index].groupby(strata).transform("nunique") == 2
    compared, strata = compared[both], strata[both]
    is_member = member[compared.index]
    means = compared["concentration"].groupby([strata, is_member]).mean().unstack()
    images = compared["image_id"].groupby(is_member).nunique().reindex([True, False], fill_value=0)
    low, high = bootstrap.of_difference_within(
        compared["concentration"], compared["image_id"], strata, is_member
    )
    enough = images.min() >= bootstrap.FEWEST
    return {
        "images": int(images[True]),
        "classes": compared["class"].nunique(),
        "within": (means[True] - means[False]).mean() if enough else float("nan"),
        "within_low": low,
        "within_high": high,
    }


def by_prediction(records: pd.DataFrame) -> pd.DataFrame:
    """Concentration by how well the net recognises the target, and method, over ``records``.

    The rows of ``summarise``, with what ``within_strata`` finds beside the first group of each two:
    how much more it has than its complement, like with like.
    """
    table = summarise(grouped(records, ["prediction"]), ["prediction", "method"])
    names = list(PREDICTIONS)
    complements = dict(zip(names[::2], names[1::2], strict=True))
    rows = [
        {"prediction": name, "method": key["method"]}
        | within_strata(group, PREDICTIONS[name](group), PREDICTIONS[complement](group))
        for key, group in split(records, ["method"])
        for name, complement in complements.items()
    ]
    within = pd.DataFrame(rows).drop(columns="images")
    return table.merge(within, how="left", on=["prediction", "method"])


def compare(table: pd.DataFrame, means: Mapping[str, float]) -> pd.DataFrame:
    """The table by method with another study's means beside ours: reference_mean, difference."""
    other = table["method"].map(dict(means)).astype("float64")
    return table.assign(reference_mean=other, difference=table["mean"] - other)


def undefined(records: pd.DataFrame) -> pd.DataFrame:
    """How many records of which net, size and method are undefined, and why: one row a reason."""
    by = ["net", "size", "method"]
    controls = records["method"].isin(CONTROL_LABELS)
    records = once(records.assign(net=records["net"].mask(controls, OF_NO_NET)))
    of = records.groupby(by, sort=False).size().rename("of")
    counts = records[records["status"] != "ok"].groupby([*by, "status"], sort=False).size()
    return counts.rename("records").reset_index().merge(of.reset_index(), on=by)


def _negligible(group: pd.DataFrame) -> int:
    return int(group["negligible_energy"].astype("boolean").fillna(False).sum())


def _reasons(status: pd.Series) -> str:
    counts = status.value_counts()
    undefined = [name for name in STATUSES if name != "ok" and counts.get(name, 0)]
    return ", ".join(f"{counts[name]} {name}" for name in undefined)
