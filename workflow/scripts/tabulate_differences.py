"""Tabulate the paired differences between methods in every grouping, and between input sizes."""

from pathlib import Path

from concentration import results, tables
from concentration.differences import between_sizes, differences
from concentration.groups import of_methods, of_trained
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        records = results.read_table(Path(snakemake.input.measures))
        untrained = settings["untrained"]
        for name, by in settings["tables"].items():
            if by is None:
                table = between_sizes(of_methods(of_trained(records, untrained)))
            else:
                table = differences(records, by, untrained)
            title = name.replace("_", " ").replace("differences", "Differences in concentration")
            tables.write(table, Path(snakemake.output[0]).parent / name, title)
