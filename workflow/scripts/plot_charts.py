"""Plot the charts of the study: each is declared above the function that draws it."""

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lookwhere.charts import registry, style
from lookwhere.datasets import region_kinds
from lookwhere.io.logs import job, progress
from lookwhere.io.results import read_table
from lookwhere.statistics import costs
from lookwhere.statistics.records import read


def main(
    figures: Mapping[str, tuple[str, Mapping[str, Any]]],
    methods: Sequence[str],
    measures: Path,
    sweep: Path,
    spent: Path,
    cascade: Path | None,
    regions: str,
    folder: Path,
) -> None:
    """Draw each of the ``figures`` (its name: its chart, the chart's options) in ``folder``.

    Colours follow from the ``methods`` of the study, which may have no ``cascade``. Captions end in
    the sentence ``regions``.
    """
    records = {"measures": read(measures), "sweep": read(sweep)}
    records["costs"] = costs.beside(records["measures"], read_table(spent))
    if cascade:
        records["cascade"] = read_table(cascade)
    style.space(methods)
    entries = registry.entries()
    for [name] in progress([[name] for name in figures], "charts"):
        of_chart, options = figures[name]
        chart = registry.load(entries[of_chart])
        figure = chart.draw(records[chart.source], **options)
        style.save(figure, folder / name, f"{chart.caption.format(**options)} {regions}")


if __name__ == "__main__":
    gc.freeze()  # statsmodels collects garbage at every correction of p: 0.05 s without this
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            settings["charts"],
            settings["methods"],
            Path(snakemake.input.measures),
            Path(snakemake.input.sweep),
            Path(snakemake.input.costs),
            Path(path) if (path := snakemake.input.get("cascade")) else None,
            region_kinds.of_subset(Path(snakemake.input.subset)),
            Path(snakemake.output[0]).parent,
        )
