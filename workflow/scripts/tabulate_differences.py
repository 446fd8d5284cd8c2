"""Tabulate the paired differences between methods in every grouping, and between input sizes."""

from pathlib import Path

import pandas as pd

from concentration import tables
from concentration.differences import between_sizes, differences
from concentration.groups import of_methods, of_trained
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        records = pd.read_parquet(snakemake.input.measures)
        untrained = snakemake.params.untrained
        for name, by in snakemake.params.tables.items():
            if by is None:
                table = between_sizes(of_methods(of_trained(records, untrained)))
            else:
                table = differences(records, by, untrained)
            title = name.replace("_", " ").replace("differences", "Differences in concentration")
            tables.write(table, Path(snakemake.output[0]).parent / name, title)
