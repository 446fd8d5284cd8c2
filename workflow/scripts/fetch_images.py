"""Fetch the images of the subset, each from its ``coco_url``, and list them."""

from pathlib import Path

from lookwhere.datasets import coco, images
from lookwhere.errors import StudyError
from lookwhere.io import download, receipts
from lookwhere.io.download import Download
from lookwhere.io.logs import job


def main(instances: str, folder: Path, receipt: str) -> None:
    listed = coco.read_subset(instances)["images"]
    for image in listed:
        if not isinstance(image.get("coco_url"), str):
            raise StudyError(f"image {image['id']} has no 'coco_url' to fetch it from")
    download.fetch_all(
        [
            Download(
                image["coco_url"],
                folder / image["file_name"],
                check=images.checker(image["width"], image["height"]),
                most_bytes=download.most_bytes_of_image(image["width"], image["height"]),
            )
            for image in listed
        ]
    )
    rows = receipts.of_files([image["file_name"] for image in listed], folder)
    addresses = [{"image_id": image["id"], "address": image["coco_url"]} for image in listed]
    receipts.write([address | row for address, row in zip(addresses, rows, strict=True)], receipt)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings):
        main(snakemake.input.instances, Path(snakemake.params.folder), snakemake.output.images)
