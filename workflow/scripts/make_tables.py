"""Make all tables: concentration and differences by group, measures, and what is undefined."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lookwhere.io import results
from lookwhere.io.atomic import whole_file
from lookwhere.io.logs import job
from lookwhere.report import tables
from lookwhere.statistics.certainty import by_certainty
from lookwhere.statistics.paired import between_sizes, differences
from lookwhere.statistics.records import read
from lookwhere.statistics.strata import extent, grouped, of_methods, of_trained, untrained_nets
from lookwhere.statistics.summary import (
    by_prediction,
    compare,
    summarise,
    summarise_measures,
    undefined,
)
from lookwhere.study import reference

INTERVALS = "95 % bootstrap intervals over images."
RECORD = ["sample", "net", "size", "method", "status"]


def main(
    records: pd.DataFrame,
    other_means: Mapping[str, float] | None,
    groupings: Mapping[str, Mapping[str, Sequence[str] | None]],
    folder: Path,
    undefined_records: Path,
) -> None:
    """Write each table of ``groupings``, by kind and name, with the columns of its groups."""
    for name, by in groupings["concentration"].items():
        _concentration(records, other_means, by or [], folder / name)
    for name, by in groupings["differences"].items():
        _differences(records, by, folder / name)
    trained = of_trained(records)
    note = f"{_of(trained)} {INTERVALS}"
    tables.write(summarise_measures(trained), folder / "measures", "Measures by method", note)
    title = "Concentration by how sure the net is of the target"
    tables.write(by_certainty(trained), folder / "certainty", title, note)
    tables.write(
        undefined(records), folder / "undefined", "Undefined records", f"{extent(records)}."
    )
    with whole_file(undefined_records) as draft:
        rows = records.loc[records["status"] != "ok", RECORD]
        draft.write_text(results.csv_text(rows), "utf-8")


def _concentration(
    records: pd.DataFrame,
    other_means: Mapping[str, float] | None,
    by: Sequence[str],
    stem: Path,
) -> None:
    """``concentration_all`` is of every record: the sums of the thesis are."""
    everything = stem.name == "concentration_all"
    of_groups = records if everything else grouped(records, by)
    predicted = "prediction" in by
    summary = by_prediction(of_trained(records)) if predicted else summarise(of_groups, by)
    if by == ["method"] and other_means is not None:
        summary = compare(summary, other_means)
    title = f"Concentration by {', '.join(by)}"
    if everything and untrained_nets(records):
        title += " (every record, also those of untrained nets)"
    note = f"{_of(of_groups)} {INTERVALS}"
    tables.write(summary, stem, title, note, show=["sum"] if everything else [])


def _differences(records: pd.DataFrame, by: Sequence[str] | None, stem: Path) -> None:
    if by is None:
        of_groups = of_methods(of_trained(records))
        table = between_sizes(of_groups)
    else:
        of_groups = grouped(records, by)
        table = differences(records, by)
    title = stem.name.replace("_", " ").replace("differences", "Differences in concentration")
    tests = "p: Wilcoxon's signed-rank test over images, corrected by Holm's method."
    note = f"{_of(of_groups)} {INTERVALS} {tests}"
    tables.write(table, stem, title, note)


def _of(records: pd.DataFrame) -> str:
    """What a table rests on, in words: ``39 images, 3 nets, 2 sizes.``"""
    return f"{extent(records)}{' (untrained included)' if untrained_nets(records) else ''}."


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        given = snakemake.input.get("reference")
        main(
            read(Path(snakemake.input.measures)),
            reference.read(Path(given)) if given else None,
            settings["tables"],
            Path(snakemake.output[0]).parent,
            Path(snakemake.output.records),
        )
