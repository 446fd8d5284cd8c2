"""Plot the mean concentration of every method."""

import pandas as pd

from concentration import charts, style
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        style.save(charts.by_method(pd.read_parquet(snakemake.input.energy)), snakemake.output)
