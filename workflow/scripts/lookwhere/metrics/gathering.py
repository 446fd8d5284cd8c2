"""The records of all jobs in one table, in the study's order."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from lookwhere.datasets.samples import is_number


def gather(
    parts: Iterable[pd.DataFrame], names: Mapping[str, Sequence[str]], order: Sequence[str]
) -> pd.DataFrame:
    """The rows of the ``parts``, sorted by the columns ``order``.

    ``names`` lists the study's names by column, which become ordered categories. Image ids are
    whole numbers where all are.
    """
    rows = pd.concat(parts, ignore_index=True)
    if rows["image_id"].map(is_number).all():
        rows["image_id"] = rows["image_id"].astype("int64")
    for column, values in names.items():
        rows[column] = pd.Categorical(rows[column], list(values), ordered=True)
    return rows.sort_values(list(order), kind="stable", ignore_index=True)
