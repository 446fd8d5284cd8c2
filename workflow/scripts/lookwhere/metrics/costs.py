"""The costs of maps, as jobs measure them: seconds and passes of a net, by net, size and method."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

CELL = ["net", "size", "method"]
PASSES = ["forward_passes", "backward_passes"]
COLUMNS = [*CELL, "seconds", *PASSES, "processor"]


def gather(parts: Iterable[pd.DataFrame], names: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The cost of a map, a row a net, size and method, in the order of the ``names``.

    Of several measurements, as of a study that has grown, it is the median; of several processors
    (cpu, cuda) there is a row each.
    """
    measured = pd.concat([pd.DataFrame(columns=COLUMNS), *parts], ignore_index=True)
    for column in CELL:
        measured[column] = pd.Categorical(measured[column], names[column], ordered=True)
    cells = measured.groupby([*CELL, "processor"], observed=True, as_index=False)
    costs = cells[["seconds", *PASSES]].agg("median")
    return costs.sort_values(CELL)[COLUMNS].reset_index(drop=True)
