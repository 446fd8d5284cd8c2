"""Dilate the mask of every sample, and list the samples with the share of the image it covers."""

from pathlib import Path

import pandas as pd

from concentration import coco, masks
from concentration.files import whole_file, whole_folder
from concentration.jobs import job, progress


def main(instances: str, growth: float, folder: str, subset: str) -> None:
    rows = []
    with whole_folder(folder) as draft:
        for [sample] in progress(
            [[sample] for sample in coco.samples(coco.read(Path(instances)))], "masks"
        ):
            mask = masks.union(sample.segmentations, sample.height, sample.width)
            mask = masks.dilate(mask, growth)
            masks.write(mask, draft / f"{sample.sample}.png")
            rows.append(
                {
                    "sample": sample.sample,
                    "image_id": sample.image_id,
                    "class": sample.class_name,
                    "file": sample.file,
                    "width": sample.width,
                    "height": sample.height,
                    "instances": len(sample.segmentations),
                    "mask_fraction": mask.mean(),
                    "licence": sample.licence,
                }
            )
    with whole_file(subset) as draft:
        pd.DataFrame(rows).to_csv(draft, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.instances,
            snakemake.params.growth,
            snakemake.output.masks,
            snakemake.output.subset,
        )
