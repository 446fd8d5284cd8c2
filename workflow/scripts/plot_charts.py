"""Plot the charts; each has a module that draws it, and holds its caption."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lookwhere.charts import style
from lookwhere.io.logs import job, progress
from lookwhere.statistics.records import read


def main(
    charts: Mapping[str, tuple[str, Mapping[str, Any]]],
    measures: Path,
    sweep: Path,
    folder: Path,
) -> None:
    """Draw each figure of ``charts`` (its name: its module, the module's options) in ``folder``."""
    records = {"measures": read(measures), "sweep": read(sweep)}
    for [figure] in progress([[figure] for figure in charts], "charts"):
        module, options = charts[figure]
        chart = import_module(f"lookwhere.charts.{module}")
        source = records["sweep" if module == "dilation_sweep" else "measures"]
        drawn = chart.draw(source, **options)
        style.save(drawn, folder / figure, chart.CAPTION.format(**options))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            settings["charts"],
            Path(snakemake.input.measures),
            Path(snakemake.input.sweep),
            Path(snakemake.output[0]).parent,
        )
