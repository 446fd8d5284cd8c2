"""Gather the rivals of all jobs in a table of one row a sample, net, method, size and rival."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, read_table
from lookwhere.metrics import rivals


def main(paths: Sequence[str], names: Mapping[str, Sequence[str]], output: str) -> None:
    """``names`` lists the study's nets, sizes, methods, classes and rivals, by column."""
    with checked_file(output) as draft:
        table = rivals.gather((read_table(Path(path)) for path in paths), names)
        table.to_parquet(draft, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(snakemake.input.scores, settings["names"], snakemake.output.rivals)
