"""Does a map tell the class that it explains from another class in the same image?

A pair is a sample, and another class in its image: two objects, and two maps of one net and method,
each of which explains the class of one object. Its energies are a 2 x 2: map by object.

    share of a map = d / (d + d'),  d and d' its energy per pixel on its own and the other object
    discrimination = share of the one map + share of the other - 1

A map is right where its share is above one half. The map of a method that ignores the class is the
same for both: its shares are s and 1 - s, so that exactly one map of each pair is right, and the
discrimination is 0, however much the map prefers an object. It is 1 where each map has no energy on
the object of the other. Of noise, one pair in four has both right.
"""

import pandas as pd

from lookwhere.metrics.rivals import OTHER_CLASS
from lookwhere.statistics import bootstrap
from lookwhere.statistics.equal_maps import TOLERANCE
from lookwhere.statistics.paired import compare, corrected, exact
from lookwhere.statistics.strata import split

BY = ["net", "size", "method"]
NAMES = {"difference": "discrimination"}
COLUMNS = [
    *("pairs", "undefined", "images", "both", "both_low", "both_high", "one", "none"),
    *("discrimination", "discrimination_low", "discrimination_high", "p", "p_holm"),
    *("lift", "lift_low", "lift_high", "lift_of_other", "other_low", "other_high"),
]


def of_pairs(rivals: pd.DataFrame) -> pd.DataFrame:
    """The samples with another class in their image, a row a net, size and method.

    Columns: those of ``rivals``, own_share and other_share (NaN where undefined: a map is, or has
    no energy on both objects), right (of both maps: 0, 1 or 2) and discrimination.
    """
    pairs = rivals[(rivals["rival"] == OTHER_CLASS) & rivals["other_class"].notna()]
    own = _share(pairs, "own_on_own", "own_on_other", "own_fraction", "other_fraction")
    other = _share(pairs, "other_on_other", "other_on_own", "other_fraction", "own_fraction")
    right = sum((share > 0.5 + TOLERANCE).astype(int) for share in (own, other))
    return pairs.assign(
        own_share=own,
        other_share=other,
        right=right,
        discrimination=own + other - 1,
    )


def of_methods(rivals: pd.DataFrame) -> pd.DataFrame:
    """The discrimination of every net, size and method.

    Columns: net, size, method, pairs, undefined, images (of the others); the shares of pairs in
    which both maps are right, one, or none, and the interval of the first; discrimination with its
    interval, p of Wilcoxon's test against 0 over images, and p_holm, corrected over the methods of
    the net and size; the lift on an object of the map that explains its class, and of that which
    explains the other, with intervals.
    """
    pairs = of_pairs(rivals)
    table = pd.DataFrame([key | _row(group) for key, group in split(pairs, BY)])
    if table.empty:
        return pd.DataFrame(columns=[*BY, *COLUMNS])
    return corrected(table, [table["net"], table["size"]]).rename(columns=NAMES)[[*BY, *COLUMNS]]


def tests(table: pd.DataFrame) -> pd.Series:
    """The number of tests that are corrected together, of each net and size of ``of_methods``."""
    return table["p"].notna().groupby([table["net"], table["size"]], observed=True).sum()


def _row(group: pd.DataFrame) -> dict[str, float]:
    defined = group[group["discrimination"].notna()]
    images, both = defined["image_id"], (defined["right"] == 2).astype(float)
    tested = compare(defined, exact(defined["discrimination"]), of_nets=False)
    ends = {"discrimination_low": tested.pop("low"), "discrimination_high": tested.pop("high")}
    both_low, both_high = bootstrap.mean_interval(both, images)
    return {
        **tested,
        **ends,
        "pairs": len(group),
        "undefined": len(group) - len(defined),
        "both": both.mean(),
        "both_low": both_low,
        "both_high": both_high,
        "one": (defined["right"] == 1).mean(),
        "none": (defined["right"] == 0).mean(),
        **_lift(defined, "own_on_own", "other_on_other", ("lift", "lift_low", "lift_high")),
        **_lift(
            defined, "other_on_own", "own_on_other", ("lift_of_other", "other_low", "other_high")
        ),
    }


def _lift(pairs: pd.DataFrame, on_own: str, on_other: str, names: tuple[str, ...]) -> dict:
    """Share of energy / share of pixels, over both objects of all pairs, with its interval.

    ``on_own`` and ``on_other`` name the energies on the object of the sample and on the other.
    """
    energy = sum(
        pairs[column] / pairs[f"{column.split('_')[0]}_total"] for column in (on_own, on_other)
    )
    pixels = pairs["own_fraction"] + pairs["other_fraction"]
    low, high = bootstrap.ratio_interval(energy, pixels, pairs["image_id"])
    return dict(zip(names, (energy.mean() / pixels.mean(), low, high), strict=True))


def _share(pairs: pd.DataFrame, on: str, off: str, pixels_on: str, pixels_off: str) -> pd.Series:
    """The share of a map's energy per pixel on its own object, of both objects."""
    inside, outside = pairs[on] / pairs[pixels_on], pairs[off] / pairs[pixels_off]
    share = inside / (inside + outside)
    return share.where(pairs["pair_status"] == "ok")
