"""The records of a cascade: one a sample, net, method, size, stage and seed."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from lookwhere.datasets.samples import is_number
from lookwhere.metrics.columns import NAMES, RECORD

STAGE = ["stage", "seed", "layers", "share_of_layers", "share_of_parameters", "lowest_layer"]
SCORES = [
    *("concentration", "mask_fraction"),
    *("rank_correlation", "rank_correlation_signed", "ssim", "entropy"),
]
COLUMNS = [*RECORD, *STAGE, *SCORES, "status"]
# Null: the seed and the lowest random layer of the net as it is, and scores that are undefined.
TYPES = {
    **{"stage": "int64", "seed": "Int64", "layers": "int64", "lowest_layer": "str"},
    **dict.fromkeys(["share_of_layers", "share_of_parameters", *SCORES], "float64"),
}


def table(records: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The records of a job."""
    return pd.DataFrame(records, columns=COLUMNS).astype(TYPES)


def gather(parts: Iterable[pd.DataFrame], names: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The records of all jobs, in the order of the ``names`` by column.

    Image ids are whole numbers where all are.
    """
    records = pd.concat([table([]), *parts], ignore_index=True)[COLUMNS]
    if records["image_id"].map(is_number).all():
        records["image_id"] = records["image_id"].astype("int64")
    for column in NAMES:
        records[column] = pd.Categorical(records[column], list(names[column]), ordered=True)
    order = [*NAMES, "sample", "stage", "seed"]
    return records.sort_values(order, kind="stable", ignore_index=True)
