"""Compute the cascade of one net at one size: its maps as its layers become random, compared.

The maps are compared with those of the net as it is, scored, and not written.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lookwhere.datasets import regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample, first_of_each_class, read_samples
from lookwhere.io import receipts
from lookwhere.io.logs import job, log, progress
from lookwhere.io.missing import NOT_DEFINED
from lookwhere.methods.explainer import Explainer, Explanation
from lookwhere.metrics import cascade as records_of
from lookwhere.metrics import concentration, parts, similarity
from lookwhere.metrics.saliency import Saliency
from lookwhere.metrics.similarity import Prepared
from lookwhere.nets import cascade, classifiers, device, memory
from lookwhere.nets.batches import batches, by_pixels, candidates, read_batch, shape_of
from lookwhere.nets.cascade import Stage
from lookwhere.nets.classifiers import Classifier

Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What a job explains."""

    net: Mapping[str, Any]
    size: str
    methods: Sequence[str]
    targets: Mapping[str, Sequence[int]]  # by class
    plan: Mapping[str, int]  # the numbers of stages and seeds
    seed: int

    @property
    def label(self) -> str:
        """The net and the size in print."""
        return f"{self.net['name']} at {self.size}"


class Scorer:
    """Scores maps, and compares them with those of the net as it is, which come first."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.records: list[Row] = []
        self._trained: dict[tuple[str, str], Prepared | None] = {}  # by sample and method

    def add(
        self,
        batch: Sequence[Sample],
        of_batch: Sequence[Region],
        explanation: Explanation,
        state: Row,
    ) -> None:
        """Add the records of a batch; ``state`` holds the columns of the stage and seed."""
        for place, (sample, region) in enumerate(zip(batch, of_batch, strict=True)):
            for method in self.task.methods:
                maps = explanation.maps.get(method)
                saliency = None if maps is None else Saliency(maps[place])
                scores = self._scores(sample.id, method, saliency, region)
                record = parts.record(
                    sample, net=self.task.net["name"], method=method, size=self.task.size
                )
                self.records.append({**record, **state, **scores})

    def _scores(self, sample: str, method: str, saliency: Saliency | None, region: Region) -> Row:
        if saliency is None:
            return asdict(concentration.of_no_map(region, NOT_DEFINED))
        prepared = similarity.prepare(saliency)
        trained = self._trained.setdefault((sample, method), prepared)
        energy = concentration.score(saliency.without(region.ignored), region)
        alike = similarity.compare(trained, prepared)
        return {**asdict(energy), **asdict(alike), "entropy": similarity.entropy(saliency)}


def main(
    samples: Sequence[Sample],
    images: ImageFolder,
    region_folders: Mapping[str, str],
    task: Task,
    output: str,
) -> None:
    """Write the records of the cascade; ``region_folders`` are by sample."""
    smallest = shape_of(by_pixels(samples, task.size)[0], task.size)
    loaded = classifiers.load_spec(task.net, task.seed)
    shape = (loaded.input.depth, *smallest)
    stages = cascade.stages(loaded.module, shape, task.plan["stages"])
    states = 1 + task.plan["seeds"] * (len(stages) - 1)
    scorer, explained = Scorer(task), dict[str, int]()
    variants = networks(loaded, task, stages)
    for [turn] in progress([[turn] for turn in range(states)], f"{task.label}, nets"):
        stage, number, changed = next(variants)
        processor = device.choose_device()
        explainer = Explainer(task.net, task.methods, processor, task.seed, shape, changed)
        for batch, explanation in explanations(explainer, samples, images, task, explained):
            at_size = [regions.read_at(region_folders[s.id], s.id, task.size) for s in batch]
            scorer.add(batch, at_size, explanation, columns_of(stage, number))
        if turn == 0:
            log.info("%s: %s", task.label, work(explainer, samples, images, task, states))
    parts.write(records_of.table(scorer.records), output)


def explanations(
    explainer: Explainer,
    samples: Sequence[Sample],
    images: ImageFolder,
    task: Task,
    explained: dict[str, int],
) -> Iterator[tuple[Sequence[Sample], Explanation]]:
    """The explanations by one of the nets, by batch.

    The first net, as it is, decides which output is ``explained``, by sample.
    """
    pixels = memory.PIXELS_PER_BATCH[explainer.device.type]
    for batch in batches(samples, task.size, pixels):
        inputs = read_batch(batch, images, task.size, explainer.input)
        seeds = [[task.seed, *sample.id.encode()] for sample in batch]
        explanation = explainer.explain(inputs, outputs_of(batch, task, explained), seeds)
        for sample, target in zip(batch, explanation.targets.tolist(), strict=True):
            explained.setdefault(sample.id, target)
        yield batch, explanation


def outputs_of(
    batch: Sequence[Sample], task: Task, explained: Mapping[str, int]
) -> Sequence[Sequence[int] | None]:
    """The outputs of which one is explained: that of the first net, once it is known."""
    if batch[0].id in explained:
        return [[explained[sample.id]] for sample in batch]
    return candidates(task.net, task.targets, batch)


def networks(
    loaded: Classifier, task: Task, stages: Sequence[Stage]
) -> Iterator[tuple[Stage, int | None, Classifier]]:
    """The nets of a cascade, with their stage and the number of their seed; first the net as it is.

    The twin of the first seed is the net that the study has as ``random``.
    """
    yield stages[0], None, replace(loaded, module=deepcopy(loaded.module))
    for number in range(task.plan["seeds"]):
        untrained = cascade.twin(task.net, task.seed + number)
        for stage in stages[1:]:
            module = cascade.randomised(loaded.module, untrained, stage.layers, task.seed + number)
            yield stage, number, replace(loaded, module=module)


def columns_of(stage: Stage, seed: int | None) -> Row:
    """The columns of a stage and seed."""
    return {
        "stage": stage.number,
        "seed": seed,
        "layers": len(stage.layers),
        "share_of_layers": stage.share_of_layers,
        "share_of_parameters": stage.share_of_parameters,
        "lowest_layer": stage.layers[-1] if stage.layers else None,
    }


def work(
    explainer: Explainer, samples: Sequence[Sample], images: ImageFolder, task: Task, states: int
) -> str:
    """What the job computes, from the passes of one image: methods that share passes need fewer."""
    first = samples[:1]
    inputs = read_batch(first, images, task.size, explainer.input)
    costs = explainer.costs(inputs, candidates(task.net, task.targets, first)).values()
    passes = sum(cost.forward_passes + cost.backward_passes for cost in costs)
    total = f"at most {passes * states * len(samples)} passes of an image"
    return f"{len(samples)} samples, explained by the net and {states - 1} random nets: {total}"


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        net, plan = settings["net"], settings["plan"]
        receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        selections = [read_samples(path) for path in snakemake.input.samples]
        together = [sample for selection in selections for sample in selection]
        methods, targets, size = settings["methods"], settings["targets"], snakemake.wildcards.size
        main(
            first_of_each_class(together, plan["images_per_class"]),
            ImageFolder.listed(snakemake.params.images, *snakemake.input.images),
            regions.folders_by_sample(selections, snakemake.input.regions),
            Task(net, size, list(methods), targets, plan, settings["seed"]),
            snakemake.output.records,
        )
