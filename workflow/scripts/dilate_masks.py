"""Prepare the region of every sample of a selection: its mask, dilated, and what else is scored."""

from collections.abc import Sequence

from lookwhere.datasets import coco, regions
from lookwhere.io.logs import job, progress
from lookwhere.io.results import checked_folder


def main(instances: str, dilation: float, dilations: Sequence[float], folder: str) -> None:
    samples = coco.samples(coco.read_subset(instances))
    with checked_folder(folder) as draft:
        for [sample] in progress([[sample] for sample in samples], "masks"):
            region = regions.prepare(coco.instances_of(sample), dilation, dilations)
            regions.write(region, draft / f"{sample.sample}.npz")


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            snakemake.input.instances,
            settings["dilation"],
            settings["dilations"],
            snakemake.output.regions,
        )
