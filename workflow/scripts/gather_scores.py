"""Gather the scores of all shards in tables of one row a sample x net x method x size.

Controls have one row a sample x control x size, whose net is null. The tables are checked before
they are written.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
from pyarrow.parquet import ParquetWriter

from lookwhere.datasets.samples import is_number
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, read_table, unusable
from lookwhere.metrics import columns, concentration, costs, registry, validation

# The types of columns that are null for controls, or of a prediction that is undefined.
NULLABLE = {
    "net": "str",
    "target": "Int64",
    "target_rank": "Int64",
    "target_probability": "float64",
    "target_recognised": "boolean",
    "output_activation": "str",
}

Part = tuple[str, str]  # the files of a job: its scores, and its sweep


def main(
    of_nets: Sequence[Part],
    of_controls: Sequence[Part],
    subset: pd.DataFrame,
    names: Mapping[str, Sequence[str]],
    nets: Sequence[Mapping[str, Any]],
    dilations: Sequence[float],
    spent: Sequence[str],
    outputs: Mapping[str, str],
    of_passes: Sequence[str] = (),
) -> None:
    """Check and gather the parts of nets and of controls.

    ``spent`` are the files of costs, ``of_passes`` those of metrics that need the net, in folders
    by metric. ``names`` lists the study's sizes, methods, controls, classes and metrics, by
    ``size``, ``method``, ``control``, ``class`` and ``metric``; ``nets`` have a name, sizes, an
    architecture, a training (trained or untrained), and ``is_folder`` where other tools made their
    maps.
    """
    metrics, parts = names["metric"], [*of_nets, *of_controls]
    types = {"image_id": "int64" if subset["image_id"].astype(str).map(is_number).all() else "str"}
    subset = subset.astype(types)
    of_parts = columns.of_scores(registry.of_maps(metrics))
    tables = [read(Path(scores), of_parts).astype(types) for scores, _ in parts]
    energies = pd.concat(tables[: len(of_nets)], ignore_index=True)
    of_both = [energies, *tables[len(of_nets) :]]
    scores = pd.concat([table.astype(NULLABLE) for table in of_both], ignore_index=True)
    imported = [net["name"] for net in nets if net["is_folder"]]
    faithfulness = read_faithfulness(of_passes, metrics)
    scores = with_faithfulness(scores, faithfulness)
    sizes = {net["name"]: net["sizes"] for net in nets}
    expected = {**names, "net": sizes, "folders": imported}
    faults = validation.faults(scores, subset, expected, metrics)
    names = {**names, "net": [net["name"] for net in nets]}
    for table, (_, sweep) in zip(tables, parts, strict=True):
        faults += validation.sweep_faults(read(Path(sweep), columns.SWEEP), table, dilations)
    for table in faithfulness.values():
        faults += validation.faithfulness_faults(table, scores, imported)
    if faults:
        folders = {Path(of_nets[0][0]).parents[3], Path(of_controls[0][0]).parents[1]}
        folders |= {Path(part).parents[4] for part in of_passes}
        title = (
            "the scores are wrong, and no table is written. Delete the folders "
            f"{' and '.join(repr(str(folder)) for folder in sorted(folders))} and rerun, "
            "which recomputes them; if that does not help, please report this:"
        )
        raise StudyError(enumerate_errors(title, faults))
    architectures = {net["name"]: net["architecture"] for net in nets}
    training = {net["name"]: net["training"] for net in nets}
    measures = in_order(scores, names).assign(
        architecture=lambda table: of_net(table, architectures),
        training=lambda table: of_net(table, training),
        # Maps of other tools have any scale.
        negligible_energy=lambda t: concentration.negligible(t).mask(t["net"].isin(imported)),
    )
    # Energy is of nets alone, with names as plain text.
    write([energies.loc[in_order(energies, names).index, columns.ENERGY]], outputs["energy"])
    write([measures[columns.of_measures(metrics)]], outputs["measures"])
    # One at a time: the sweep, with a row a dilation, may exceed the memory.
    sweeps = (
        in_order(swept.merge(table[[*columns.KEY, "status"]]), names)
        for table, (_, sweep) in zip(tables, parts, strict=True)
        for swept in [read(Path(sweep), columns.SWEEP).astype(types)]
    )
    write((table.assign(training=of_net(table, training)) for table in sweeps), outputs["sweep"])
    write_costs(spent, names, outputs["costs"])


def read_faithfulness(parts: Iterable[str], metrics: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The scores of all jobs by each metric that needs the net: a row a record of a net."""
    tables = {
        metric: [pd.DataFrame(columns=[*columns.KEY, metric])]
        for metric in registry.of_passes(metrics)
    }
    for part in map(Path, parts):
        metric = part.parent.name
        tables[metric].append(read(part, [*columns.KEY, metric]))
    return {metric: pd.concat(of_metric) for metric, of_metric in tables.items()}


