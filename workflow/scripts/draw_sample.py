"""Draw the embedded sample: images, and their annotations as a COCO instances file."""

import json
from pathlib import Path

from PIL import Image

from concentration.files import whole_file, whole_folder
from concentration.jobs import job
from concentration.sample import scenes


def main(annotations: str, images: str, count: int, seed: int) -> None:
    drawn = scenes.draw_sample(count, seed)
    instances = scenes.coco_instances(drawn)
    with whole_folder(images) as folder:
        for scene, image in zip(drawn, instances["images"], strict=True):
            Image.fromarray(scene.image).save(Path(folder, image["file_name"]), quality=95)
    with whole_file(annotations) as draft:
        draft.write_text(json.dumps(instances))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output.annotations,
            snakemake.output.images,
            snakemake.params.images,
            snakemake.params.seed,
        )
