"""Fetch the images of the subset, each from its ``coco_url``, and list them."""

import hashlib
from pathlib import Path

import pandas as pd

from concentration import coco, download
from concentration.download import Download
from concentration.errors import StudyError
from concentration.files import whole_file
from concentration.jobs import job


def main(instances: Path, folder: Path, table: str) -> None:
    images = coco.read(instances)["images"]
    for image in images:
        if not isinstance(image.get("coco_url"), str):
            raise StudyError(f"image {image['id']} has no 'coco_url' to fetch it from")
    download.fetch_all(
        [
            Download(
                image["coco_url"],
                folder / image["file_name"],
                check=download.check_image(image["width"], image["height"]),
            )
            for image in images
        ]
    )
    rows = [
        {
            "image_id": image["id"],
            "file": image["file_name"],
            "address": image["coco_url"],
            "sha256": hashlib.sha256((folder / image["file_name"]).read_bytes()).hexdigest(),
        }
        for image in images
    ]
    with whole_file(table) as draft:
        pd.DataFrame(rows).to_csv(draft, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            Path(snakemake.input.instances),
            Path(snakemake.params.folder),
            snakemake.output.images,
        )
