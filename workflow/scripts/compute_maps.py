"""Compute the saliency maps of one net at one size, for one shard of the samples."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from concentration import coco, images, maps, nets, predictions
from concentration.coco import Sample
from concentration.errors import StudyError
from concentration.files import whole_file, whole_folder
from concentration.jobs import job, progress

PIXELS_PER_BATCH = 4 * 224 * 224  # bounds the memory of a batch; a single image may be larger


def main(
    samples: Sequence[Sample],
    image_folder: str,
    net: Mapping[str, Any],
    targets: Mapping[str, Sequence[int]],
    size: str,
    seed: int,
    folders: Mapping[str, str],
    table: str,
) -> None:
    model = nets.load(net["architecture"], net["weights"], seed)
    target_layer = nets.layer(model, net["target_layer"])
    said = []
    with ExitStack() as stack:
        drafts = {m: stack.enter_context(whole_folder(f)) for m, f in folders.items()}
        for batch in progress(batches(samples, size), f"{net['name']} at {size}"):
            inputs = np.stack([read_input(image_folder, sample, size) for sample in batch])
            try:
                run = maps.forward(model, target_layer, torch.from_numpy(inputs))
            except StudyError as error:
                ways = f"leave such images out, or the size {size}"
                raise StudyError(f"image {batch[0].file!r}: {error}: {ways}") from None
            chosen = predictions.best_targets(run.logits, [targets[s.class_name] for s in batch])
            said.append(predictions.table([s.sample for s in batch], run.logits, chosen))
            for method, tensor in maps.saliency_maps(run, chosen, list(folders)).items():
                for sample, saliency in zip(batch, tensor.numpy(), strict=True):
                    np.save(drafts[method] / f"{sample.sample}.npy", saliency)
    with whole_file(table) as draft:
        pd.concat(said).sort_values("sample").to_parquet(draft, index=False)


def batches(samples: Sequence[Sample], size: str) -> list[list[Sample]]:
    """Samples of equal input shape together, as many as the pixel budget allows."""
    by_shape: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        shape = images.input_shape(size, sample.height, sample.width)
        by_shape.setdefault(shape, []).append(sample)
    return [
        group[start : start + step]
        for (height, width), group in by_shape.items()
        for step in [max(1, PIXELS_PER_BATCH // (height * width))]
        for start in range(0, len(group), step)
    ]


def read_input(image_folder: str, sample: Sample, size: str) -> np.ndarray:
    """The net's input (3, H, W)."""
    image = images.read(Path(image_folder, sample.file), sample.width, sample.height)
    return images.normalise(images.resize(image, size))


def shard(samples: Sequence[Sample], scatteritem: str) -> Sequence[Sample]:
    """Every n-th sample, for a shard such as ``2-of-5``."""
    number, count = map(int, scatteritem.split("-of-"))
    if count > len(samples):
        raise StudyError(f"{count} shards are more than the {len(samples)} samples: set fewer")
    return samples[number - 1 :: count]


if __name__ == "__main__":
    with job(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        everything = coco.samples(coco.read(Path(snakemake.input.instances)))
        main(
            shard(everything, snakemake.wildcards.scatteritem),
            snakemake.params.images,
            snakemake.params.net,
            snakemake.params.targets,
            snakemake.wildcards.size,
            snakemake.params.seed,
            {m: f for m, f in snakemake.output.items() if m != "predictions"},
            snakemake.output.predictions,
        )
