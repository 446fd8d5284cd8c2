"""Write docs/methods.csv from the results of studies/methods.yaml: make methods."""

from pathlib import Path

import yaml

from lookwhere.io.results import read_table
from lookwhere.statistics import records
from lookwhere.study import documents, methods_page

RESULTS = Path("results/methods")

if __name__ == "__main__":
    study = yaml.safe_load((RESULTS / "configuration.yaml").read_text("utf-8"))
    measured = methods_page.measurements(
        records.read(RESULTS / "measures.parquet"),
        read_table(RESULTS / "costs.parquet"),
        {item["name"]: item["arguments"] for item in study["methods"] if isinstance(item, dict)},
    )
    (documents.ROOT / methods_page.MEASUREMENTS).write_text(measured, "utf-8")
