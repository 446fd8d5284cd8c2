"""Score the maps of one net, size and shard: the share of their energy on the mask.

The maps of the showcase are copied to a folder of their own.
"""

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from concentration import energy, masks
from concentration.files import read_array, whole_file, whole_folder
from concentration.jobs import job


def main(
    samples: pd.DataFrame,
    predictions: pd.DataFrame,
    mask_folder: str,
    map_folders: Mapping[str, str],
    shown: Collection[str],
    table: str,
    showcase_folder: str,
) -> None:
    records = []
    for sample in predictions["sample"]:
        mask = masks.read(Path(mask_folder, f"{sample}.png"))
        for method, folder in map_folders.items():
            saliency = read_array(Path(folder, f"{sample}.npy"))
            fitted = masks.resize(mask, *saliency.shape[1:])
            scored = asdict(energy.score(saliency, fitted))
            records.append({"sample": sample, "method": method, **scored})
    said = predictions.rename(columns={"rank": "target_rank", "probability": "target_probability"})
    said = said[["sample", "target", "target_rank", "target_probability"]]
    with whole_folder(showcase_folder) as showcase:
        for method, folder in map_folders.items():
            (showcase / method).mkdir()
            for sample in set(shown).intersection(predictions["sample"]):
                shutil.copy(Path(folder, f"{sample}.npy"), showcase / method)
    with whole_file(table) as draft:
        (
            pd.DataFrame(records)
            .astype(dict.fromkeys(("concentration", "energy_inside", "energy_total"), "float64"))
            .merge(samples[["sample", "image_id", "class"]], on="sample", validate="many_to_one")
            .merge(said, on="sample", validate="many_to_one")
            .to_parquet(draft, index=False)
        )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            pd.read_csv(snakemake.input.subset, dtype={"class": str}, keep_default_na=False),
            pd.read_parquet(snakemake.input.predictions),
            snakemake.input.masks,
            {method: snakemake.input[method] for method in snakemake.params.methods},
            json.loads(Path(snakemake.input.showcase).read_text()),
            snakemake.output.energy,
            snakemake.output.showcase,
        )
