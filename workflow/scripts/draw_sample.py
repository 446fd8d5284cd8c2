"""Draw a sample: images, and their annotations as a COCO instances file."""

import json
from pathlib import Path

from PIL import Image

from lookwhere.io import receipts
from lookwhere.io.logs import job
from lookwhere.io.results import checked_file, checked_folder
from worlds import planted, scenes

WORLDS = {"sample": scenes, "planted": planted}


def main(world: str, annotations: str, images: str, receipt: str, count: int, seed: int) -> None:
    """Draw ``count`` images of one of ``WORLDS``."""
    sample = WORLDS[world].draw_sample(count, seed)
    instances = WORLDS[world].coco_instances(sample)
    with checked_folder(images) as folder:
        for scene, image in zip(sample, instances["images"], strict=True):
            Image.fromarray(scene.image).save(Path(folder, image["file_name"]), quality=95)
    with checked_file(annotations) as draft:
        draft.write_text(json.dumps(instances), "utf-8")
    files = [str(Path(images, image["file_name"])) for image in instances["images"]]
    receipts.write(receipts.of_files([annotations, *files]), receipt)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            settings["world"],
            snakemake.output.annotations,
            snakemake.output.images,
            snakemake.output.receipt,
            settings["images"],
            settings["seed"],
        )
