"""The groups of records that tables and figures tell apart.

Nets with random weights are controls: they stand for themselves, and are left out wherever records
of several nets are taken together.
"""

from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from .methods import LABELS

# What the net said of the target, by its rank; each group stands beside its complement.
PREDICTIONS = {
    "top 1": lambda rank: rank <= 1,
    "not top 1": lambda rank: ~(rank <= 1),
    "top 5": lambda rank: rank <= 5,
    "not top 5": lambda rank: ~(rank <= 5),
}


def grouped(records: pd.DataFrame, by: Sequence[str], untrained: Collection[str]) -> pd.DataFrame:
    """The records that a table by the columns ``by`` is made of, with these columns.

    A record is in several groups of ``prediction``, and stands there as often.
    """
    if "training" in by:
        trained = ~records["net"].isin(untrained)
        return records.assign(training=trained.map({True: "trained", False: "untrained"}))
    if "net" not in by:
        records = of_trained(records, untrained)
    if "prediction" in by:
        rank = records["target_rank"]
        return pd.concat(
            records[holds(rank)].assign(prediction=name) for name, holds in PREDICTIONS.items()
        )
    return records


def of_trained(records: pd.DataFrame, untrained: Collection[str]) -> pd.DataFrame:
    """The records of all nets but those with random weights."""
    return records[~records["net"].isin(untrained)]


def of_methods(records: pd.DataFrame) -> pd.DataFrame:
    """The rows of saliency methods, without those of controls."""
    return records[records["method"].isin(LABELS)]


def split(
    records: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Each group of the columns ``by``, as {column: value} with its records, in the study's order.

    That is the order in which a column's values appear. Without columns there is one group.
    """
    if not by:
        yield {}, records
        return
    order = [pd.Categorical(records[column], records[column].unique()) for column in by]
    for key, group in records.groupby(order, observed=True):
        yield dict(zip(by, key, strict=True)), group
