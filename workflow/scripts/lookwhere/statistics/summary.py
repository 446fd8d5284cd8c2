"""Summary statistics of groups of records.

The mean is over the records where the metric is defined; the others are counted by reason, and so
are the maps of negligible energy. Chance is what an uninformative map scores: the mean of the same
records' mask fraction, or of the column that the metric declares. Lift is mean /
chance. Intervals are over images.
"""

from collections.abc import Mapping, Sequence
from math import nan

import pandas as pd

from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.metrics.concentration import STATUSES
from lookwhere.metrics.registry import FIRST_METRIC, METRICS, of_maps, of_passes, of_records
from lookwhere.statistics import bootstrap
from lookwhere.statistics.strata import PREDICTIONS, add_strata, as_text, once, split, spread

OF_NO_NET = "-"  # the net of a control's map
CHANCE = "chance"  # the column of a metric without a level of chance, and of tables of several


def summarise(
    records: pd.DataFrame, by: Sequence[str] = ("method",), metric: str = FIRST_METRIC
) -> pd.DataFrame:
    """One row a group, in the study's order.

    Columns: ``by``, records (the maps of controls once), images (of defined records), undefined,
    reasons (of records with a status), negligible (of records that have it), sum, mean, low, high,
    over nets the means of the lowest and the highest net, the level of chance (mask_fraction,
    box_fraction or, of a metric without one, chance), lift, lift_low, lift_high.
    """
    of_nets = "net" not in by
    rows = [key | _summary(once(group), metric, of_nets) for key, group in split(records, by)]
    return pd.DataFrame(rows, columns=None if rows else [*by, *_summary(records, metric, of_nets)])


def summarise_measures(
    records: pd.DataFrame, needs_net: bool | None = None, by: Sequence[str] = ("method",)
) -> pd.DataFrame:
    """One row a metric of the study and group of ``by``: as ``summarise``, its level in ``chance``.

    With ``needs_net`` those metrics alone that need the net, or that need none.
    """
    names = of_records(records.columns)
    if needs_net is not None:
        names = of_passes(names) if needs_net else of_maps(names)
    return pd.concat(
        summarise(records, by, name)
        .rename(columns={METRICS[name].chance: CHANCE})
        .assign(measure=name)
        for name in names
    )[lambda table: ["measure", *table.columns.drop("measure")]]


def lifts(records: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row a group of the columns ``by``: lift with its counts, named as by ``mean_of``."""
    counts = {name: f"lift_{name}" for name in ("records", "undefined")}
    ends = ["lift", "lift_low", "lift_high"]
    return summarise(records, by).rename(columns=counts)[[*by, *ends, *counts.values()]]


def means(records: pd.DataFrame, name: str, by: Sequence[str]) -> pd.DataFrame:
    """One row a group of the columns ``by``, in the study's order: those of ``mean_of``."""
    rows = [key | mean_of(group, name) for key, group in split(records, by)]
    return pd.DataFrame(rows, columns=None if rows else [*by, *mean_of(records, name)])


def mean_of(records: pd.DataFrame, name: str) -> dict[str, float | int]:
    """The mean of a column ``name`` over the records that have it.

    Keys: ``name``; with its ending _low and _high, the interval over images; _records and
    _undefined, how many records there are, and how many of these have no value.
    """
    defined = records[records[name].notna()]
    low, high = bootstrap.mean_interval(defined[name], defined["image_id"])
    return {
        name: defined[name].mean(),
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_records": len(records),
        f"{name}_undefined": len(records) - len(defined),
    }


def _summary(group: pd.DataFrame, metric: str, of_nets: bool) -> dict[str, object]:
    defined = group[group[metric].notna()]
    values, images = defined[metric], defined["image_id"]
    chance = METRICS[metric].chance
    low, high = bootstrap.mean_interval(values, images)
    mean, by_chance = values.mean(), defined[chance].mean() if chance else nan
    lift_low, lift_high = (
        bootstrap.ratio_interval(values, defined[chance], images) if chance else (nan, nan)
    )
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
        **(spread(values, defined["net"]) if of_nets else {}),
        chance or CHANCE: by_chance,
        "lift": mean / by_chance,
        "lift_low": lift_low,
        "lift_high": lift_high,
    }


def within_strata(
    records: pd.DataFrame, member: pd.Series, other: pd.Series
) -> dict[str, float | int]:
    """The difference in concentration of ``member`` less ``other``, within classes and nets.

    Both are booleans, one a record. Groups with other shares of the classes or nets differ in their
    means even where no class and net does (Simpson's paradox): the difference of the means is taken
    within each class and net that has records in both, and averaged over these.

    Columns: images (of ``member``, compared), classes, within, within_low, within_high. NaN where
    either has fewer than ``bootstrap.FEWEST`` images that can be compared.
    """
    compared = records[(member | other) & records[FIRST_METRIC].notna()]
    strata = compared["class"].astype(str) + "\n" + compared["net"].astype(str)
    both = member[compared.index].groupby(strata).transform("nunique") == 2
    compared, strata = compared[both], strata[both]
    is_member = member[compared.index]
    means = compared[FIRST_METRIC].groupby([strata, is_member]).mean().unstack()
    images = compared["image_id"].groupby(is_member).nunique().reindex([True, False], fill_value=0)
    low, high = bootstrap.difference_interval(
        compared[FIRST_METRIC], compared["image_id"], strata, is_member
    )
    enough = images.min() >= bootstrap.FEWEST
    return {
        "images": int(images[True]),
        "classes": compared["class"].nunique(),
        "within": (means[True] - means[False]).mean() if enough else nan,
        "within_low": low,
        "within_high": high,
    }


def by_prediction(records: pd.DataFrame) -> pd.DataFrame:
    """Concentration by prediction stratum and method, over ``records``.

    The rows of ``summarise``; those of a stratum before its complement have the columns of
    ``within_strata``: the difference of the two.
    """
    table = summarise(add_strata(records, ["prediction"]), ["prediction", "method"])
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
    """The table by method with another study's means: reference_mean, difference."""
    reference = table["method"].map(dict(means)).astype("float64")
    return table.assign(reference_mean=reference, difference=table["mean"] - reference)


def undefined(records: pd.DataFrame) -> pd.DataFrame:
    """Counts of undefined records: one row a net, size, method and reason."""
    by = ["net", "size", "method"]
    records = as_text(records)
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
