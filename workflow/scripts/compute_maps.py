"""Compute the saliency maps of one net at one size, for one shard of the samples."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, fields
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
from lookwhere.methods.explainer import Explainer
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


def main(
    samples: Sequence[Sample],
    image_folder: ImageFolder,
    net: Mapping[str, Any],
    targets: Mapping[str, Sequence[int]],
    size: str,
    seed: int,
    folders: Mapping[str, str],
    table: str,
    costs: str,
    measures_costs: bool = True,
) -> None:
    """Write the maps of ``folders``, by method, the ``table`` of predictions, and the ``costs``.

    The costs are those of the image of median size; of another shard, where they are not measured,
    the table is empty.
    """
    processor = device.choose_device()
    planned = batches(samples, size, memory.PIXELS_PER_BATCH[processor.type])
    # Folded batch norms are checked on the smallest shape.
    smallest = shape_of(by_pixels(samples, size)[0], size)
    explainer = Explainer(net, list(folders), processor, seed, (3, *smallest))
    label, tables = f"{net['name']} at {size}", []
    for note in explainer.notes:
        log.info("%s: %s", label, note)
    not_defined: dict[str, str] = {}
    started, computing = time.monotonic(), 0.0

    def write(batch: Sequence[Sample], maps: Mapping[str, np.ndarray]) -> None:
        for method, of_method in maps.items():
            for sample, saliency in zip(batch, of_method, strict=True):
                write_array(drafts[method] / f"{sample.id}.npy", saliency)

    with ExitStack() as stack:
        drafts = {m: stack.enter_context(checked_folder(f)) for m, f in folders.items()}
        write_later = stack.enter_context(write_behind(write))
        for batch, inputs in read_in_turn(planned, image_folder, size, explainer.input, label):
            start = time.monotonic()
            try:
                seeds = [[seed, *sample.id.encode()] for sample in batch]
                explanation = explainer.explain(inputs, candidates(net, targets, batch), seeds)
            except InputError as error:
                ways = f"leave such images out, or the size {size}"
                raise StudyError(f"image {batch[0].file!r}: {error}: {ways}") from None
            computing += time.monotonic() - start
            names = [sample.id for sample in batch]
            reading = net["outputs"], net["threshold"]
            logits, explained = explanation.logits, explanation.targets
            tables.append(predictions.table(names, logits, explained, *reading))
            write_later(batch, explanation.maps)
            not_defined |= explanation.not_defined
        for method, reason in not_defined.items():
            missing.note(drafts[method], reason)
            log.info("%s: %s is not defined: %s", label, method, reason)
    spent = {}
    if measures_costs:
        typical = [by_pixels(samples, size)[len(samples) // 2]]
        inputs = read_batch(typical, image_folder, size, explainer.input)
        spent = explainer.costs(inputs, candidates(net, targets, typical))
    with checked_file(table) as draft:
        pd.concat(tables).sort_values("sample").to_parquet(draft, index=False)
    with checked_file(costs) as draft:
        rows = [{"method": method, **asdict(cost)} for method, cost in spent.items()]
        where = {"net": net["name"], "size": size, "processor": processor.type}
        pd.DataFrame(rows, columns=COSTS).assign(**where).to_parquet(draft, index=False)
    log.info("%s: %.1f s of %.1f s computing", label, computing, time.monotonic() - started)


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
            net,
            settings["targets"],
            snakemake.wildcards.size,
            settings["seed"],
            dict(zip(settings["methods"], snakemake.output.maps, strict=True)),
            snakemake.output.predictions,
            snakemake.output.costs,
            measures_costs=number == 1,
        )
