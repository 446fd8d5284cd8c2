"""Gather the scores of all shards in tables of one row a sample x net x method x size.

The tables are checked before they appear: they never exist unless they are right.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow
from pyarrow.parquet import ParquetWriter

from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, read_table, unusable
from lookwhere.methods.controls import CONTROLS
from lookwhere.metrics import concentration, localisation, validation

RECORD = ["sample", "image_id", "class", "net", "method", "size"]
PREDICTION = ["target", "target_rank", "target_probability"]
ENERGY = [
    *RECORD,
    *("concentration", "energy_inside", "energy_total", "mask_fraction"),
    *PREDICTION,
    "status",
]
MEASURES = [
    *RECORD,
    *("architecture", "training"),
    *("concentration", *localisation.NAMES, "mask_fraction", "box_fraction"),
    *PREDICTION,
    *("target_recognised", "output_activation", "negligible_energy", "status"),
]
OF_THE_STUDY = ("architecture", "training", "negligible_energy")  # what no shard knows
SCORES = [name for name in ENERGY + MEASURES if name not in OF_THE_STUDY]
SWEEP = [*RECORD, "dilation", "concentration", "mask_fraction"]


def main(
    scores_of_nets: Sequence[str],
    sweeps_of_nets: Sequence[str],
    scores_of_controls: Sequence[str],
    sweeps_of_controls: Sequence[str],
    subset: pd.DataFrame,
    order: Mapping[str, Sequence[str]],
    architectures: Mapping[str, str],
    untrained: Sequence[str],
    dilations: Sequence[float],
    outputs: Mapping[str, str],
) -> None:
    """``order`` holds the nets, sizes, methods and classes; the controls come after the methods.

    ``architectures`` maps the name of a net to its architecture; those that are ``untrained`` have
    random weights.
    """
    order = {**order, "method": [*order["method"], *CONTROLS]}
    of_nets = pd.concat([read(Path(part), SCORES) for part in scores_of_nets], ignore_index=True)
    of_controls = beside_nets([read(Path(part), SCORES) for part in scores_of_controls], of_nets)
    scores = pd.concat([of_nets, of_controls], ignore_index=True)
    found = validation.faults(scores, subset, order)
    swept = pd.concat([read(Path(part), SWEEP) for part in sweeps_of_nets], ignore_index=True)
    swept_controls = [read(Path(part), SWEEP) for part in sweeps_of_controls]
    swept = pd.concat([swept, beside_nets(swept_controls, of_nets)], ignore_index=True)
    found += validation.sweep_faults(swept, scores, dilations)
    if found:
        folder = Path(scores_of_nets[0]).parents[3]
        title = (
            "the scores are wrong, and no table is made of them. Delete the folder "
            f"{str(folder)!r} and start again, which makes them anew; if that does not help, "
            "please report what follows:"
        )
        raise StudyError(enumerate_errors(title, found))
    scores = in_order(scores, order).assign(
        architecture=lambda table: table["net"].map(architectures),
        negligible_energy=concentration.negligible,
    )
    scores = training_of(scores, untrained)
    of_nets = scores[~scores["method"].isin(CONTROLS)]
    # Controls are of no net: they stand in the measures alone.
    write([of_nets[ENERGY]], outputs["energy"])
    write([scores[MEASURES]], outputs["measures"])
    write([training_of(in_order(swept, order), untrained)], outputs["sweep"])


def beside_nets(controls: Sequence[pd.DataFrame], of_nets: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``controls`` beside each net, with what the net predicts."""
    of_target = ["target", "target_rank", "target_probability", "target_recognised"]
    of_target += ["output_activation"]
    predicted = of_nets[["sample", "net", "size", *of_target]].drop_duplicates()
    table = pd.concat(controls).drop(columns=["net", *of_target], errors="ignore")
    table = table.merge(predicted, on=["sample", "size"])
    return table[list(controls[0].columns)]


def training_of(table: pd.DataFrame, untrained: Sequence[str]) -> pd.DataFrame:
    """The table with the column ``training``: untrained for nets with random weights."""
    training = table["net"].isin(untrained).map({True: "untrained", False: "trained"})
    return table.assign(training=training)


def read(part: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The scores of one shard.

    Raises StudyError if it is damaged, or lacks a column, as one of an earlier version may.
    """
    try:
        return read_table(part)[list(dict.fromkeys(columns))]
    except KeyError as error:
        raise unusable(part, f"can't be read ({error})") from None


def in_order(table: pd.DataFrame, order: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows in the study's order of net, size, method and class, then by sample."""

    def codes(column: pd.Series) -> pd.Series:
        return pd.Series(pd.Categorical(column, order[str(column.name)]).codes, column.index)

    present = [name for name in order if name in table]
    by_sample = table.sort_values("sample", kind="stable")
    return by_sample.sort_values(present, kind="stable", key=codes)


def write(tables: Iterable[pd.DataFrame], path: str) -> None:
    """The rows of the ``tables``, which have the same columns, in one file."""
    with checked_file(path) as draft, ExitStack() as stack:
        writer = None
        for table in tables:
            rows = pyarrow.Table.from_pandas(table, preserve_index=False)
            writer = writer or stack.enter_context(ParquetWriter(draft, rows.schema))
            writer.write_table(rows)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            snakemake.input.scores,
            snakemake.input.sweeps,
            snakemake.input.control_scores,
            snakemake.input.control_sweeps,
            read_table(Path(snakemake.input.subset)),
            {
                "net": settings["nets"],
                "size": settings["sizes"],
                "method": settings["methods"],
                "class": settings["classes"],
            },
            settings["architectures"],
            settings["untrained"],
            settings["dilations"],
            snakemake.output,
        )
