"""The job of a cascade: its records of maps that depend on the net, and of those that do not."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import compute_cascade
from gather_records import main as gather
from lookwhere.datasets import regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.declarations import Declaration
from lookwhere.io.results import checked_folder, read_table
from lookwhere.methods.explainer import Explainer
from lookwhere.methods.names import METHODS
from lookwhere.metrics import cascade as records_of
from lookwhere.nets import classifiers

OWN = """
from lookwhere.methods.registry import method

@method("image", "Image", family="other", needs=[], cite="none")
def image(run):
    return run.images

@method("flat", "Flat", family="other", needs=[], cite="none")
def flat(run):
    return run.images[:, :1] * 0 + 2
"""
SIZE, SEED = "64", 4
METHODS_USED = ["backpropagation", "flat", "image", "deconvolution"]
PLAN = {"stages": 3, "seeds": 2}
SAMPLES = [
    Sample(sample_id(i, "dog"), i, "dog", f"{i}.png", 80, 70, "CC0", None, ()) for i in range(3)
]


class Recorder(Explainer):
    """Records the outputs that it may explain."""

    candidates: list

    def explain(self, images, candidates, seeds=()):
        Recorder.candidates.append(list(candidates))
        return super().explain(images, candidates, seeds)


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """The spec of a net with weights of its own."""
    file = tmp_path_factory.mktemp("weights") / "net.pth"
    module = classifiers.load("mobilenet_v3_small", "random", 9)
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.mul_(1 + 0.1 * torch.rand_like(tensor))
    torch.save(module.state_dict(), file)
    return {
        "name": "net",
        "architecture": "mobilenet_v3_small",
        "weights": str(file),
        "target_layer": "features",
        "precision": "float32",
        "outputs": "softmax",
        "threshold": 0.5,
    }


@pytest.fixture(scope="module")
def records(net, tmp_path_factory):
    """The records of the job, gathered, and the outputs that it explained."""
    folder = tmp_path_factory.mktemp("cascade")
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        (folder / "own.py").write_text(OWN)
        for name in ("image", "flat"):
            entry = Declaration("method", name, name, folder / "own.py", name, {"family": "other"})
            patch.setitem(METHODS, name, entry)
        patch.setattr(compute_cascade, "Explainer", Recorder)
        patch.setattr(Recorder, "candidates", [], raising=False)
        for sample in SAMPLES:
            pixels = rng.integers(0, 255, (sample.height, sample.width, 3), np.uint8)
            Image.fromarray(pixels).save(folder / sample.file)
        with checked_folder(folder / "regions") as draft:
            for sample in SAMPLES:
                mask = np.zeros((sample.height, sample.width), bool)
                mask[20:50, 30:60] = True
                regions.write(regions.prepare([mask], 0.2, [0, 0.2]), draft / f"{sample.id}.npz")
        folders = {sample.id: str(folder / "regions") for sample in SAMPLES}
        part, table = (str(folder / f"{name}.parquet") for name in ("part", "cascade"))
        compute_cascade.main(
            *(SAMPLES, ImageFolder(folder), folders),
            compute_cascade.Task(net, SIZE, METHODS_USED, {"dog": [3, 5, 8]}, PLAN, SEED),
            part,
        )
        names = {"net": ["net"], "size": [SIZE], "method": METHODS_USED, "class": ["dog"]}
        gather("cascade", [part], names, table)
        yield read_table(Path(table)), Recorder.candidates


def of(records, method):
    return records[0][records[0]["method"] == method]


def test_there_is_a_record_of_every_stage_and_seed(records):
    table, _ = records
    assert list(table) == records_of.COLUMNS
    assert len(table) == len(SAMPLES) * len(METHODS_USED) * (1 + 3 * 2)
    assert table.groupby("stage")["seed"].nunique().to_dict() == {0: 0, 1: 2, 2: 2, 3: 2}
    assert table["method"].cat.categories.tolist() == METHODS_USED
    assert table["image_id"].dtype == "int64"
    states = table.drop_duplicates("stage").set_index("stage")
    assert states["lowest_layer"].isna().tolist() == [True, False, False, False]
    assert states["lowest_layer"][3] == "features.0.0"
    assert states["share_of_layers"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=0.02)


def test_the_cascade_of_a_map_that_does_not_depend_on_the_net_is_flat(records):
    image = of(records, "image")
    assert image["rank_correlation"].to_numpy() == pytest.approx(1)
    assert image["rank_correlation_signed"].to_numpy() == pytest.approx(1)
    assert image["ssim"].to_numpy() == pytest.approx(1)
    for name in ("concentration", "entropy"):
        assert (image.groupby("sample")[name].nunique() == 1).all()


def test_a_map_of_one_value_has_the_concentration_of_chance_and_no_rank_correlation(records):
    flat = of(records, "flat")
    assert flat["concentration"].to_numpy() == pytest.approx(flat["mask_fraction"].to_numpy())
    assert flat[["rank_correlation", "rank_correlation_signed", "ssim"]].isna().all(axis=None)
    assert (flat["entropy"] == 0).all()
    assert (flat["status"] == "ok").all()


def test_a_gradient_changes_with_the_net(records):
    gradient = of(records, "backpropagation").set_index("stage")
    assert gradient.loc[0, "rank_correlation"].to_numpy() == pytest.approx(1)
    assert (gradient.loc[3, "rank_correlation"] < 0.9).all()
    seeds = gradient.loc[3].groupby("sample")["concentration"].nunique()
    assert (seeds == 2).all()


def test_a_method_that_is_not_defined_for_the_net_is_counted(records):
    deconvolution = of(records, "deconvolution")
    assert (deconvolution["status"] == "not_defined").all()
    assert deconvolution["rank_correlation"].isna().all()
    assert deconvolution["mask_fraction"].notna().all()


def test_the_output_that_is_explained_stays_that_of_the_net(records):
    (first, *others) = records[1]
    assert first == [[3, 5, 8]] * len(SAMPLES)
    assert len(others) == 3 * 2
    assert all(outputs == others[0] for outputs in others)
    assert all(len(outputs) == 1 and outputs[0] in (3, 5, 8) for outputs in others[0])
