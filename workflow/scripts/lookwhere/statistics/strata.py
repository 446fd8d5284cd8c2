"""The groups of records that tables and figures tell apart.

Nets with random weights are controls: they stand for themselves, and are left out wherever records
of several nets are taken together. The maps of the other controls need no net: they are the same
beside each, and count once.
"""

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from lookwhere.methods.names import CONTROL_LABELS, LABELS

MOST_UNDEFINED = 0.2  # share of the records; a mean of what is left of more is marked

# How well the net recognises the target: each group stands before its complement.
PREDICTIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "recognised": lambda r: _read_by(r, "sigmoid") & _recognised(r),
    "not recognised": lambda r: _read_by(r, "sigmoid") & ~_recognised(r),
    "top 1": lambda r: _read_by(r, "softmax") & (r["target_rank"] <= 1),
    "not top 1": lambda r: _read_by(r, "softmax") & ~(r["target_rank"] <= 1),
    "top 5": lambda r: _read_by(r, "softmax") & (r["target_rank"] <= 5),
    "not top 5": lambda r: _read_by(r, "softmax") & ~(r["target_rank"] <= 5),
}


def grouped(records: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The records that a table by the columns ``by`` is made of, with these columns.

    A record is in several groups of ``prediction``, and stands there as often.
    """
    if "training" in by:
        return records
    if "net" not in by:
        records = of_trained(records)
    if "prediction" in by:
        return pd.concat(
            records[holds(records)].assign(prediction=name) for name, holds in PREDICTIONS.items()
        )
    return records


def of_trained(records: pd.DataFrame) -> pd.DataFrame:
    """The records of all nets but those with random weights."""
    return records[~records["net"].isin(untrained_nets(records))]


def untrained_nets(records: pd.DataFrame) -> list[str]:
    """The nets with random weights, which are controls: none where all are."""
    untrained = records["training"] == "untrained"
    return [] if untrained.all() else list(records.loc[untrained, "net"].unique())


def of_methods(records: pd.DataFrame) -> pd.DataFrame:
    """The rows of saliency methods, without those of controls."""
    return records[records["method"].isin(LABELS)]


def once(records: pd.DataFrame) -> pd.DataFrame:
    """The records with each map of a control once, beside the first net that it stands beside."""
    of_maps = [name for name in ("sample", "size", "method", "dilation") if name in records]
    again = records["method"].isin(CONTROL_LABELS) & records.duplicated(of_maps)
    return records[~again]


def extent(records: pd.DataFrame) -> str:
    """How much the records rest on, in words: ``39 images, 3 nets, 2 sizes``.

    Where they have a column ``training``, nets are called untrained if all are.
    """
    untrained = (
        "training" in records and len(records) and (records["training"] == "untrained").all()
    )
    net = "untrained net" if untrained else "net"
    columns = {"image_id": "image", "net": net, "size": "size"}
    return ", ".join(counted(records[column].nunique(), noun) for column, noun in columns.items())


def mostly_undefined(table: pd.DataFrame) -> list[bool]:
    """Which rows have a mean of too few of the records: of a summary, or of a table of pairs."""
    if {"records", "undefined"} <= set(table):
        return list(table["undefined"] > MOST_UNDEFINED * table["records"])
    if "pairs" in table and len(table):
        return list(table["pairs"] < (1 - MOST_UNDEFINED) * table["pairs"].max())
    return [False] * len(table)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 image``, ``2 images``."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


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
    """The records with names as plain text, beside which other names can stand."""
    names = records.select_dtypes("category").columns
    return records.astype(dict.fromkeys(names, "str"))


def _in_order(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    return column.astype(pd.CategoricalDtype(column.unique()))


def _read_by(records: pd.DataFrame, activation: str) -> pd.Series:
    return records["output_activation"] == activation


def _recognised(records: pd.DataFrame) -> pd.Series:
    return records["target_recognised"].astype("boolean").fillna(False).astype(bool)
