"""The job of a metric that needs the net: shards, batches and threads change nothing."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.errors import StudyError
from lookwhere.io import missing
from lookwhere.io.results import checked_folder, read_table, write_array
from lookwhere.metrics.registry import METRICS, of_passes
from lookwhere.nets import memory
from score_faithfulness import Task, main

SIZES = [(96, 64), (64, 96), (96, 64), (80, 80)]
SAMPLES = [
    Sample(sample_id(i, "dog"), i, "dog", f"{i}.png", *size, "CC0", None, ())
    for i, size in enumerate(SIZES)
]
NET = {
    "name": "net",
    "architecture": "squeezenet1_1",
    "weights": "random",
    "target_layer": None,
    "precision": "float32",
    "outputs": "softmax",
}
METHODS = ["gradient", "cam", "absent"]


@pytest.fixture
def study(tmp_path):
    """Images of noise, and maps: one is zero, one not finite, and a method's are missing."""
    rng = np.random.default_rng(0)
    for sample in SAMPLES:
        pixels = rng.integers(0, 256, (sample.height, sample.width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / sample.file)
    for method, depth in {"gradient": 3, "cam": 1}.items():
        with checked_folder(tmp_path / method) as draft:
            for number, sample in enumerate(SAMPLES):
                values = rng.normal(size=(depth, sample.height, sample.width)).astype(np.float32)
                factor = {("cam", 0): 0, ("cam", 1): np.nan}.get((method, number), 1)
                write_array(draft / f"{sample.id}.npy", values * np.float32(factor))
    with checked_folder(tmp_path / "absent") as draft:
        missing.note(draft, "the net uses GELU")
    return tmp_path


def score(study, samples=SAMPLES, metric="deletion"):
    """The table of the job, by method and sample."""
    folders = {method: str(study / method) for method in METHODS}
    targets = {sample.id: 7 for sample in samples}
    table = str(study / "scores.parquet")
    main(samples, ImageFolder(study), Task(NET, "original", metric, targets, folders, 0), table)
    return read_table(study / "scores.parquet").set_index(["method", "sample"])[metric]


@pytest.mark.parametrize("metric", of_passes(METRICS))
def test_shards_change_nothing(study, metric):
    whole = score(study, metric=metric)
    parts = [score(study, [sample], metric) for sample in SAMPLES]
    pd.testing.assert_series_equal(whole, pd.concat(parts).sort_index(), check_exact=True)
    low, high = METRICS[metric].bounds
    assert whole.dropna().between(low, high).all()
    assert whole["gradient"].nunique() == len(SAMPLES)


@pytest.mark.parametrize("metric", ["deletion", "road"])
def test_batches_and_threads_change_no_more_than_rounding(study, metric, monkeypatch):
    usual, threads = score(study, metric=metric), torch.get_num_threads()
    monkeypatch.setitem(memory.PIXELS_PER_BATCH, "cpu", 1)
    torch.set_num_threads(2)
    try:
        np.testing.assert_allclose(score(study, metric=metric), usual, atol=1e-6)
    finally:
        torch.set_num_threads(threads)


def test_undefined_maps_are_null_and_counted_in_the_log(study, caplog):
    with caplog.at_level("INFO"):
        values = score(study)
    assert values["absent"].isna().all()
    assert list(values["cam"].isna()) == [True, True, False, False]
    assert values["gradient"].notna().all()
    counts = [record.getMessage() for record in caplog.records if "have none" in record.message]
    label = "Deletion of net at original"
    assert counts == [
        f"{label}: {n} of 4 maps of {m} have none" for m, n in (("cam", 2), ("absent", 4))
    ]


def test_an_error_of_a_metric_names_the_record(study, monkeypatch):
    monkeypatch.setitem(METRICS, "deletion", METRICS["infidelity"])
    monkeypatch.setattr("lookwhere.metrics.infidelity._captum", lambda: 1 / 0)
    with pytest.raises(StudyError, match=rf"{SAMPLES[0].id}, gradient: metric 'infidelity' fails"):
        score(study)
