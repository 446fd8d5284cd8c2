"""Explain another output of one net, and score these maps beside the maps of the samples.

No map is written: they are scored at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lookwhere.datasets import others, regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.io import receipts, results
from lookwhere.io.logs import job, log
from lookwhere.io.missing import NOT_DEFINED
from lookwhere.methods.explainer import Explainer, Explanation
from lookwhere.metrics import parts, rivals, saliency, scoring
from lookwhere.metrics.rivals import LEAST_LIKELY, NO_OTHER_CLASS, OTHER_CLASS, SAME_OUTPUT
from lookwhere.metrics.saliency import Saliency
from lookwhere.nets import device, memory, predictions
from lookwhere.nets.batches import batches, by_pixels, read_in_turn, shape_of

Maps = Mapping[str, Saliency | str]  # of a sample by method, or why there is none


@dataclass(frozen=True)
class Task:
    """What a job explains, whichever the rival."""

    net: Mapping[str, Any]
    size: str
    methods: Sequence[str]
    seed: int
    own: Mapping[str, int]  # the output that the sample's own maps explain, by sample
    regions: str


class LeastLikely:
    """The output of the lowest logit."""

    name = LEAST_LIKELY
    choose = staticmethod(predictions.least_likely)

    def is_in(self, sample: Sample) -> bool:
        """Whether the sample has one: each has."""
        return True

    def candidates(self, sample: Sample) -> None:
        """All outputs."""

    def beside(self, sample: Sample, maps: Maps, region: Region) -> Iterator[dict[str, Any]]:
        """No columns beside those of the energy, of each of the ``maps``."""
        return ({} for _ in maps)


@dataclass(frozen=True)
class OtherClass:
    """Another class in the image."""

    classes: Mapping[str, str]  # by sample that has one
    targets: Mapping[str, Sequence[int]]  # by class
    regions: str  # of the other class, by sample
    maps: Mapping[str, str]  # the folders of the samples' own, by method
    size: str

    name = OTHER_CLASS
    choose = staticmethod(predictions.best_targets)

    def is_in(self, sample: Sample) -> bool:
        """Whether the image of the sample shows another class."""
        return sample.id in self.classes

    def candidates(self, sample: Sample) -> Sequence[int]:
        """The outputs of the other class."""
        return self.targets[self.classes[sample.id]]

    def beside(self, sample: Sample, maps: Maps, region: Region) -> Iterator[dict[str, Any]]:
        """The other class and the four energies, of each of the ``maps``."""
        if not self.is_in(sample):
            yield from ({"pair_status": NO_OTHER_CLASS} for _ in maps)
            return
        other = {"other_class": self.classes[sample.id]}
        other_region = regions.read_at(self.regions, sample.id, self.size)
        for method, map_ in maps.items():
            own = saliency.read(Path(self.maps[method]), sample.id)
            yield other | rivals.pair(own, map_, region, other_region)


Rival = LeastLikely | OtherClass


def main(
    samples: Sequence[Sample], images: ImageFolder, task: Task, rival: Rival, output: str
) -> None:
    """Write a row a sample and method."""
    label = f"{rival.name} of {task.net['name']} at {task.size}"
    rows: list[dict[str, Any]] = []
    for sample, target, maps in explained(samples, images, task, rival, label):
        rows += rows_of(sample, target, maps, task, rival)
    none = dict.fromkeys(task.methods, NO_OTHER_CLASS)
    for sample in samples:
        if not rival.is_in(sample):
            rows += rows_of(sample, None, none, task, rival)
    table = rivals.table(rows)
    for status in (NO_OTHER_CLASS, SAME_OUTPUT):
        if count := table.loc[table["status"] == status, "sample"].nunique():
            log.info("%s: %d of %d samples have none: %s", label, count, len(samples), status)
    parts.write(table, output)


def explained(
    samples: Sequence[Sample], images: ImageFolder, task: Task, rival: Rival, label: str
) -> Iterator[tuple[Sample, int, Maps]]:
    """Each of the ``samples`` that has the ``rival``, with its output and its maps."""
    processor = device.choose_device()
    smallest = shape_of(by_pixels(samples, task.size)[0], task.size)
    explainer = Explainer(task.net, task.methods, processor, task.seed, (3, *smallest))
    present = [sample for sample in samples if rival.is_in(sample)]
    planned = batches(present, task.size, memory.PIXELS_PER_BATCH[processor.type])
    for batch, inputs in read_in_turn(planned, images, task.size, explainer.input, label):
        candidates = [rival.candidates(sample) for sample in batch]
        # The seeds of the samples' own maps: only the target differs.
        seeds = [[task.seed, *sample.id.encode()] for sample in batch]
        explanation = explainer.explain(inputs, candidates, seeds, rival.choose)
        for place, sample in enumerate(batch):
            target = int(explanation.targets[place])
            yield sample, target, maps_of(explanation, place, task, target == task.own[sample.id])


def maps_of(explanation: Explanation, place: int, task: Task, is_own: bool) -> Maps:
    """The maps of an image of a batch; none where they are the sample's own (``is_own``)."""
    return {
        method: NOT_DEFINED
        if method not in explanation.maps
        else SAME_OUTPUT
        if is_own
        else Saliency(explanation.maps[method][place])
        for method in task.methods
    }


def rows_of(
    sample: Sample, target: int | None, maps: Maps, task: Task, rival: Rival
) -> Iterator[dict[str, Any]]:
    """A row of each of the ``maps``: their energy on the sample's region."""
    region = regions.read_at(task.regions, sample.id, task.size)
    of_rival = {"rival": rival.name, "target": target}
    beside = rival.beside(sample, maps, region)
    for (method, map_), columns in zip(maps.items(), beside, strict=True):
        record = parts.record(sample, net=task.net["name"], method=method, size=task.size)
        yield record | of_rival | scoring.score(map_, region, []) | columns


def rival_of(name: str, source: Any, settings: Mapping[str, Any], size: str) -> Rival:
    """The rival of a job, from its inputs and settings."""
    if name == LEAST_LIKELY:
        return LeastLikely()
    maps = dict(zip(settings["methods"], source.maps, strict=True))
    classes = others.read_classes(Path(source.others))
    return OtherClass(classes, settings["targets"], source.others, maps, size)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        net, source, size = settings["net"], snakemake.input, snakemake.wildcards.size
        receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        own = predictions.targets(results.read_table(Path(source.predictions)))
        main(
            [sample for sample in read_samples(source.samples) if sample.id in own],
            ImageFolder.listed(snakemake.params.images, source.images),
            Task(net, size, settings["methods"], settings["seed"], own, source.regions),
            rival_of(snakemake.wildcards.rival, source, settings, size),
            snakemake.output.scores,
        )
