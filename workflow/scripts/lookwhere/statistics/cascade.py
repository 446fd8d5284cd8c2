"""The cascade in numbers: how maps change as the layers of their net become random.

Records are those of ``cascade.parquet``: one a sample, net, method, size, stage and seed. Stage 0
is the net as it is; in the last stage of a net all layers are random: these are its untrained
twins, one a seed. Means are over samples and seeds, intervals over images.

Rank correlation and SSIM compare a map with that of the net as it is. A map that hardly changes
although no layer is as it was does not depend on what the net has learned (Adebayo et al. 2018).
The relative rise of the entropy, from the net to its twins, needs no such comparison (the efficient
variant of Hedström et al. 2024): a map of no structure is more complex.
"""

from collections.abc import Sequence
from math import nan

import pandas as pd

from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.statistics import paired
from lookwhere.statistics.strata import as_text, split
from lookwhere.statistics.summary import lifts, mean_of, means

CELL = ["net", "size", "method"]
COMPARED = ["rank_correlation", "rank_correlation_signed", "ssim"]
SAMPLE = [*CELL, "sample", "image_id"]

# A map keeps more than half of the order of its pixels, or less. The literature has no threshold
# (Hedström et al. 2024): this one is a convention.
HALF = 0.5
CHANGES, LATE, KEEPS = "changes with the net", "changes late", "keeps its map"
BETWEEN, TOO_FEW, UNDEFINED = "in between", "too few images", "undefined"


def by_stage(records: pd.DataFrame, by: Sequence[str] = (*CELL, "stage")) -> pd.DataFrame:
    """One row a group of the columns ``by``, in the study's order.

    Columns: ``by``, share_of_layers (random, of its last record), records, images (of defined
    records), undefined (without a rank correlation), those of ``summary.mean_of`` for
    rank_correlation, rank_correlation_signed and ssim, and those of ``summary.lifts``.
    """
    rows = [key | _similarity(group) for key, group in split(records, by)]
    columns = [*by, *_similarity(records)]
    return pd.DataFrame(rows, columns=columns).merge(lifts(records, by), on=list(by), how="left")


def twins(records: pd.DataFrame) -> pd.DataFrame:
    """The records of the untrained twins: those of the last stage of each net."""
    last = records.groupby("net", observed=True)["stage"].transform("max")
    return records[(records["stage"] == last) & (last > 0)]


def trained(records: pd.DataFrame) -> pd.DataFrame:
    """The records of the nets as they are."""
    return records[records["stage"] == 0]


def verdicts(records: pd.DataFrame) -> pd.DataFrame:
    """One row a net, size and method: what is left of its maps in the untrained twins.

    Columns: those of ``by_stage``, of the twins; trained_lift, of the nets as they are, and its
    counts; kept_to, the largest share of random layers up to which the mean rank correlation is
    above a half; those of ``summary.mean_of`` for entropy_rise, (entropy - trained entropy) /
    trained entropy; and verdict. A method ``keeps its map`` if the interval of its rank correlation
    lies above a half. If it lies below, the map ``changes with the net``, or ``changes late`` where
    it is kept while more than half of the layers are random.
    """
    of_twins = twins(records)
    table = by_stage(of_twins, CELL).drop(columns="share_of_layers")
    of_net = lifts(trained(records), CELL).drop(columns=["lift_low", "lift_high"])
    table = table.merge(_renamed(of_net, "trained_"), on=CELL, how="left")
    for more in (_kept_to(records), _entropy_rise(records)):
        table = table.merge(more, on=CELL, how="left")
    return table.assign(verdict=[_verdict(row) for _, row in table.iterrows()])


def against_twins(records: pd.DataFrame) -> pd.DataFrame:
    """One row a net, size and method: its lift on the net, and on its untrained twins.

    The twins are a control: a method whose maps are as concentrated without anything learned does
    not show what the net has learned. A pair is a sample; its difference in concentration is that
    of the net less the mean of its twins, where the map is defined on the net and on one of them at
    the least. Columns: ``CELL``, those of ``summary.lifts`` and, with twin_ before, of the twins,
    and those of ``paired.differences`` from pairs to result. The tests of a net and size are
    corrected together.
    """
    of_twins = _renamed(lifts(twins(records), CELL), "twin_")
    both = lifts(trained(records), CELL).merge(of_twins, on=CELL)
    means = (table.groupby(SAMPLE, observed=True)[FIRST_METRIC].mean() for table in _texts(records))
    pairs = pd.concat(means, axis=1, keys=["net_itself", "twins"]).dropna().reset_index()
    pairs["difference"] = paired.exact(pairs["net_itself"] - pairs["twins"])
    rows = []
    for row in both[CELL].to_dict("records"):
        own = pairs[(pairs[CELL] == pd.Series(row)).all(axis=1)]
        rows.append(row | paired.compare(own, own["difference"], of_nets=False))
    table = both.merge(pd.DataFrame(rows, columns=None if rows else CELL), on=CELL)
    return paired.corrected(table, [table["net"], table["size"]]) if rows else table


def _texts(records: pd.DataFrame) -> list[pd.DataFrame]:
    return [as_text(table) for table in (trained(records), twins(records))]


def _renamed(of_nets: pd.DataFrame, prefix: str) -> pd.DataFrame:
    return of_nets.rename(columns=lambda name: name if name in CELL else f"{prefix}{name}")


def _similarity(group: pd.DataFrame) -> dict[str, float]:
    numbers: dict[str, float] = {
        "share_of_layers": group["share_of_layers"].iloc[-1] if len(group) else nan,
        "records": len(group),
        "images": group.loc[group["rank_correlation"].notna(), "image_id"].nunique(),
        "undefined": int(group["rank_correlation"].isna().sum()),
    }
    for name in COMPARED:
        numbers |= mean_of(group, name)
    return numbers


def _entropy_rise(records: pd.DataFrame) -> pd.DataFrame:
    """The mean relative rise of the entropy, from the map of the net to that of each twin.

    Undefined where one of them is zero, or that of the net flat.
    """
    before, after = _texts(records)
    before = before.rename(columns={"entropy": "of_net"})[[*SAMPLE, "of_net"]]
    both = after.merge(before, on=SAMPLE, how="left")
    rise = (both["entropy"] - both["of_net"]) / both["of_net"].where(both["of_net"] > 0)
    return means(both.assign(entropy_rise=rise), "entropy_rise", CELL)


def _kept_to(records: pd.DataFrame) -> pd.DataFrame:
    cells = as_text(records).groupby([*CELL, "share_of_layers"], sort=True)
    is_kept = (cells["rank_correlation"].mean() > HALF).reset_index(name="is_kept")
    is_kept["is_kept"] |= is_kept["share_of_layers"] == 0
    is_kept = is_kept[is_kept.groupby(CELL)["is_kept"].cummin()]
    return is_kept.groupby(CELL)["share_of_layers"].max().rename("kept_to").reset_index()


def _verdict(row: pd.Series) -> str:
    if pd.isna(row["rank_correlation"]):
        return UNDEFINED
    if pd.isna(row["rank_correlation_low"]):
        return TOO_FEW
    if row["rank_correlation_low"] > HALF:
        return KEEPS
    if row["rank_correlation_high"] < HALF:
        return LATE if row["kept_to"] > HALF else CHANGES
    return BETWEEN
