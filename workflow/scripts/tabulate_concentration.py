"""Tabulate concentration, by method or finer."""

import pandas as pd

from concentration import tables
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        energy = pd.read_parquet(snakemake.input.energy)
        tables.write(tables.summarise(energy, snakemake.params.by), *snakemake.output)
