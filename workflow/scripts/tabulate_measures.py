"""Tabulate every measure by method."""

from pathlib import Path

import pandas as pd

from concentration import tables
from concentration.groups import of_trained
from concentration.jobs import job
from concentration.summaries import summarise_measures

if __name__ == "__main__":
    with job(snakemake.log[0]):
        records = pd.read_parquet(snakemake.input.measures)
        table = summarise_measures(of_trained(records, snakemake.params.untrained))
        tables.write(table, Path(snakemake.output[0]).with_suffix(""), "Measures by method")
