"""Score the maps of one net, size, group of methods and shard by a metric that needs the net."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.errors import StudyError
from lookwhere.io import receipts, results
from lookwhere.io.logs import job, log
from lookwhere.methods import passes
from lookwhere.methods.passes import Passes
from lookwhere.metrics import parts
from lookwhere.metrics.registry import METRICS, measure
from lookwhere.metrics.saliency import Saliency, read
from lookwhere.nets import device, predictions
from lookwhere.nets.batches import by_pixels, read_in_turn, shape_of


@dataclass(frozen=True)
class Task:
    """The maps that a job scores, and the metric."""

    net: Mapping[str, Any]
    size: str
    metric: str
    targets: Mapping[str, int]  # the output that is explained, by sample
    maps: Mapping[str, str]  # their folders, by method
    seed: int

    @property
    def label(self) -> str:
        """The metric, the net and the size in print."""
        return f"{METRICS[self.metric].label} of {self.net['name']} at {self.size}"


def main(samples: Sequence[Sample], images: ImageFolder, task: Task, scores: str) -> None:
    """Write the ``scores``: a row a sample and method, with the metric as a column.

    It is null where a map is missing, has no energy or is not finite, and where the net's output on
    a changed image is not.
    """
    table = pd.DataFrame(rows(samples, images, task)).astype({task.metric: "float64"})
    parts.write(table.sort_values(["method", "sample"]), scores)
    undefined = table[task.metric].isna().groupby(table["method"], sort=False).sum()
    for method, count in undefined[undefined > 0].items():
        log.info("%s: %d of %d maps of %s have none", task.label, count, len(samples), method)


def rows(samples: Sequence[Sample], images: ImageFolder, task: Task) -> Iterator[dict[str, Any]]:
    """A row a sample and method; samples come by the shape of their inputs, as in compute_maps."""
    ordered = by_pixels(samples, task.size)
    smallest = shape_of(ordered[0], task.size)
    forward, kind = passes.load(task.net, device.choose_device(), task.seed, (3, *smallest))
    one_by_one = [[sample] for sample in ordered]
    for [sample], inputs in read_in_turn(one_by_one, images, task.size, kind, task.label):
        seeds = [task.seed, *sample.id.encode()]
        of_sample = Passes(forward, inputs[0], task.targets[sample.id], seeds)
        for method, folder in task.maps.items():
            record = parts.record(sample, net=task.net["name"], method=method, size=task.size)
            try:
                value = value_of(task.metric, read(Path(folder), sample.id), of_sample)
            except StudyError as error:
                raise StudyError(f"{sample.id}, {method}: {error}") from error
            yield record | {task.metric: value}


def value_of(metric: str, saliency: Saliency | str, of_sample: Passes) -> float | None:
    """The metric of a map, if it is there, finite and not zero."""
    if isinstance(saliency, str):
        return None
    energy = saliency.energy.sum()
    return measure(METRICS[metric], saliency, of_sample) if 0 < energy < np.inf else None


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        net, source = settings["net"], snakemake.input
        receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        targets = predictions.targets(results.read_table(Path(source.predictions)))
        maps = dict(zip(settings["methods"], source.maps, strict=True))
        size, metric = snakemake.wildcards.size, snakemake.wildcards.metric
        main(
            [sample for sample in read_samples(source.samples) if sample.id in targets],
            ImageFolder.listed(snakemake.params.images, source.images),
            Task(net, size, metric, targets, maps, settings["seed"]),
            snakemake.output.scores,
        )
