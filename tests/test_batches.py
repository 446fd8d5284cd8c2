"""Batches of samples as they are read for a net."""

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets.images import ImageFolder
from lookwhere.nets import batches, device
from lookwhere.nets.inputs import Input

from .studies import sample_of

SIZES = [(20, 10), (10, 20), (20, 10), (20, 10)]
SAMPLES = [sample_of(number, size=size, file=f"{number}.png") for number, size in enumerate(SIZES)]
PLAIN = Input(mean=(0, 0, 0), std=(1, 1, 1))


@pytest.fixture
def images(tmp_path):
    """Images of one grey, which is the number of the sample."""
    for sample in SAMPLES:
        number = sample.image_id
        Image.new("RGB", (sample.width, sample.height), (number,) * 3).save(tmp_path / sample.file)
    return ImageFolder(tmp_path)


def test_every_batch_comes_in_turn_with_its_inputs_and_the_heap_is_trimmed_per_shape(
    images, monkeypatch, caplog
):
    trims = []
    monkeypatch.setattr(device, "trim_heap", lambda: trims.append(len(read)))
    planned = batches.batches(SAMPLES, "original", 400)
    read = []
    with caplog.at_level("INFO"):
        for batch, inputs in batches.read_in_turn(planned, images, "original", PLAIN, "net"):
            read.append([sample.image_id for sample in batch])
            assert inputs.shape == (len(batch), 3, batch[0].height, batch[0].width)
            greys = np.rint(255 * inputs[:, 0, 0, 0]).astype(int).tolist()
            assert greys == read[-1]
    assert read == [[0, 2], [3], [1]]
    assert trims == [0, 2]  # before the first of a shape
    assert "net: 4 of 4" in caplog.text
