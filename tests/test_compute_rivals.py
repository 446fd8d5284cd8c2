"""The job of a rival: the map that it scores, and the rows of samples that have none."""

import numpy as np
import pytest
from PIL import Image

from compute_rivals import LeastLikely, OtherClass, Task, main
from lookwhere.datasets import others, regions
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.io.results import checked_folder, read_table, write_array
from lookwhere.metrics import rivals
from lookwhere.metrics.rivals import LEAST_LIKELY, OTHER_CLASS

# The mean of each colour is an output, so that a gradient is constant in one channel of the input.
OWN = """
from torch import nn

class Means(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.outputs = outputs
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, images):
        return images.mean((2, 3))[:, : self.outputs] + 0 * self.layer(images).mean((2, 3))[:, :1]

def build(outputs):
    return Means(outputs)
"""
COLOURS = [(200, 90, 10), (10, 200, 90), (90, 10, 200)]  # the least: output 2, 0, 1
LOWEST = [2, 0, 1]
SAMPLES = [
    Sample(sample_id(i, "dog"), i, "dog", f"{i}.png", *size, "CC0", None, ())
    for i, size in enumerate([(24, 16), (16, 24), (24, 16)])
]
METHODS = ["backpropagation", "deconvolution"]  # this one is not defined: the net has no ReLU
OBJECTS = {"regions": slice(0, 8), "others": slice(8, 12)}  # rows and columns of the objects


@pytest.fixture
def study(tmp_path):
    """Images of one colour, squares as objects, and a map of ones as that of the sample."""
    (tmp_path / "own.py").write_text(OWN)
    for sample, colour in zip(SAMPLES, COLOURS, strict=True):
        Image.new("RGB", (sample.width, sample.height), colour).save(tmp_path / sample.file)
    for folder, rows in OBJECTS.items():
        with checked_folder(tmp_path / folder) as draft:
            for sample in SAMPLES:
                mask = np.zeros((sample.height, sample.width), bool)
                mask[rows, rows] = True
                regions.write(regions.prepare([mask], 0, [0]), draft / f"{sample.id}.npz")
            others.write_classes({}, draft)
    with checked_folder(tmp_path / "maps") as draft:
        for sample in SAMPLES:
            write_array(draft / f"{sample.id}.npy", np.ones((1, sample.height, sample.width)))
    return tmp_path


def table_of(study, rival, own=(0, 0, 0), outputs=3):
    """The table of the job, where the samples' own maps explain the outputs ``own``."""
    net = {"name": "net", "architecture": f"{study / 'own.py'}:build", "weights": ""}
    net |= {"arguments": {"outputs": outputs}, "target_layer": None, "precision": "float32"}
    targets = {sample.id: target for sample, target in zip(SAMPLES, own, strict=True)}
    task = Task(net, "original", METHODS, 0, targets, str(study / "regions"))
    main(SAMPLES, ImageFolder(study), task, rival, str(study / "rivals.parquet"))
    table = read_table(study / "rivals.parquet")
    assert list(table) == rivals.COLUMNS
    order = [sample.id for sample in SAMPLES]
    return table[table["method"] == "backpropagation"].set_index("sample").loc[order], table


def test_the_least_likely_output_is_explained_by_the_net(study):
    table, _ = table_of(study, LeastLikely(), own=[0, 1, 2])
    assert table["rival"].unique().tolist() == [LEAST_LIKELY]
    assert table["target"].tolist() == LOWEST
    assert table["status"].tolist() == ["ok"] * 3
    # The gradient is equal on all pixels: 8 x 8 of 24 x 16 are on the object.
    assert table["concentration"].to_numpy() == pytest.approx(64 / 384)


def test_the_output_of_the_samples_own_map_is_no_rival(study, caplog):
    """Its map is the sample's own: the difference would be 0 whatever the net."""
    with caplog.at_level("INFO"):
        table, _ = table_of(study, LeastLikely(), own=[2, 1, 1])
    assert table["status"].tolist() == ["same_output", "ok", "same_output"]
    assert table["target"].tolist() == LOWEST
    assert table["concentration"].isna().tolist() == [True, False, True]
    assert "least_likely of net at original: 2 of 3 samples have none: same_output" in caplog.text


def test_a_net_of_one_output_has_no_least_likely_one(study):
    table, every = table_of(study, LeastLikely(), outputs=1)
    assert table["status"].tolist() == ["same_output"] * 3
    assert table["concentration"].isna().all()
    of_other = every[every["method"] == "deconvolution"]
    assert of_other["status"].tolist() == ["not_defined"] * 3


def other_class(study, targets):
    """The other class of all samples but the last."""
    classes = {sample.id: "cat" for sample in SAMPLES[:2]}
    maps = {method: str(study / "maps") for method in METHODS}
    return OtherClass(classes, {"cat": targets}, str(study / "others"), maps, "original")


def test_the_other_class_has_the_energies_of_both_maps_on_both_objects(study):
    table, _ = table_of(study, other_class(study, [1, 2]))
    assert table["rival"].unique().tolist() == [OTHER_CLASS]
    assert table["target"].tolist()[:2] == [1, 1]  # of green and blue the higher
    assert table["pair_status"].tolist() == ["ok", "ok", "no_other_class"]
    assert table["status"].tolist() == ["ok", "ok", "no_other_class"]
    assert table["other_class"].tolist()[:2] == ["cat", "cat"]
    of_pairs = table.iloc[:2]
    assert of_pairs["own_on_own"].tolist() == [64, 64]
    assert of_pairs["own_on_other"].tolist() == [16, 16]
    ratio = of_pairs["other_on_own"] / of_pairs["other_on_other"]
    assert ratio.to_numpy() == pytest.approx(64 / 16)
    last = table.iloc[2]
    assert last[[*rivals.ENERGIES, "concentration", "other_class", "target"]].isna().all()


def test_a_pair_of_one_output_is_undefined_and_counted(study):
    table, _ = table_of(study, other_class(study, [0, 1]))
    assert table["target"].tolist()[:2] == [0, 1]
    assert table["pair_status"].tolist() == ["same_output", "ok", "no_other_class"]
    assert table["status"].tolist() == ["same_output", "ok", "no_other_class"]
    assert table["other_class"].tolist()[:2] == ["cat", "cat"]  # of an undefined pair
    assert table["other_on_own"].isna().tolist() == [True, False, True]
    assert table["own_on_own"].tolist()[:2] == [64, 64]
