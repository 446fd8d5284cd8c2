"""Score the maps of one net, size, group of methods and shard by a metric that needs the net."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.errors import StudyError
from lookwhere.io import receipts, results
from lookwhere.io.logs import job, log, progress
from lookwhere.io.prefetch import read_ahead
from lookwhere.methods import passes
from lookwhere.methods.passes import Passes
from lookwhere.metrics import parts
from lookwhere.metrics.registry import METRICS, measure
from lookwhere.metrics.saliency import Saliency, read
from lookwhere.nets import device
from lookwhere.nets.batches import by_pixels, read_batch, shape_of


def main(
    samples: Sequence[Sample],
    images: ImageFolder,
    net: Mapping[str, Any],
    targets: Mapping[str, int],
    size: str,
    seed: int,
    map_folders: Mapping[str, str],
    metric: str,
    scores: str,
) -> None:
    """Write the ``scores``: a row a sample and method, with the ``metric`` as a column.

    ``targets`` holds the output that is explained, by sample, and ``map_folders`` the maps, by
    method. The metric is null where a map is missing, has no energy or is not finite. Samples come
    by the shape of their inputs, as maps are computed.
    """
    samples = by_pixels(samples, size)
    smallest = shape_of(samples[0], size)
    forward, kind = passes.load(net, device.choose_device(), seed, (3, *smallest))
    label = f"{METRICS[metric].label} of {net['name']} at {size}"
    undefined = dict.fromkeys(map_folders, 0)

    def read_input(sample: Sample) -> np.ndarray:
        return read_batch([sample], images, size, kind)[0]

    def rows() -> Iterator[dict[str, Any]]:
        inputs, shape = read_ahead(read_input, samples), smallest
        for [sample] in progress([[sample] for sample in samples], label):
            image = next(inputs)
            if image.shape[1:] != shape:  # blocks of the last shape would not be used again
                device.trim_heap()
                shape = image.shape[1:]
            of_sample = Passes(forward, image, targets[sample.id], [seed, *sample.id.encode()])
            for method, folder in map_folders.items():
                saliency = read(Path(folder), sample.id)
                try:
                    value = _value(metric, saliency, of_sample)
                except StudyError as error:
                    raise StudyError(f"{sample.id}, {method}: {error}") from error
                undefined[method] += value is None
                yield parts.record(sample, net=net["name"], method=method, size=size) | {
                    metric: value
                }

    table = pd.DataFrame(rows()).astype({metric: "float64"})
    parts.write(table.sort_values(["method", "sample"]), scores)
    for method, count in undefined.items():
        if count:
            log.info("%s: %d of %d maps of %s have none", label, count, len(samples), method)


def _value(metric: str, saliency: Saliency | str, of_sample: Passes) -> float | None:
    """The metric of a map, if it is there, finite and not zero."""
    if isinstance(saliency, str):
        return None
    energy = saliency.energy.sum()
    return measure(METRICS[metric], saliency, of_sample) if 0 < energy < np.inf else None


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        net = settings["net"]
        receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        predictions = results.read_table(Path(snakemake.input.predictions))
        targets = dict(zip(predictions["sample"], predictions["target"].tolist(), strict=True))
        selection = read_samples(snakemake.input.samples)
        main(
            [sample for sample in selection if sample.id in targets],
            ImageFolder.listed(snakemake.params.images, snakemake.input.images),
            net,
            targets,
            snakemake.wildcards.size,
            settings["seed"],
            dict(zip(settings["methods"], snakemake.input.maps, strict=True)),
            snakemake.wildcards.metric,
            snakemake.output.scores,
        )
