"""List the records without a concentration, and count them by net, size, method and reason."""

from pathlib import Path

import pandas as pd

from concentration import tables
from concentration.files import whole_file
from concentration.jobs import job
from concentration.summaries import undefined

KEY = ["sample", "net", "size", "method", "status"]

if __name__ == "__main__":
    with job(snakemake.log[0]):
        records = pd.read_parquet(snakemake.input.measures)
        with whole_file(snakemake.output.records) as draft:
            records.loc[records["status"] != "ok", KEY].to_csv(draft, index=False)
        stem = Path(snakemake.output[0]).with_suffix("")
        tables.write(undefined(records), stem, "Undefined records")
