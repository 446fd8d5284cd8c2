"""Tabulate concentration, by method or finer."""

import pandas as pd

from concentration import tables
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        energy = pd.read_parquet(snakemake.input.energy)
        table = tables.summarise(energy, snakemake.params.by)
        for reference in snakemake.input.get("reference", []):
            table = tables.compare(table, pd.read_csv(reference))
        tables.write(table, *snakemake.output)
