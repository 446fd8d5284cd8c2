"""The scores of a shard, as tables that are gathered later: a row a record or dilation."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError
from lookwhere.io.results import checked_file
from lookwhere.metrics import scoring
from lookwhere.metrics.columns import RECORD
from lookwhere.metrics.saliency import Saliency


def record(sample: Sample, *, net: str | None, method: str, size: str) -> dict[str, Any]:
    """The columns that identify a record; ``net`` is None for a map of no net.

    Image ids are text here, since those of other parts may be no numbers.
    """
    values = [sample.id, str(sample.image_id), sample.class_name, net, method, size]
    return dict(zip(RECORD, values, strict=True))


def score(
    maps: Iterable[tuple[dict[str, Any], Saliency | str, Region]], metrics: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores and the sweeps of ``maps``: each a record, its map or status, and its region.

    Raises StudyError that names the record if a metric fails.
    """
    records, steps = [], []
    for record, saliency, region in maps:
        try:
            records.append(record | scoring.score(saliency, region, metrics))
        except StudyError as error:
            raise StudyError(f"{record['sample']}, {record['method']}: {error}") from error
        steps += [record | step for step in scoring.sweep(saliency, region)]
    return _table(records), _table(steps)


def write(rows: pd.DataFrame, path: str | Path) -> None:
    """Write a part."""
    with checked_file(path) as draft:
        rows.to_parquet(draft, index=False)


def _table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of records with their numbers, any of which may be null."""
    frame = pd.DataFrame(rows).astype({"net": "str"})
    numbers = frame.columns.drop([*RECORD, "status"], errors="ignore")
    return frame.astype(dict.fromkeys(numbers, "float64"))
