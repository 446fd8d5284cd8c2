"""Tabulate concentration in every grouping; beside that by method, another study's means."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from concentration import reference, results, tables
from concentration.groups import grouped
from concentration.jobs import job
from concentration.summaries import compare, summarise


def main(
    records: pd.DataFrame,
    other_means: Mapping[str, float] | None,
    groupings: Mapping[str, Sequence[str]],
    untrained: Sequence[str],
    folder: Path,
) -> None:
    for table, by in groupings.items():
        # By method alone the table is of every record, untrained nets or not.
        of_groups = records if by == ["method"] else grouped(records, by, untrained)
        summary = summarise(of_groups, by)
        if by == ["method"] and other_means is not None:
            summary = compare(summary, other_means)
        title = f"Concentration by {', '.join(by)}"
        if by == ["method"] and untrained:
            title += " (every record, those of untrained nets included)"
        tables.write(summary, folder / table, title)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        given = snakemake.input.get("reference")
        main(
            results.read_table(Path(snakemake.input.measures)),
            reference.read(Path(given)) if given else None,
            settings["tables"],
            settings["untrained"],
            Path(snakemake.output[0]).parent,
        )
