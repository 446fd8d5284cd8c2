"""Nets of known reason: where their maps' energy lies, and whether concentration tells a cheat.

A study states of a net which classes' masks hold what it is known to use, its *reason*, the
smallest mask first. A net is honest if the study's first class, the object, is among them, and
cheats otherwise. The detector reads the concentration on the object alone: a record below a
threshold is flagged as a cheat's. Nets of no known reason and untrained ones are left out.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.statistics import bootstrap
from lookwhere.statistics.strata import methods_only, split, trained_only
from lookwhere.statistics.summary import summarise

CHANCE = "mask_fraction"
UNITS = ("image", "net")  # what the detector judges: a map, or the mean over a net's images
TRUE, HOLDS, DECOY = "reason", "holds the reason", "decoy"

Reasons = Mapping[str, Sequence[str]]  # classes by net


def of_known_reason(records: pd.DataFrame, reasons: Reasons) -> pd.DataFrame:
    """The records of methods, of trained nets of known reason."""
    of_methods = methods_only(trained_only(records))
    return of_methods[of_methods["net"].isin(list(reasons))]


def left_out(records: pd.DataFrame, reasons: Reasons) -> int:
    """The number of nets without a known reason, untrained ones included."""
    return records["net"].nunique() - of_known_reason(records, reasons)["net"].nunique()


def shares(records: pd.DataFrame, reasons: Reasons, by: Sequence[str] = ("net",)) -> pd.DataFrame:
    """The share of the energy on each class, by net (or reason), class and method.

    ``by`` holds net, or the column ``reason`` of nets with the same one. The columns of
    ``summarise``, behind reason (names, the smallest mask first) and role: whether the class is the
    reason, holds it, or is a decoy.
    """
    known = of_known_reason(records, reasons)
    named = {net: ", ".join(names) for net, names in reasons.items()}
    in_order = pd.CategoricalDtype(list(dict.fromkeys(named.values())))
    known = known.assign(reason=known["net"].astype(str).map(named).astype(in_order))
    keys = list(dict.fromkeys([*by, "reason", "class", "method"]))
    table = summarise(known, keys)
    by_name = {named[net]: names for net, names in reasons.items()}
    pairs = zip(table["class"].astype(str), table["reason"].astype(str), strict=True)
    roles = [_role(class_name, by_name[reason]) for class_name, reason in pairs]
    table.insert(keys.index("class") + 1, "role", roles)
    return table


def _role(class_name: str, reason: Sequence[str]) -> str:
    if class_name == reason[0]:
        return TRUE
    return HOLDS if class_name in reason else DECOY


def detection(
    records: pd.DataFrame, reasons: Reasons, units: Sequence[str] = UNITS
) -> pd.DataFrame:
    """How well the concentration on the object tells cheating nets: one row a unit and method.

    Columns: unit, method, records (or nets) and undefined ones (nets without any
    defined record), honest and cheating (numbers of the defined), auc with auc_low and auc_high
    (over images), sensitivity and specificity below a lift of 1, and best_sensitivity,
    best_specificity and threshold (the concentration below which a net is flagged) where their sum
    is highest (Youden's index, on the same records: optimistic).
    """
    known = of_known_reason(records, reasons)
    first = records["class"].cat.categories[0]
    known = known[known["class"] == first]
    is_honest = {net: first in names for net, names in reasons.items()}
    known = known.assign(honest=known["net"].astype(str).map(is_honest).astype(bool))
    rows = [
        {"unit": unit} | key | _detection(group, unit)
        for unit in units
        for key, group in split(known, ["method"])
    ]
    return pd.DataFrame(rows, columns=None if rows else ["unit", "method", *_detection(known, "")])


def _detection(group: pd.DataFrame, unit: str) -> dict[str, float | int]:
    """The row of one method; of its records, or of the means of nets."""
    defined = group[group[FIRST_METRIC].notna()]
    units, undefined = defined, len(group) - len(defined)
    if unit == "net":
        by_net = defined.groupby("net", observed=True)
        units = by_net[[FIRST_METRIC, CHANCE]].mean().assign(honest=by_net["honest"].first())
        undefined = group["net"].nunique() - len(units)
    scores, is_cheat = units[FIRST_METRIC].to_numpy(float), ~units["honest"].to_numpy(bool)
    low, high = (_interval_of_means if unit == "net" else _interval_of_records)(defined)
    at_chance = _rates(scores < units[CHANCE].to_numpy(float), is_cheat)
    threshold, best = _best(scores, is_cheat)
    return {
        "records": len(units) + undefined,
        "undefined": undefined,
        "honest": int((~is_cheat).sum()),
        "cheating": int(is_cheat.sum()),
        "auc": auc(scores, is_cheat),
        "auc_low": low,
        "auc_high": high,
        "sensitivity": at_chance[0],
        "specificity": at_chance[1],
        "best_sensitivity": best[0],
        "best_specificity": best[1],
        "threshold": threshold,
    }


def auc(scores: NDArray[np.float64], is_cheat: NDArray[np.bool_]) -> float:
    """The area under the ROC curve of a low score as the sign of a cheat; NaN of one kind alone.

    The probability that a cheat scores below an honest net, ties counted half (Mann and Whitney
    1947).
    """
    honest, cheating = scores[~is_cheat], scores[is_cheat]
    if not len(honest) or not len(cheating):
        return float("nan")
    statistic = stats.mannwhitneyu(honest, cheating, method="asymptotic").statistic
    return float(statistic / (len(honest) * len(cheating)))


def _rates(flagged: NDArray[np.bool_], is_cheat: NDArray[np.bool_]) -> tuple[float, float]:
    """Sensitivity and specificity of flags; NaN without any cheat, or honest one."""
    sides = (flagged[is_cheat], ~flagged[~is_cheat])
    sensitivity, specificity = (float(side.mean()) if len(side) else np.nan for side in sides)
    return sensitivity, specificity


def _best(
    scores: NDArray[np.float64], is_cheat: NDArray[np.bool_]
) -> tuple[float, tuple[float, float]]:
    """The threshold of the highest Youden index, midway between scores, and its rates."""
    if not is_cheat.any() or is_cheat.all():
        return np.nan, (np.nan, np.nan)
    values = np.unique(scores)
    thresholds = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, [np.inf]])
    rates = [_rates(scores < threshold, is_cheat) for threshold in thresholds]
    place = int(np.argmax([sum(pair) for pair in rates]))
    return float(thresholds[place]), rates[place]


def _interval_of_records(defined: pd.DataFrame) -> tuple[float, float]:
    """The interval of the AUC of records, over images.

    Pairs of an honest and a cheating record are counted by the images of both, once: a resample
    sums the counts of its images, each as often as it has both.
    """
    images, codes = np.unique(defined["image_id"], return_inverse=True)
    honest = defined["honest"].to_numpy(bool)
    if not _are_enough(len(images), honest):
        return np.nan, np.nan
    scores = defined[FIRST_METRIC].to_numpy(float)
    pairs = scores[honest, None], scores[None, ~honest]
    above = (pairs[0] > pairs[1]) + 0.5 * (pairs[0] == pairs[1])
    wins = np.zeros((len(images), len(images)))
    np.add.at(wins, (codes[honest, None], codes[None, ~honest]), above)
    numbers = [np.bincount(codes[side], minlength=len(images)) for side in (honest, ~honest)]

    def of_resample(resample: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        drawn = bootstrap.occurrences(resample)
        won = ((drawn @ wins) * drawn).sum(axis=-1)
        compared = (drawn @ numbers[0]) * (drawn @ numbers[1])
        return np.asarray(won / compared)

    return bootstrap.interval(of_resample, len(images), len(images))


def _interval_of_means(defined: pd.DataFrame) -> tuple[float, float]:
    """The interval of the AUC of the means of nets, over images; the nets are as they are."""
    images, codes = np.unique(defined["image_id"], return_inverse=True)
    nets, net = np.unique(defined["net"].astype(str), return_inverse=True)
    honest = np.zeros(len(nets), bool)
    honest[net] = defined["honest"]
    if not _are_enough(len(images), honest):
        return np.nan, np.nan
    sums, counts = np.zeros((2, len(images), len(nets)))
    np.add.at(sums, (codes, net), defined[FIRST_METRIC].to_numpy(float))
    np.add.at(counts, (codes, net), 1)

    def of_resample(resample: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):  # 0 / 0 where a resample lacks a net
            means = sums[resample].sum(axis=-2) / counts[resample].sum(axis=-2)
        one, other = means[..., honest, None], means[..., None, ~honest]
        above = (one > other) + 0.5 * (one == other)
        return np.asarray(above.mean(axis=(-2, -1)))

    return bootstrap.interval(of_resample, len(images), sums.size)


def _are_enough(images: int, honest: NDArray[np.bool_]) -> bool:
    return images >= bootstrap.FEWEST and bool(honest.any()) and not bool(honest.all())
