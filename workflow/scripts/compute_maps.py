"""Compute the saliency maps of one net at one size, for one shard of the samples."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.datasets.selections import shard_of
from lookwhere.errors import InputError, StudyError
from lookwhere.io import missing, receipts
from lookwhere.io.logs import job, log
from lookwhere.io.prefetch import write_behind
from lookwhere.io.results import checked_file, checked_folder, write_array
from lookwhere.methods.cost import Cost
from lookwhere.methods.explainer import Explainer, Explanation
from lookwhere.nets import device, memory, predictions
from lookwhere.nets.batches import (
    batches,
    by_pixels,
    candidates,
    read_batch,
    read_in_turn,
    shape_of,
)

COSTS = ["method", *(field.name for field in fields(Cost))]


@dataclass(frozen=True)
class Task:
    """What a job explains."""

    net: Mapping[str, Any]
    size: str
    targets: Mapping[str, Sequence[int]]  # by class
    seed: int

    @property
    def label(self) -> str:
        """The net and the size in print."""
        return f"{self.net['name']} at {self.size}"


def main(
    samples: Sequence[Sample],
    images: ImageFolder,
    task: Task,
    folders: Mapping[str, str],
    table: str,
    costs: str,
    measures_costs: bool = True,
) -> None:
    """Write the maps of ``folders``, by method, the ``table`` of predictions, and the ``costs``.

    The costs are those of the image of median size; of another shard, where they are not measured,
    the table is empty.
    """
    processor, ordered = device.choose_device(), by_pixels(samples, task.size)
    # Folded batch norms are checked on the smallest shape.
    smallest = shape_of(ordered[0], task.size)
    explainer = Explainer(task.net, list(folders), processor, task.seed, (3, *smallest))
    for note in explainer.notes:
        log.info("%s: %s", task.label, note)
    planned = batches(samples, task.size, memory.PIXELS_PER_BATCH[processor.type])
    with ExitStack() as stack:
        drafts = {m: stack.enter_context(checked_folder(f)) for m, f in folders.items()}
        predictions_of = write_maps(explainer, planned, images, task, drafts)
    typical = ordered[len(ordered) // 2]
    spent = costs_of(explainer, typical, images, task) if measures_costs else {}
    with checked_file(table) as draft:
        predictions_of.sort_values("sample").to_parquet(draft, index=False)
    with checked_file(costs) as draft:
        rows = [{"method": method, **asdict(cost)} for method, cost in spent.items()]
        where = {"net": task.net["name"], "size": task.size, "processor": processor.type}
        pd.DataFrame(rows, columns=COSTS).assign(**where).to_parquet(draft, index=False)


def write_maps(
    explainer: Explainer,
    planned: Sequence[Sequence[Sample]],
    images: ImageFolder,
    task: Task,
    drafts: Mapping[str, Path],
) -> pd.DataFrame:
    """Write the maps of the ``planned`` batches in ``drafts``, by method: what the net predicts."""
    started, computing = time.monotonic(), 0.0
    tables: list[pd.DataFrame] = []
    not_defined: dict[str, str] = {}

    def write(batch: Sequence[Sample], maps: Mapping[str, np.ndarray]) -> None:
        for method, of_method in maps.items():
            for sample, saliency in zip(batch, of_method, strict=True):
                write_array(drafts[method] / f"{sample.id}.npy", saliency)

    with write_behind(write) as write_later:
        for batch, inputs in read_in_turn(planned, images, task.size, explainer.input, task.label):
            start = time.monotonic()
            explanation = explain(explainer, batch, inputs, task)
            computing += time.monotonic() - start
            tables.append(predicted(batch, explanation, task.net))
            write_later(batch, explanation.maps)
            not_defined |= explanation.not_defined
    for method, reason in not_defined.items():
        missing.note(drafts[method], reason)
        log.info("%s: %s is not defined: %s", task.label, method, reason)
    log.info("%s: %.1f s of %.1f s computing", task.label, computing, time.monotonic() - started)
    return pd.concat(tables)


def explain(
    explainer: Explainer, batch: Sequence[Sample], inputs: np.ndarray, task: Task
) -> Explanation:
    """The maps of a batch; the noise of a sample is that of its id."""
    seeds = [[task.seed, *sample.id.encode()] for sample in batch]
    try:
        return explainer.explain(inputs, candidates(task.net, task.targets, batch), seeds)
    except InputError as error:
        ways = f"leave such images out, or the size {task.size}"
        raise StudyError(f"image {batch[0].file!r}: {error}: {ways}") from None


def predicted(
    batch: Sequence[Sample], explanation: Explanation, net: Mapping[str, Any]
) -> pd.DataFrame:
    """What the net predicts of a batch, a row a sample."""
    names, reading = [sample.id for sample in batch], (net["outputs"], net["threshold"])
    return predictions.table(names, explanation.logits, explanation.targets, *reading)


def costs_of(
    explainer: Explainer, sample: Sample, images: ImageFolder, task: Task
) -> dict[str, Cost]:
    """The cost of a map of the sample, by method."""
    inputs = read_batch([sample], images, task.size, explainer.input)
    return explainer.costs(inputs, candidates(task.net, task.targets, [sample]))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        net = settings["net"]
        receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        selection = read_samples(snakemake.input.samples)
        number = int(snakemake.wildcards.shard)
        main(
            shard_of(selection, number, settings["shards"]),
            ImageFolder.listed(snakemake.params.images, snakemake.input.images),
            Task(net, snakemake.wildcards.size, settings["targets"], settings["seed"]),
            dict(zip(settings["methods"], snakemake.output.maps, strict=True)),
            snakemake.output.predictions,
            snakemake.output.costs,
            measures_costs=number == 1,
        )
