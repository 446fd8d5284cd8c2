"""Plot one chart; each has a module that draws it."""

from importlib import import_module
from pathlib import Path

from concentration import results, style
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        chart = import_module(f"concentration.charts.{settings['chart']}")
        records = results.read_table(Path(snakemake.input.records))
        figure = chart.draw(records, settings["untrained"], **settings["options"])
        style.save(figure, snakemake.output)
