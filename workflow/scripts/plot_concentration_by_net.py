"""Plot the mean concentration of every net and method at one size."""

import pandas as pd

from concentration import charts, style
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        energy = pd.read_parquet(snakemake.input.energy)
        at_size = energy[energy["size"] == snakemake.wildcards.size]
        style.save(charts.by_net(at_size, snakemake.wildcards.size), snakemake.output)
