"""The records of a study as statistics read them: a control beside every net, no rounding.

A control is a map of no net, which is computed once. Where records are grouped by net or
prediction, the same map is repeated beside each net; where maps are counted, ``strata.once`` keeps
one of them. Maps that are equal but for rounding have the same numbers: see ``equal_maps``.
"""

from pathlib import Path

import pandas as pd

from lookwhere.io import results
from lookwhere.metrics.columns import NAMES, PREDICTION
from lookwhere.statistics.equal_maps import without_rounding

OF_A_NET = ["net", "architecture", "training", *PREDICTION]


def read(path: Path) -> pd.DataFrame:
    """The records of ``measures.parquet``, or the steps of ``dilation_sweep.parquet``.

    Net, size, method and class are categories in the study's order.
    """
    return without_rounding(beside_nets(results.read_table(path)))


def beside_nets(records: pd.DataFrame) -> pd.DataFrame:
    """The records, with those of no net repeated for every net of their sample and size.

    They take the columns of a net (its training, its predictions) from these records. Sorted as the
    tables are: by net, size, method, class and sample.
    """
    of_no_net = records["net"].isna()
    of_a_net = [column for column in OF_A_NET if column in records]
    of_nets = records[~of_no_net]
    cells = of_nets[["sample", "size", *of_a_net]].drop_duplicates(["sample", "size", "net"])
    controls = records[of_no_net].drop(columns=of_a_net).merge(cells, on=["sample", "size"])
    both = pd.concat([of_nets, controls[records.columns]])
    # A rank is null where outputs are not finite, and both where no net has predicted.
    numbers = {"target": "Int64", "target_rank": "float64"}
    both = both.astype({name: kind for name, kind in numbers.items() if name in both})
    return both.sort_values([*NAMES, "sample"], kind="stable", ignore_index=True)
