"""Draw and score the controls, maps of no net, for one size and shard."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lookwhere.datasets import images, regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.datasets.selections import shard_of
from lookwhere.io.logs import job
from lookwhere.metrics import parts, scoring


def main(
    samples: Sequence[Sample],
    image_folder: ImageFolder,
    region_folder: str,
    size: str,
    scores: str,
    sweep: str,
) -> None:
    records: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for sample in samples:
        image = np.asarray(images.resize(image_folder.read(sample), size))
        region = regions.read(Path(region_folder, f"{sample.id}.npz")).resized(*image.shape[:2])
        for control, saliency in scoring.controls(sample, image).items():
            record = parts.record(sample, net=None, method=control, size=size)
            records.append(record | scoring.score(saliency, region))
            steps.extend(record | step for step in scoring.sweep(saliency, region))
    of_no_target = {name: pd.Series(dtype=kind) for name, kind in parts.OF_TARGET.items()}
    parts.write(parts.table(records).assign(**of_no_target), scores)
    parts.write(parts.table(steps), sweep)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        selection = read_samples(snakemake.input.samples)
        number = int(snakemake.wildcards.shard)
        main(
            shard_of(selection, number, settings["shards"]),
            ImageFolder.listed(snakemake.params.images, snakemake.input.images),
            snakemake.input.regions,
            snakemake.wildcards.size,
            snakemake.output.scores,
            snakemake.output.sweep,
        )
