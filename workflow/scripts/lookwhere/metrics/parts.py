"""The scores of a shard, as tables that are gathered later: a row a record, or a step of one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.datasets.samples import Sample
from lookwhere.io.results import checked_file

RECORD = ["sample", "image_id", "class", "net", "method", "size"]

# What the net predicts for the target: with its types, since it is null for maps of no net.
OF_TARGET = {
    "target": "Int64",
    "target_rank": "Float64",
    "target_probability": "Float64",
    "target_recognised": "boolean",
    "output_activation": "str",
}


def record(sample: Sample, *, net: str | None, method: str, size: str) -> dict[str, Any]:
    """What a record is of, as columns; ``net`` is None for a map of no net."""
    values = [sample.id, sample.image_id, sample.class_name, net, method, size]
    return dict(zip(RECORD, values, strict=True))


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of records with their numbers, of which any may be null."""
    frame = pd.DataFrame(rows).astype({"net": "str"})
    numbers = frame.columns.drop([*RECORD, "status"], errors="ignore")
    return frame.astype(dict.fromkeys(numbers, "float64"))


def write(rows: pd.DataFrame, path: str | Path) -> None:
    """A part, as a file."""
    with checked_file(path) as draft:
        rows.to_parquet(draft, index=False)
