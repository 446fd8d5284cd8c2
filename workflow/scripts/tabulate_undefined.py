"""List the records without a concentration, and count them by net, size, method and reason."""

from pathlib import Path

from concentration import results, tables
from concentration.files import whole_file
from concentration.jobs import job
from concentration.summaries import undefined

KEY = ["sample", "net", "size", "method", "status"]

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings):
        records = results.read_table(Path(snakemake.input.measures))
        with whole_file(snakemake.output.records) as draft:
            undefined_records = records.loc[records["status"] != "ok", KEY]
            draft.write_text(tables.csv_text(undefined_records), "utf-8")
        stem = Path(snakemake.output[0]).with_suffix("")
        tables.write(undefined(records), stem, "Undefined records")
