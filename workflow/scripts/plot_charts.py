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
    more: Mapping[str, Path],
    regions: str,
    folder: Path,
) -> None:
    """Draw each of the ``figures`` (its name: its chart, the chart's options) in ``folder``.

    ``more`` are the files of the sources that only some studies have. Colours follow from the
    ``methods`` of the study. Captions end in the sentence ``regions``.
    """
    records = {"measures": read(measures), "sweep": read(sweep)}
    records["costs"] = costs.beside(records["measures"], read_table(spent))
    records |= {source: read_table(path) for source, path in more.items()}
    style.space(methods)
    entries = registry.entries()
    for [name] in progress([[name] for name in figures], "charts"):
        of_chart, options = figures[name]
        chart = registry.load(entries[of_chart])
        source = records if chart.source == registry.ALL else records[chart.source]
        figure = chart.draw(source, **options)
        style.save(figure, folder / name, f"{chart.caption.format(**options)} {regions}")


if __name__ == "__main__":
    gc.freeze()  # statsmodels collects garbage at every correction of p: 0.05 s without this
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        named = {name: snakemake.input.get(name) for name in ("rivals", "cascade")}
        main(
            settings["charts"],
            settings["methods"],
            Path(snakemake.input.measures),
            Path(snakemake.input.sweep),
            Path(snakemake.input.costs),
            {name: Path(file) for name, file in named.items() if file},
            region_kinds.of_subset(Path(snakemake.input.subset)),
            Path(snakemake.output[0]).parent,
        )
