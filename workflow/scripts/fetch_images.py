"""Fetch the images of a selection, each from its address, and list them."""

from pathlib import Path

from lookwhere.datasets import image_list, images
from lookwhere.datasets.samples import one_of_each_image, read_samples
from lookwhere.errors import StudyError
from lookwhere.io import download, receipts
from lookwhere.io.download import Download
from lookwhere.io.logs import job


def main(selection: str, folder: Path, receipt: str) -> None:
    listed = one_of_each_image(read_samples(selection))
    for image in listed:
        if image.address is None:
            raise StudyError(f"image {image.image_id} has no 'coco_url' to fetch it from")
    download.fetch_all(
        [
            Download(
                str(image.address),
                folder / image.file,
                check=images.checker(*image.file_size, image.exif),
                max_bytes=download.max_image_bytes(*image.file_size),
            )
            for image in listed
        ]
    )
    rows = image_list.rows(listed, folder)
    addresses = [{"address": image.address} for image in listed]
    receipts.write([row | address for row, address in zip(rows, addresses, strict=True)], receipt)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings):
        main(snakemake.input.samples, Path(snakemake.params.folder), snakemake.output.images)
