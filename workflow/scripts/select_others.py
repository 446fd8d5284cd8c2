"""Choose another class of the study in the image of each sample, and prepare its region."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lookwhere.datasets import base, others, regions
from lookwhere.datasets.base import Dataset
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.io import receipts
from lookwhere.io.logs import job, log, progress
from lookwhere.io.results import checked_folder


def main(
    data: Dataset,
    samples: Sequence[Sample],
    targets: Mapping[str, Sequence[int]],
    seed: int,
    max_pixels: int | None,
    dilation: float,
    dilations: Sequence[float],
    folder: str,
) -> None:
    """Write the region of the other class in the image of each sample, by the sample's id.

    ``targets`` are those of the classes, by name.
    """
    chosen = others.choose(data, samples, targets, seed, max_pixels)
    log.info("%d of %d samples show another class of the study", len(chosen), len(samples))
    with checked_folder(folder) as draft:
        for [sample] in progress([[sample] for sample in chosen], "other classes"):
            other = chosen[sample]
            region = regions.prepare(other.masks(), dilation, dilations, other.ignored_pixels())
            regions.write(region, draft / f"{sample}.npz")
        others.write_classes({sample: o.class_name for sample, o in chosen.items()}, draft)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        annotations, images = Path(snakemake.params.annotations), Path(snakemake.params.images)
        receipts.require(annotations, settings["annotations"], without=images)
        main(
            base.load(settings["format"], annotations, images, settings["choices"]),
            read_samples(snakemake.input.samples),
            settings["targets"],
            settings["seed"],
            settings["max_pixels"],
            settings["dilation"],
            settings["dilations"],
            snakemake.output.others,
        )
