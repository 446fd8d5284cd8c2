"""Score the maps of one net, size and shard, and the controls beside them.

The maps of the showcase are copied to a folder of their own.
"""

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.datasets import coco, regions
from lookwhere.datasets.coco import Sample
from lookwhere.datasets.images import ImageFolder
from lookwhere.io import results
from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, checked_folder
from lookwhere.metrics import scoring
from lookwhere.report import showcase

OF_TARGET = ["rank", "probability", "recognised"]  # what the net predicts for it


def main(
    samples: Sequence[Sample],
    predictions: pd.DataFrame,
    image_folder: ImageFolder,
    mask_folder: str,
    map_folders: Mapping[str, str],
    size: str,
    dilations: Sequence[float],
    shown: Collection[str],
    table: str,
    sweep: str,
    showcase_folder: str,
) -> None:
    records: list[dict[str, Any]] = []
    dilated: list[dict[str, Any]] = []
    for sample in samples:
        image, mask = showcase.read_input(sample, image_folder, mask_folder, size)
        prepared = regions.prepare(coco.instances_of(sample), 0, dilations)
        region = replace(prepared.resized(*mask.shape), mask=mask)
        maps = {
            method: results.read_array(Path(folder, f"{sample.sample}.npy"), Path(folder))
            for method, folder in map_folders.items()
        }
        for method, saliency in {**maps, **scoring.controls(sample, image)}.items():
            key = {"sample": sample.sample, "image_id": sample.image_id, "method": method}
            of_class = {"class": sample.class_name}
            records.append(key | of_class | scoring.score(saliency, region))
            dilated.extend(key | of_class | step for step in scoring.sweep(saliency, region))
    of_target = predictions.rename(columns={name: f"target_{name}" for name in OF_TARGET})
    of_target = of_target[
        ["sample", "target", *(f"target_{name}" for name in OF_TARGET), "output_activation"]
    ]
    with checked_folder(showcase_folder) as folder:
        for method, maps_of_method in map_folders.items():
            (folder / method).mkdir()
            for name in set(shown).intersection(sample.sample for sample in samples):
                shutil.copy(Path(maps_of_method, f"{name}.npy"), folder / method)
    with checked_file(sweep) as draft:
        pd.DataFrame(dilated).astype({"concentration": "float64"}).to_parquet(draft, index=False)
    with checked_file(table) as draft:
        (
            pd.DataFrame(records)
            .astype(dict.fromkeys(scoring.NULLABLE, "float64"))
            .merge(of_target, on="sample", validate="many_to_one")
            .to_parquet(draft, index=False)
        )


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        predictions = results.read_table(Path(snakemake.input.predictions))
        everything = coco.samples(coco.read_subset(snakemake.input.instances))
        in_shard = set(predictions["sample"])
        main(
            [sample for sample in everything if sample.sample in in_shard],
            predictions,
            ImageFolder.listed(snakemake.params.images, snakemake.input.images),
            snakemake.input.masks,
            {method: snakemake.input[method] for method in settings["methods"]},
            snakemake.wildcards.size,
            settings["dilations"],
            results.read_json(Path(snakemake.input.showcase)),
            snakemake.output.scores,
            snakemake.output.sweep,
            snakemake.output.showcase,
        )
