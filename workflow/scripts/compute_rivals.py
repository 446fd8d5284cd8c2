"""Explain other outputs of one net, and score these maps beside the maps of the samples.

No map is written: they are scored at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lookwhere.datasets import others, regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.datasets.selections import shard_of
from lookwhere.io import receipts
from lookwhere.io.logs import job, log, progress
from lookwhere.io.missing import NOT_DEFINED
from lookwhere.io.prefetch import read_ahead
from lookwhere.methods.explainer import Explainer, Explanation
from lookwhere.metrics import parts, rivals, saliency, scoring
from lookwhere.metrics.rivals import LEAST_LIKELY, NO_OTHER_CLASS, OTHER_CLASS
from lookwhere.metrics.saliency import Saliency
from lookwhere.nets import device, memory, predictions
from lookwhere.nets.batches import batches, by_pixels, read_batch, shape_of

CHOICES = {OTHER_CLASS: predictions.best_targets, LEAST_LIKELY: predictions.least_likely}


@dataclass(frozen=True)
class Folders:
    """The results that a job reads."""

    maps: Mapping[str, str]  # by method
    regions: str
    others: str  # the other class of samples, with its region


def main(
    samples: Sequence[Sample],
    image_folder: ImageFolder,
    net: Mapping[str, Any],
    targets: Mapping[str, Sequence[int]],
    size: str,
    seed: int,
    chosen: Sequence[str],
    folders: Folders,
    output: str,
) -> None:
    """Write the rows of the ``chosen`` rivals; ``targets`` are those of all classes."""
    processor = device.choose_device()
    smallest = shape_of(by_pixels(samples, size)[0], size)
    explainer = Explainer(net, list(folders.maps), processor, seed, (3, *smallest))
    other_classes = others.read_classes(Path(folders.others))
    label = f"{net['name']} at {size}"
    pairs = [sample for sample in samples if sample.id in other_classes]
    log.info("%s: %d of %d samples with another class", label, len(pairs), len(samples))

    def read(batch: Sequence[Sample]) -> np.ndarray:
        return read_batch(batch, image_folder, size, explainer.input)

    def record(sample: Sample, method: str, rival: str) -> dict[str, Any]:
        return parts.record(sample, net=net["name"], method=method, size=size) | {"rival": rival}

    rows: list[dict[str, Any]] = []
    shape = None
    for rival in chosen:
        explained = pairs if rival == OTHER_CLASS else samples
        planned = batches(explained, size, memory.PIXELS_PER_BATCH[processor.type])
        read_batches = read_ahead(read, planned)
        for batch in progress(planned, f"{label}, {rival}"):
            inputs = next(read_batches)
            if inputs.shape[2:] != shape:  # blocks of the last shape would not be used again
                device.trim_heap()
                shape = inputs.shape[2:]
            classes = [other_classes.get(sample.id, sample.class_name) for sample in batch]
            candidates = [targets[name] for name in classes]
            # The seeds of the samples' own maps: only the target differs.
            seeds = [[seed, *sample.id.encode()] for sample in batch]
            explanation = explainer.explain(inputs, candidates, seeds, CHOICES[rival])
            for place, sample in enumerate(batch):
                other_class = other_classes[sample.id] if rival == OTHER_CLASS else None
                maps = maps_of(explanation, place, folders)
                target = {"target": int(explanation.targets[place])}
                rows += [
                    record(sample, method, rival) | target | row
                    for method, row in score(sample, maps, other_class, size, folders)
                ]
        if rival == OTHER_CLASS:
            rows += [
                record(sample, method, rival) | row
                for sample in samples
                if sample.id not in other_classes
                for method, row in score_none(sample, size, folders)
            ]
    parts.write(rivals.table(rows), output)


def maps_of(explanation: Explanation, place: int, folders: Folders) -> dict[str, Saliency | str]:
    """The maps of an image of a batch, or the status of a missing one, by method."""
    return {
        method: Saliency(explanation.maps[method][place])
        if method in explanation.maps
        else NOT_DEFINED
        for method in folders.maps
    }


def score(
    sample: Sample,
    maps: Mapping[str, Saliency | str],
    other_class: str | None,
    size: str,
    folders: Folders,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The energy of a rival's ``maps`` on the sample's region, by method.

    Of an ``other_class`` also the four energies: of both maps on both objects.
    """
    region = region_of(sample, folders.regions, size)
    other = region_of(sample, folders.others, size) if other_class is not None else None
    for method, saliency_map in maps.items():
        row = scoring.score(saliency_map, region, [])
        if other is not None:
            own = saliency.read(Path(folders.maps[method]), sample.id)
            row |= rivals.pair(own, saliency_map, region, other) | {"other_class": other_class}
        yield method, row


def score_none(sample: Sample, size: str, folders: Folders) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a sample without another class in its image, by method."""
    region = region_of(sample, folders.regions, size)
    for method in folders.maps:
        yield method, scoring.score(NO_OTHER_CLASS, region, []) | {"pair_status": NO_OTHER_CLASS}


def region_of(sample: Sample, folder: str, size: str) -> Region:
    return regions.read(Path(folder, f"{sample.id}.npz")).at(size)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        net, source = settings["net"], snakemake.input
        receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        selection = read_samples(source.samples)
        main(
            shard_of(selection, int(snakemake.wildcards.shard), settings["shards"]),
            ImageFolder.listed(snakemake.params.images, source.images),
            net,
            settings["targets"],
            snakemake.wildcards.size,
            settings["seed"],
            settings["rivals"],
            Folders(
                dict(zip(settings["methods"], source.maps, strict=True)),
                source.regions,
                source.others,
            ),
            snakemake.output.scores,
        )
