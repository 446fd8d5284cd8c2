"""Select the samples of a selection."""

from collections.abc import Sequence
from pathlib import Path

from lookwhere.datasets import base
from lookwhere.datasets.base import Dataset
from lookwhere.datasets.samples import Sample, one_of_each_image, write_samples
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import receipts
from lookwhere.io.logs import job, log

LISTED = 10  # missing images in the message


def main(data: Dataset, spans: Sequence[Span], seed: int, output: str) -> list[Sample]:
    """Write the samples to ``output``, and return one per image."""
    samples = base.select(data, spans, seed)
    images = one_of_each_image(samples)
    log.info("%d samples in %d images", len(samples), len(images))
    write_samples(samples, output)
    return images


def list_images(images: Sequence[Sample], folder: str, receipt: str) -> None:
    """Write the receipt of the images below ``folder``. Raises StudyError if one is missing."""
    rows = receipts.of_files([image.file for image in images], Path(folder))
    missing = [row["file"] for row in rows if row["sha256"] == receipts.MISSING]
    if missing:
        names = [f"image {str(Path(folder, name))!r} does not exist" for name in missing[:LISTED]]
        more = [f"and {len(missing) - LISTED} more"] if len(missing) > LISTED else []
        title = f"{len(missing)} of {len(rows)} images are missing: check dataset.images"
        raise StudyError(enumerate_errors(title, names + more))
    ids = [{"image_id": image.image_id} for image in images]
    receipts.write([key | row for key, row in zip(ids, rows, strict=True)], receipt)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        receipts.require(Path(snakemake.params.annotations), settings["annotations"])
        annotations, folder = Path(snakemake.params.annotations), Path(snakemake.params.images)
        data = base.load(settings["format"], annotations, folder, settings["choices"])
        spans = [Span(*span) for span in settings["spans"]]
        images = main(data, spans, settings["seed"], snakemake.output.samples)
        if "images" in snakemake.output.keys():  # noqa: SIM118
            list_images(images, snakemake.params.images, snakemake.output.images)
