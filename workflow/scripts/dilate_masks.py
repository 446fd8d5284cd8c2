"""Dilate the mask of every sample, and list the samples with the share of the image it covers."""

import pandas as pd

from lookwhere.datasets import coco, masks
from lookwhere.io.logs import job, progress
from lookwhere.io.results import checked_file, checked_folder, csv_text


def main(instances: str, growth: float, folder: str, subset: str) -> None:
    rows = []
    with checked_folder(folder) as draft:
        for [sample] in progress(
            [[sample] for sample in coco.samples(coco.read_subset(instances))], "masks"
        ):
            union = masks.union(sample.segmentations, sample.height, sample.width)
            mask = masks.dilate(union, growth)
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
                    "mask_growth": mask.sum() / union.sum() - 1 if union.any() else None,
                    "licence": sample.licence,
                }
            )
    with checked_file(subset) as draft:
        draft.write_text(csv_text(pd.DataFrame(rows)), "utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            snakemake.input.instances,
            settings["growth"],
            snakemake.output.masks,
            snakemake.output.subset,
        )
