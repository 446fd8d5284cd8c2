"""The records of a cascade: one a sample, net, method, size, stage and seed."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from lookwhere.metrics import gathering
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
    """The records of all jobs, in the order of the ``names`` by column."""
    order = [*NAMES, "sample", "stage", "seed"]
    of_columns = {column: names[column] for column in NAMES}
    return gathering.gather([table([]), *parts], of_columns, order)[COLUMNS]
