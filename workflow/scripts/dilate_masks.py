"""Prepare the region of every sample of a selection: its dilated mask, boxes, dilation index."""

from collections.abc import Sequence

from lookwhere.datasets import regions
from lookwhere.datasets.samples import read_samples
from lookwhere.io.logs import job, progress
from lookwhere.io.results import checked_folder


def main(selection: str, dilation: float, dilations: Sequence[float], folder: str) -> None:
    with checked_folder(folder) as draft:
        for [sample] in progress([[sample] for sample in read_samples(selection)], "masks"):
            region = regions.prepare(sample.masks(), dilation, dilations, sample.ignored_pixels())
            regions.write(region, draft / f"{sample.id}.npz")


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            snakemake.input.samples,
            settings["dilation"],
            settings["dilations"],
            snakemake.output.regions,
        )
