"""Compute and score the controls, maps of no net, for one size and shard."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lookwhere.datasets import geometry, regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.datasets.selections import shard_of
from lookwhere.io.logs import job
from lookwhere.methods import controls
from lookwhere.metrics import columns, parts
from lookwhere.metrics.saliency import Saliency


def main(
    samples: Sequence[Sample],
    image_folder: ImageFolder,
    region_folder: str,
    size: str,
    names: Sequence[str],
    metrics: Sequence[str],
    scores: str,
    sweep: str,
) -> None:
    """``names`` lists the controls."""

    def maps() -> Iterator[tuple[dict[str, Any], Saliency, Region]]:
        for sample in samples:
            image = np.asarray(geometry.transform(image_folder.read(sample), size))
            region = regions.read_at(region_folder, sample.id, size)
            for control, saliency in controls.maps(image, sample.id, names).items():
                record = parts.record(sample, net=None, method=control, size=size)
                yield record, Saliency(saliency), region

    records, steps = parts.score(maps(), metrics)
    parts.write(records.assign(**dict.fromkeys(columns.PREDICTION)), scores)
    parts.write(steps, sweep)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        selection = read_samples(snakemake.input.samples)
        number = int(snakemake.wildcards.shard)
        main(
            shard_of(selection, number, settings["shards"]),
            ImageFolder.listed(snakemake.params.images, snakemake.input.images),
            snakemake.input.regions,
            snakemake.wildcards.size,
            list(settings["controls"]),
            list(settings["metrics"]),
            snakemake.output.scores,
            snakemake.output.sweep,
        )
