"""Check that the trained nets recognise the classes, on a few images, before maps are computed."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lookwhere.datasets import geometry, sizes
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.io import receipts
from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job, log
from lookwhere.nets import classifiers, device, recognition
from lookwhere.nets.inputs import Input
from lookwhere.nets.layers import logits_of
from lookwhere.nets.recognition import Recognition

LARGEST = 1024**2  # pixels of an image; larger ones are reduced
REDUCED = "short-512"


def main(
    samples: Sequence[Sample],
    image_folder: ImageFolder,
    nets: Sequence[Mapping[str, Any]],
    targets: Mapping[str, Sequence[int]],
    seed: int,
) -> list[Recognition]:
    """Judge the trained nets whose annotated classes are explained; warns of what is wrong.

    A net is a spec of ``classifiers.load_spec``, with the name and the sizes of the net.
    """
    chosen = recognition.choose(samples)
    judged = [
        judge(chosen, image_folder, net, targets, seed)
        for net in nets
        if net["weights"] != classifiers.RANDOM and net.get("explain") != "predicted"
    ]
    for result in judged:
        if result.warning:
            log.warning("%s", result.warning)
    return judged


def judge(
    samples: Sequence[Sample],
    image_folder: ImageFolder,
    net: Mapping[str, Any],
    targets: Mapping[str, Sequence[int]],
    seed: int,
) -> Recognition:
    """Judge a net at the size of the fewest pixels."""
    size = smallest(net["sizes"], samples)
    loaded = classifiers.load_spec(net, seed)
    pictures = [geometry.transform(image_folder.read(sample), size) for sample in samples]

    def logits_with(expected: Input) -> NDArray[np.float64]:
        """The logits (N, outputs) of the pictures, one by one: their shapes may differ."""
        with torch.inference_mode():
            rows = [
                logits_of(loaded.module(torch.from_numpy(expected.array(picture))[None]), 1)
                for picture in pictures
            ]
        return torch.cat(rows).double().numpy()

    classes = [sample.class_name for sample in samples]
    return recognition.judge(net["name"], size, classes, targets, loaded.input, logits_with)


def smallest(listed: Sequence[str], samples: Sequence[Sample]) -> str:
    """The listed size at which the largest sample has the fewest pixels, or one of fewer."""
    pixels = {
        size: max(prod(sizes.input_shape(size, sample.height, sample.width)) for sample in samples)
        for size in listed
    }
    size = min(pixels, key=pixels.__getitem__)
    return size if pixels[size] <= LARGEST else REDUCED


def write(judged: Sequence[Recognition], table: str) -> None:
    with atomic_file(table) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Recognition)])
        writer.writeheader()
        writer.writerows(map(asdict, judged))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        for net in settings["nets"]:
            receipts.require(Path(net["weights"]), net.get("sha256"))
        torch.set_num_threads(snakemake.threads)
        device.retain_heap()
        selections = [read_samples(file) for file in snakemake.input.samples]
        folders = [
            ImageFolder.listed(snakemake.params.images, file) for file in snakemake.input.images
        ]
        digests = {name: digest for folder in folders for name, digest in folder.sha256.items()}
        judged = main(
            [sample for selection in selections for sample in selection],
            ImageFolder(Path(snakemake.params.images), digests),
            settings["nets"],
            {item["name"]: item["targets"] for item in settings["classes"]},
            settings["seed"],
        )
        write(judged, snakemake.output.recognition)
