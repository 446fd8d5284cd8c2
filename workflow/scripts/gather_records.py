"""Gather the records of all jobs of rivals, or of cascades, in one table in the study's order."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, read_table
from lookwhere.metrics import cascade, rivals

GATHER = {"rivals": rivals.gather, "cascade": cascade.gather}


def main(kind: str, paths: Sequence[str], names: Mapping[str, Sequence[str]], output: str) -> None:
    """Write the table of a ``kind``, from its parts; ``names`` is the study's order, by column."""
    with checked_file(output) as draft:
        table = GATHER[kind]((read_table(Path(path)) for path in paths), names)
        table.to_parquet(draft, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(settings["kind"], snakemake.input.parts, settings["names"], snakemake.output.table)
