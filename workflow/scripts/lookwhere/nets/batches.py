"""Batches of samples, as jobs give them to a net."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import geometry, sizes
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample
from lookwhere.io.logs import progress
from lookwhere.io.prefetch import read_ahead
from lookwhere.nets import device
from lookwhere.nets.inputs import Input


def read_batch(
    batch: Sequence[Sample], images: ImageFolder, size: str, kind: Input
) -> NDArray[np.float32]:
    """The inputs (N, C, H, W) of samples of equal shape, normalised as the net's input."""
    pictures = (geometry.transform(images.read(sample), size) for sample in batch)
    return np.stack([kind.array(picture) for picture in pictures])


def read_in_turn(
    planned: Sequence[Sequence[Sample]], images: ImageFolder, size: str, kind: Input, label: str
) -> Iterator[tuple[Sequence[Sample], NDArray[np.float32]]]:
    """Each batch with its inputs (N, C, H, W), of which the next are read meanwhile.

    Logs the progress, by the ``label``. Where the shape changes, the heap is trimmed: blocks of the
    last shape would not be used again.
    """

    def read(batch: Sequence[Sample]) -> NDArray[np.float32]:
        return read_batch(batch, images, size, kind)

    shape = None
    for batch, inputs in zip(progress(planned, label), read_ahead(read, planned), strict=True):
        if inputs.shape[2:] != shape:
            device.trim_heap()
            shape = inputs.shape[2:]
        yield batch, inputs


def batches(samples: Sequence[Sample], size: str, pixels: int) -> list[list[Sample]]:
    """Batches of samples of equal input shape, of up to ``pixels`` or one larger image."""
    by_shape: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        by_shape.setdefault(shape_of(sample, size), []).append(sample)
    return [
        group[start : start + step]
        for (height, width), group in by_shape.items()
        for step in [max(1, pixels // (height * width))]
        for start in range(0, len(group), step)
    ]


def by_pixels(samples: Sequence[Sample], size: str) -> list[Sample]:
    """The samples by the pixels of their inputs, the fewest first."""
    return sorted(samples, key=lambda sample: prod(shape_of(sample, size)))


def shape_of(sample: Sample, size: str) -> tuple[int, int]:
    """Height and width of a sample's input."""
    return sizes.input_shape(size, sample.height, sample.width)


def candidates(
    net: Mapping[str, Any], targets: Mapping[str, Sequence[int]], batch: Sequence[Sample]
) -> Sequence[Sequence[int] | None]:
    """The outputs of which the best-scoring one is explained, of each sample; None is all."""
    predicted = net.get("explain") == "predicted"
    return [None if predicted else targets[sample.class_name] for sample in batch]
