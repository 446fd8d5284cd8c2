"""Score the maps of one net, size, group of methods and shard.

Copies the maps of the showcase to a folder.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.datasets import regions
from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.io import missing, results
from lookwhere.io.logs import job
from lookwhere.io.results import checked_folder
from lookwhere.metrics import columns, parts
from lookwhere.metrics.saliency import Saliency, read
from lookwhere.report import showcase

# Columns of the predictions and their names among the scores.
PREDICTED = {name: f"target_{name}" for name in ("rank", "probability", "recognised")}


def main(
    samples: Sequence[Sample],
    predictions: pd.DataFrame,
    region_folder: str,
    map_folders: Mapping[str, str],
    net_and_size: Mapping[str, str],
    metrics: Sequence[str],
    scores: str,
    sweep: str,
) -> None:
    """``net_and_size`` holds the ``net`` and ``size`` of the maps; their folders are by method."""

    def maps() -> Iterator[tuple[dict[str, Any], Saliency | str, Region]]:
        for sample in samples:
            region = regions.read_at(region_folder, sample.id, net_and_size["size"])
            for method, folder in map_folders.items():
                record = parts.record(sample, method=method, **net_and_size)
                yield record, read(Path(folder), sample.id), region

    records, steps = parts.score(maps(), metrics)
    of_target = predictions.rename(columns=lambda name: PREDICTED.get(name, name))
    of_target = of_target[["sample", *columns.PREDICTION]]
    parts.write(records.merge(of_target, on="sample", validate="many_to_one"), scores)
    parts.write(steps, sweep)


def copy_maps(names: Collection[str], map_folders: Mapping[str, str], output: str) -> None:
    """Copy the maps of the samples ``names`` to the folder ``output``, by method."""
    files = {f"{name}.npy" for name in names} | missing.FILES
    with checked_folder(output) as folder:
        for method, maps in map_folders.items():
            (folder / method).mkdir()
            for file in Path(maps).iterdir():
                if file.name in files:
                    shutil.copy(file, folder / method)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        predictions = results.read_table(Path(snakemake.input.predictions))
        selection = read_samples(snakemake.input.samples)
        in_shard = set(predictions["sample"])
        samples = [sample for sample in selection if sample.id in in_shard]
        map_folders = dict(zip(settings["methods"], snakemake.input.maps, strict=True))
        main(
            samples,
            predictions,
            snakemake.input.regions,
            map_folders,
            {"net": snakemake.wildcards.net, "size": snakemake.wildcards.size},
            list(settings["metrics"]),
            snakemake.output.scores,
            snakemake.output.sweep,
        )
        chosen = showcase.of_selection(selection, settings["showcase"])
        copy_maps(
            in_shard.intersection(sample.id for sample in chosen),
            map_folders,
            snakemake.output.showcase,
        )
