"""Write all tables of the study, and the list of its undefined records."""

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookwhere.datasets import region_kinds
from lookwhere.io import results
from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job
from lookwhere.report import registry, tables
from lookwhere.report.registry import Scores
from lookwhere.statistics import records
from lookwhere.study import reference

RECORD = ["sample", "net", "size", "method", "status"]


def main(
    scores: Scores,
    labels: Mapping[str, str],
    options: Mapping[str, Mapping[str, Any]],
    folder: Path,
    undefined: Path,
) -> None:
    """Write each table of ``labels`` (its name: its heading), and the ``undefined`` records.

    ``options`` are those of the study that a table takes, by table.
    """
    entries = registry.entries()
    for name, label in labels.items():
        made = registry.load(entries[name])(scores, **options[name])
        note = f"{made.note} {scores.regions}".strip()
        tables.write(made.rows, folder / name, label, note, made.caption, show=made.show)
    with atomic_file(undefined) as draft:
        rows = scores.records.loc[scores.records["status"] != "ok", RECORD]
        draft.write_text(results.csv_text(rows), "utf-8")


if __name__ == "__main__":
    gc.freeze()  # statsmodels collects garbage at every correction of p: 0.05 s without this
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        paths = (snakemake.input.get(name) for name in ("reference", "rivals", "cascade"))
        path, rivals, cascade = paths
        main(
            Scores(
                records.read(Path(snakemake.input.measures)),
                reference.read(Path(path)) if path else None,
                region_kinds.of_subset(Path(snakemake.input.subset)),
                results.read_table(Path(snakemake.input.costs)),
                results.read_table(Path(rivals)) if rivals else None,
                results.read_table(Path(cascade)) if cascade else None,
            ),
            settings["tables"],
            settings["options"],
            Path(snakemake.output[0]).parent,
            Path(snakemake.output.records),
        )