def with_faithfulness(scores: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The scores with the columns of the metrics that need the net.

    They are null where the status is not ok, of controls, and of maps that other tools made.
    """
    is_ok = scores["status"] == "ok"
    for metric, table in tables.items():
        of_records = table.drop_duplicates(columns.KEY).astype({metric: "float64"})
        scores = scores.merge(of_records, how="left", on=columns.KEY)
        scores[metric] = scores[metric].where(is_ok)
    return scores


def write_costs(parts: Iterable[str], names: Mapping[str, Sequence[str]], path: str) -> None:
    """Gather the costs of all jobs."""
    with checked_file(path) as draft:
        costs.gather((read_table(Path(part)) for part in parts), names).to_parquet(draft)


def read(part: Path, names: Sequence[str]) -> pd.DataFrame:
    """The columns ``names`` of a part.

    Raises StudyError if it is damaged, or lacks a column, as one of an earlier version.
    """
    try:
        return read_table(part)[list(names)]
    except KeyError as error:
        raise unusable(part, f"can't be read ({error})") from None


def in_order(table: pd.DataFrame, names: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows by net, size, method and class, which become categories in the study's order."""
    order = {**names, "method": [*names["method"], *names["control"]]}
    table = table.assign(
        **{column: _categories(table[column], order[column]) for column in columns.NAMES}
    )
    return table.sort_values([*columns.NAMES, "sample"], kind="stable")


def of_net(table: pd.DataFrame, facts: Mapping[str, str]) -> pd.Series:
    """The ``facts`` of the net of each row; null of no net."""
    return table["net"].astype("str").map(facts).astype("str")


def write(tables: Iterable[pd.DataFrame], path: str) -> None:
    """Write the rows of the ``tables``, of the same columns, to one file."""
    with checked_file(path) as draft, ExitStack() as stack:
        writer = None
        for table in tables:
            rows = pyarrow.Table.from_pandas(table, preserve_index=False)
            writer = writer or stack.enter_context(ParquetWriter(draft, rows.schema))
            writer.write_table(rows)


def _categories(column: pd.Series, names: Sequence[str]) -> pd.Series:
    unknown = column.dropna()[lambda values: ~values.isin(names)]
    if len(unknown):  # it would become null
        raise ValueError(f"{column.name} {unknown.iloc[0]!r} is none of the study's {list(names)}")
    return column.astype(pd.CategoricalDtype(list(names), ordered=True))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        source = snakemake.input
        main(
            list(zip(source.scores, source.sweeps, strict=True)),
            list(zip(source.controls, source.control_sweeps, strict=True)),
            read_table(Path(source.subset)),
            {
                "size": settings["sizes"],
                "method": settings["methods"],
                "control": settings["controls"],
                "class": settings["classes"],
                "metric": list(settings["metrics"]),
            },
            settings["nets"],
            settings["dilations"],
            source.costs,
            snakemake.output,
            source.faithfulness,
        )
