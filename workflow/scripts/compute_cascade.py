"""Compute the cascade of one net at one size: its maps as its layers become random, compared.

The maps are compared with those of the net as it is, scored, and not written.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, replace
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


class Scorer:
    """Scores maps, and compares them with those of the net as it is, which come first."""

    def __init__(self, net: str, size: str, methods: Sequence[str]) -> None:
        self.net, self.size, self.methods = net, size, methods
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
            for method in self.methods:
                maps = explanation.maps.get(method)
                saliency = None if maps is None else Saliency(maps[place])
                scores = self._scores(sample.id, method, saliency, region)
                record = parts.record(sample, net=self.net, method=method, size=self.size)
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
    image_folder: ImageFolder,
    region_folders: Mapping[str, str],
    net: Mapping[str, Any],
    targets: Mapping[str, Sequence[int]],
    size: str,
    methods: Sequence[str],
    plan: Mapping[str, int],
    seed: int,
    output: str,
) -> None:
    """Write the records of the cascade.

    ``region_folders`` are the folders of the regions, by sample. ``plan`` holds the numbers of
    ``stages`` and ``seeds``.
    """
    processor = device.choose_device()
    planned = batches(samples, size, memory.PIXELS_PER_BATCH[processor.type])
    smallest = shape_of(by_pixels(samples, size)[0], size)
    scorer, label = Scorer(net["name"], size, methods), f"{net['name']} at {size}"
    loaded = classifiers.load_spec(net, seed)
    shape = (loaded.input.depth, *smallest)
    stages = cascade.stages(loaded.module, shape, plan["stages"])
    states = 1 + plan["seeds"] * (len(stages) - 1)
    explained: dict[str, int] = {}  # the output, by sample: that of the net as it is
    turns = [[turn] for turn in range(states)]
    variants = networks(loaded, net, stages, plan["seeds"], seed)
    for [turn] in progress(turns, f"{label}, nets"):
        stage, number, changed = next(variants)
        explainer = Explainer(net, methods, processor, seed, shape, changed)
        for batch in planned:
            inputs = read_batch(batch, image_folder, size, explainer.input)
            if turn == 0:
                outputs = candidates(net, targets, batch)
            else:
                outputs = [[explained[sample.id]] for sample in batch]
            seeds = [[seed, *sample.id.encode()] for sample in batch]
            explanation = explainer.explain(inputs, outputs, seeds)
            for sample, target in zip(batch, explanation.targets.tolist(), strict=True):
                explained.setdefault(sample.id, target)
            at_size = [read_region(region_folders[s.id], s, size) for s in batch]
            scorer.add(batch, at_size, explanation, columns_of(stage, number))
        if turn == 0:
            log.info("%s: %s", label, work(explainer, inputs[:1], outputs[:1], states, samples))
    parts.write(records_of.table(scorer.records), output)


def networks(
    loaded: Classifier, spec: Mapping[str, Any], stages: Sequence[Stage], seeds: int, seed: int
) -> Iterator[tuple[Stage, int | None, Classifier]]:
    """The nets of a cascade, with their stage and the number of their seed; first the net as it is.

    The twin of the first seed is the net that a study with this ``seed`` has as ``random``.
    """
    yield stages[0], None, replace(loaded, module=deepcopy(loaded.module))
    for number in range(seeds):
        untrained = cascade.twin(spec, seed + number)
        for stage in stages[1:]:
            module = cascade.randomised(loaded.module, untrained, stage.layers, seed + number)
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


def read_region(folder: str, sample: Sample, size: str) -> Region:
    """The region of a sample at a size."""
    return regions.read(Path(folder, f"{sample.id}.npz")).at(size)


def work(
    explainer: Explainer,
    inputs: Any,
    outputs: Sequence[Sequence[int] | None],
    states: int,
    samples: Sequence[Sample],
) -> str:
    """What the job computes, from the passes of one image: methods that share passes need fewer."""
    costs = explainer.costs(inputs, outputs).values()
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
        folders = {
            sample.id: folder
            for selection, folder in zip(selections, snakemake.input.regions, strict=True)
            for sample in selection
        }
        together = [sample for selection in selections for sample in selection]
        main(
            first_of_each_class(together, plan["images_per_class"]),
            ImageFolder.listed(snakemake.params.images, *snakemake.input.images),
            folders,
            net,
            settings["targets"],
            snakemake.wildcards.size,
            list(settings["methods"]),
            plan,
            settings["seed"],
            snakemake.output.records,
        )
