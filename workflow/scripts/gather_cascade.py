"""Gather the records of all cascades in one table, in the study's order."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, read_table
from lookwhere.metrics import cascade


def main(parts: Sequence[str], names: Mapping[str, Sequence[str]], output: str) -> None:
    """Write the records of the ``parts``; ``names`` is the study's order, by column."""
    with checked_file(output) as draft:
        records = cascade.gather((read_table(Path(part)) for part in parts), names)
        records.to_parquet(draft, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(snakemake.input.records, settings["names"], snakemake.output.cascade)
