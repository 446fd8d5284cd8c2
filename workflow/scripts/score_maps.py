"""Score the maps of one net, size and shard, and the controls beside them.

The maps of the showcase are copied to a folder of their own.
"""

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from concentration import coco, scores, showcase
from concentration.coco import Sample
from concentration.files import read_array, whole_file, whole_folder
from concentration.jobs import job


def main(
    samples: Sequence[Sample],
    predictions: pd.DataFrame,
    image_folder: str,
    mask_folder: str,
    map_folders: Mapping[str, str],
    size: str,
    growths: Sequence[float],
    shown: Collection[str],
    table: str,
    sweep: str,
    showcase_folder: str,
) -> None:
    records: list[dict[str, Any]] = []
    dilated: list[dict[str, Any]] = []
    for sample in samples:
        image, mask = showcase.read_input(sample, image_folder, mask_folder, size)
        field = scores.field(sample, mask, growths)
        maps = {m: read_array(Path(f, f"{sample.sample}.npy")) for m, f in map_folders.items()}
        for method, saliency in {**maps, **scores.controls(sample, image)}.items():
            key = {"sample": sample.sample, "image_id": sample.image_id, "method": method}
            of_class = {"class": sample.class_name}
            records.append(key | of_class | scores.score(saliency, field))
            dilated.extend(key | step for step in scores.sweep(saliency, field))
    said = predictions.rename(columns={"rank": "target_rank", "probability": "target_probability"})
    said = said[["sample", "target", "target_rank", "target_probability"]]
    with whole_folder(showcase_folder) as folder:
        for method, maps_of_method in map_folders.items():
            (folder / method).mkdir()
            for name in set(shown).intersection(sample.sample for sample in samples):
                shutil.copy(Path(maps_of_method, f"{name}.npy"), folder / method)
    with whole_file(sweep) as draft:
        pd.DataFrame(dilated).astype({"concentration": "float64"}).to_parquet(draft, index=False)
    with whole_file(table) as draft:
        (
            pd.DataFrame(records)
            .astype(dict.fromkeys(scores.NULLABLE, "float64"))
            .merge(said, on="sample", validate="many_to_one")
            .to_parquet(draft, index=False)
        )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        predictions = pd.read_parquet(snakemake.input.predictions)
        everything = coco.samples(coco.read(Path(snakemake.input.instances)))
        in_shard = set(predictions["sample"])
        main(
            [sample for sample in everything if sample.sample in in_shard],
            predictions,
            snakemake.params.images,
            snakemake.input.masks,
            {method: snakemake.input[method] for method in snakemake.params.methods},
            snakemake.wildcards.size,
            snakemake.params.growths,
            json.loads(Path(snakemake.input.showcase).read_text()),
            snakemake.output.scores,
            snakemake.output.sweep,
            snakemake.output.showcase,
        )
