"""Strata: the groups of records that tables and figures compare.

Nets with random weights are controls: they are groups of their own, and left out wherever records
of several nets are pooled. The maps of the other controls need no net: they are repeated beside
each, and count once.
"""

from collections.abc import Callable, Iterator, Sequence
from math import nan

import numpy as np
import pandas as pd

from lookwhere.methods.names import CONTROL_LABELS, LABELS

# The columns of the mean of the net where it is lowest, and of that where it is highest.
LOWEST_HIGHEST = ("lowest_net", "highest_net")
MOST_UNDEFINED = 0.2  # share of the records; above it the mean is marked

# Strata of prediction: each before its complement.
PREDICTIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "recognised": lambda r: _read_by(r, "sigmoid") & _recognised(r),
    "not recognised": lambda r: _read_by(r, "sigmoid") & ~_recognised(r),
    "top 1": lambda r: _read_by(r, "softmax") & (r["target_rank"] <= 1),
    "not top 1": lambda r: _read_by(r, "softmax") & ~(r["target_rank"] <= 1),
    "top 5": lambda r: _read_by(r, "softmax") & (r["target_rank"] <= 5),
    "not top 5": lambda r: _read_by(r, "softmax") & ~(r["target_rank"] <= 5),
}


def add_strata(records: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The records of a table by the columns ``by``, with these columns.

    Untrained nets are left out, unless a column is net or training. With ``prediction`` records are
    repeated, once a stratum.
    """
    if "training" in by:
        return records
    if "net" not in by:
        records = trained_only(records)
    if "prediction" in by:
        return pd.concat(
            records[holds(records)].assign(prediction=name) for name, holds in PREDICTIONS.items()
        )
    return records


def trained_only(records: pd.DataFrame) -> pd.DataFrame:
    """The records of all nets but those with random weights."""
    return records[~records["net"].isin(untrained_nets(records))]


def untrained_nets(records: pd.DataFrame) -> list[str]:
    """The nets with random weights, which are controls: none where all are."""
    untrained = records["training"] == "untrained"
    return [] if untrained.all() else list(records.loc[untrained, "net"].unique())


def methods_only(records: pd.DataFrame) -> pd.DataFrame:
    """The rows of saliency methods, without those of controls."""
    return records[records["method"].isin(LABELS)]


def once(records: pd.DataFrame) -> pd.DataFrame:
    """The records with each map of a control once, beside the first of its nets."""
    of_maps = [name for name in ("sample", "size", "method", "dilation") if name in records]
    repeated = records["method"].isin(CONTROL_LABELS) & records.duplicated(of_maps)
    return records[~repeated]


def extent(records: pd.DataFrame) -> str:
    """The number of images, nets and sizes, in words: ``39 images, 3 nets, 2 sizes``.

    Where they have a column ``training``, nets are called untrained if all are.
    """
    untrained = (
        "training" in records and len(records) and (records["training"] == "untrained").all()
    )
    net = "untrained net" if untrained else "net"
    columns = {"image_id": "image", "net": net, "size": "size"}
    return ", ".join(counted(records[column].nunique(), noun) for column, noun in columns.items())


def mostly_undefined(table: pd.DataFrame) -> list[bool]:
    """Whether more than a fifth is undefined in each row of a summary or of a table of pairs."""
    if {"records", "undefined"} <= set(table):
        return list((table["undefined"] > MOST_UNDEFINED * table["records"]).fillna(False))
    if "pairs" in table and len(table):
        return list(table["pairs"] < (1 - MOST_UNDEFINED) * table["pairs"].max())
    return [False] * len(table)


def spread(values: pd.Series, nets: pd.Series) -> dict[str, float]:
    """The lowest and highest mean of a net, one entry a record; NaN of fewer than two nets."""
    codes, names = pd.factorize(nets[values.index])
    means = np.bincount(codes, values) / np.bincount(codes)  # faster than to group
    ends = (float(means.min()), float(means.max())) if len(names) > 1 else (nan, nan)
    return dict(zip(LOWEST_HIGHEST, ends, strict=True))


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 image``, ``2 images``."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def between(counts: pd.Series) -> str:
    """The counts in words: ``39``, or ``35 to 39``."""
    least, most = counts.min(), counts.max()
    return f"{most}" if least == most else f"{least} to {most}"


def split(
    records: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Each group of the columns ``by``, as {column: value} with its records, in the study's order.

    That is the order of a column's categories; of a column that has none, the order in which its
    values appear. Without columns there is one group.
    """
    if not by:
        yield {}, records
        return
    for key, group in records.groupby([_in_order(records[column]) for column in by], observed=True):
        yield dict(zip(by, key, strict=True)), group


def as_text(records: pd.DataFrame) -> pd.DataFrame:
    """The records with names as plain text, not categories, so that others can be added."""
    names = records.select_dtypes("category").columns
    return records.astype(dict.fromkeys(names, "str"))


def _in_order(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    return column.astype(pd.CategoricalDtype(column.dropna().unique()))


def _read_by(records: pd.DataFrame, activation: str) -> pd.Series:
    return records["output_activation"] == activation


def _recognised(records: pd.DataFrame) -> pd.Series:
    return records["target_recognised"].astype("boolean").fillna(False).astype(bool)
