"""Fetch the images of the subset, each from its ``coco_url``, and list them."""

from pathlib import Path

from concentration import coco, download, receipts
from concentration.download import Download
from concentration.errors import StudyError
from concentration.jobs import job


def main(instances: str, folder: Path, receipt: str) -> None:
    images = coco.read_subset(instances)["images"]
    for image in images:
        if not isinstance(image.get("coco_url"), str):
            raise StudyError(f"image {image['id']} has no 'coco_url' to fetch it from")
    download.fetch_all(
        [
            Download(
                image["coco_url"],
                folder / image["file_name"],
                check=download.check_image(image["width"], image["height"]),
                most_bytes=download.most_bytes_of_image(image["width"], image["height"]),
            )
            for image in images
        ]
    )
    rows = receipts.of_files([image["file_name"] for image in images], folder)
    addresses = [{"image_id": image["id"], "address": image["coco_url"]} for image in images]
    receipts.write([address | row for address, row in zip(addresses, rows, strict=True)], receipt)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings):
        main(snakemake.input.instances, Path(snakemake.params.folder), snakemake.output.images)
