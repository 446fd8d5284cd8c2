"""The split of samples into shards, and of shards into batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from compute_maps import Task, main
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.datasets.selections import shard_of
from lookwhere.datasets.sizes import input_shape
from lookwhere.errors import StudyError
from lookwhere.io import missing
from lookwhere.methods.names import METHODS
from lookwhere.nets.batches import batches

PIXELS = 4 * 224 * 224
SIZES = [(640, 480), (480, 640), (200, 150), (640, 480), (224, 224)]
STUDY = [
    Sample(sample_id(i, "dog"), i, "dog", f"{i}.jpg", *SIZES[i % len(SIZES)], "CC0", None, ())
    for i in range(23)
]


@pytest.mark.parametrize("count", [1, 2, 5, 23])
def test_shards_share_the_samples_evenly(count):
    shards = [shard_of(STUDY, number, count) for number in range(1, count + 1)]
    together = [sample.id for part in shards for sample in part]
    assert sorted(together) == sorted(sample.id for sample in STUDY)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("size", ["original", "224", "64", "1000", "short-64", "crop-64", "pad-64"])
def test_batches_hold_every_sample_once_in_equal_shapes_within_the_budget(size):
    parts = batches(STUDY, size, PIXELS)
    assert sorted(s.id for b in parts for s in b) == sorted(s.id for s in STUDY)
    for batch in parts:
        [(height, width)] = {input_shape(size, s.height, s.width) for s in batch}
        assert len(batch) == 1 or len(batch) * width * height <= PIXELS


def test_batches_are_as_few_as_the_budget_allows():
    assert [len(batch) for batch in batches(STUDY, "224", PIXELS)] == [4, 4, 4, 4, 4, 3]


@pytest.mark.parametrize(
    ("methods", "files"),
    [
        (["deconvolution"], {"deconvolution": ["not_defined.txt"]}),
        (
            ["grad_cam", "deconvolution"],
            {
                "grad_cam": [f"{s.id}.npy" for s in STUDY[:2]],
                "deconvolution": ["not_defined.txt"],
            },
        ),
    ],
)
def test_the_folder_of_a_method_that_is_not_defined_holds_the_reason(tmp_path, methods, files):
    for sample in STUDY[:2]:
        Image.new("RGB", (sample.width, sample.height)).save(tmp_path / sample.file, "png")
    net = {
        "name": "net",
        "architecture": "mobilenet_v3_small",
        "weights": "random",
        "target_layer": "features",
        "precision": "float32",
        "outputs": "softmax",
        "threshold": 0.5,
    }
    folders = {method: str(tmp_path / "results" / method) for method in methods}
    table = str(tmp_path / "results/predictions.parquet")
    costs = str(tmp_path / "results/costs.parquet")
    task = Task(net, "64", {"dog": [3]}, 0)
    main(STUDY[:2], ImageFolder(tmp_path), task, folders, table, costs)
    names = {m: sorted(f.name for f in Path(folder).glob("[!.]*")) for m, folder in folders.items()}
    assert names == files
    measured = pd.read_parquet(costs)
    assert list(measured["method"]) == [name for name in methods if name == "grad_cam"]
    assert list(measured["net"] + measured["size"]) == ["net64"] * len(measured)
    reason = Path(folders["deconvolution"], "not_defined.txt").read_text("utf-8")
    assert reason.startswith("the net uses Hardsigmoid and Hardswish")
    assert missing.status(Path(folders["deconvolution"]), STUDY[0].id) == "not_defined"


def test_an_image_too_small_for_the_net_is_reported_by_name(tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    sample = Sample(sample_id(1, "dog"), 1, "dog", "dot.png", 1, 1, "CC0", None, ())
    net = {
        "name": "net",
        "architecture": "squeezenet1_1",
        "weights": "random",
        "target_layer": "features.12",
        "precision": "float32",
    }
    result = tmp_path / "results"
    with pytest.raises(StudyError, match=r"image 'dot\.png': .* 1 x 1 pixels .* the size original"):
        main(
            [sample],
            ImageFolder(tmp_path),
            Task(net, "original", {"dog": [3]}, 0),
            {"grad_cam": str(result / "maps")},
            str(result / "predictions.parquet"),
            str(result / "costs.parquet"),
        )
    assert list(result.iterdir()) == []


def test_noise_is_of_the_sample_whatever_its_batch(tmp_path, monkeypatch):
    """Two samples of one picture have other noise, and each the same alone."""
    few = replace(METHODS["smooth_grad"], arguments={"passes": 2})
    monkeypatch.setitem(METHODS, "smooth_grad", few)
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    samples = [
        Sample(sample_id(n, "dog"), n, "dog", "red.png", 40, 30, "CC0", None, ()) for n in (1, 2)
    ]
    net = {
        "name": "net",
        "architecture": "squeezenet1_1",
        "weights": "random",
        "target_layer": "features.12",
        "precision": "float32",
        "outputs": "softmax",
        "threshold": 0.5,
    }

    def maps(name, samples):
        result = tmp_path / name
        folders, tables = {"smooth_grad": str(result / "maps")}, ("predictions", "costs")
        files = [str(result / f"{table}.parquet") for table in tables]
        main(samples, ImageFolder(tmp_path), Task(net, "64", {"dog": [3]}, 0), folders, *files)
        return [np.load(result / "maps" / f"{sample.id}.npy") for sample in samples]

    both = maps("both", samples)
    assert not np.allclose(both[0], both[1])
    [alone] = maps("alone", samples[1:])
    np.testing.assert_allclose(alone, both[1], rtol=0, atol=1e-4 * np.abs(alone).max())
