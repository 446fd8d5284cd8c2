"""Choose the study's samples: a small COCO instances file that everything else reads."""

import json
from pathlib import Path

from concentration import coco
from concentration.files import whole_file
from concentration.jobs import job, log


def main(
    annotations: str, classes: list[str], images_per_class: int, seed: int, instances: str
) -> None:
    subset = coco.select(coco.read(Path(annotations)), classes, images_per_class, seed)
    log.info("%d samples in %d images", len(coco.samples(subset)), len(subset["images"]))
    with whole_file(instances) as draft:
        draft.write_text(json.dumps(subset))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.annotations,
            snakemake.params.classes,
            snakemake.params.images_per_class,
            snakemake.params.seed,
            snakemake.output.instances,
        )
