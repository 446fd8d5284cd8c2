"""Select the samples of a selection."""

from collections.abc import Sequence
from pathlib import Path

from lookwhere.datasets import base, image_list
from lookwhere.datasets.base import Dataset
from lookwhere.datasets.samples import Sample, one_of_each_image, write_samples
from lookwhere.datasets.selections import Span
from lookwhere.io import receipts
from lookwhere.io.logs import job, log


def main(
    data: Dataset, spans: Sequence[Span], seed: int, max_pixels: int | None, output: str
) -> list[Sample]:
    """Write the samples to ``output``, and return one per image."""
    samples = base.select(data, spans, seed, max_pixels)
    images = one_of_each_image(samples)
    log.info("%d samples in %d images", len(samples), len(images))
    write_samples(samples, output)
    return images


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        annotations, folder = Path(snakemake.params.annotations), Path(snakemake.params.images)
        receipts.require(annotations, settings["annotations"], without=folder)
        data = base.load(settings["format"], annotations, folder, settings["choices"])
        spans = [Span(*span) for span in settings["spans"]]
        seed, max_pixels = settings["seed"], settings["max_pixels"]
        images = main(data, spans, seed, max_pixels, snakemake.output.samples)
        if "images" in snakemake.output.keys():  # noqa: SIM118
            receipts.write(image_list.rows(images, folder), snakemake.output.images)
