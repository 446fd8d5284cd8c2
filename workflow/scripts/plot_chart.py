"""Plot one chart; each has a module that draws it."""

from importlib import import_module

import pandas as pd

from concentration import style
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        params = snakemake.params
        chart = import_module(f"concentration.charts.{params.chart}")
        records = pd.read_parquet(snakemake.input.records)
        style.save(chart.draw(records, params.untrained, **params.options), snakemake.output)
