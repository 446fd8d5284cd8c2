"""Tabulate every measure by method."""

from pathlib import Path

from concentration import results, tables
from concentration.groups import of_trained
from concentration.jobs import job
from concentration.summaries import summarise_measures

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        records = results.read_table(Path(snakemake.input.measures))
        table = summarise_measures(of_trained(records, settings["untrained"]))
        tables.write(table, Path(snakemake.output[0]).with_suffix(""), "Measures by method")
