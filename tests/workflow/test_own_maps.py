"""Maps that other tools made: scored without a net, and beside one."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.nn import functional

from lookwhere.datasets import masks
from lookwhere.datasets.samples import read_samples

from .conftest import SMALL

pytestmark = pytest.mark.slow

METHODS = ["backpropagation", "grad_cam"]
NET = SMALL | {"methods": METHODS, "controls": ["noise"], "charts": ["concentration"]}
ALONE = {
    "classes": [{"name": "traffic light"}, {"name": "clock"}],
    "images_per_class": 2,
    "nets": [{"name": "theirs", "maps": "maps/theirs"}],
    "pathvars": {"results": "results/alone"},
}
BESIDE = NET | {
    "nets": [*SMALL["nets"], {"name": "theirs", "maps": "maps/theirs", "sizes": ["original", 64]}],
    "methods": [*METHODS, "score-cam"],
    "pathvars": {"results": "results/beside"},
}
KEY = ["sample", "method", "size"]


def level(sample):
    """A map of no net: a ramp of 7 x 5 pixels, other for each sample."""
    return np.linspace(0, 255, 35).reshape(5, 7).round() // (1 + sample.image_id % 2)


@pytest.fixture(scope="module")
def study(house):
    """The maps of a net, copied out, and grey PNGs of another method, of which one is missing."""
    house.build("results/energy.parquet", "results/samples.json", study=NET)
    root = house.root / "maps/theirs"
    for sample in samples(house):
        stem = Path(sample.file).stem
        for method, name in zip(METHODS, [sample.id, f"{sample.class_name}/{stem}"], strict=True):
            (root / method / name).parent.mkdir(parents=True, exist_ok=True)
            np.save(root / method / f"{name}.npy", read(house, sample, method))
        (root / "score-cam").mkdir(exist_ok=True)
        picture = Image.fromarray(level(sample).astype(np.uint8))
        picture.save(root / f"score-cam/{sample.id}.png")
    (root / f"score-cam/{samples(house)[0].id}.png").unlink()
    house.build(study=ALONE)
    house.build("results/beside/energy.parquet", "tables", study=BESIDE)
    return house


def samples(house):
    return read_samples(house.root / "results/samples.json")


def read(house, sample, method, size="original"):
    file = f"results/saliency/squeezenet/{method}/{size}/1-1/{sample.id}.npy"
    return np.load(house.root / file)


def scores(house, results, net, size="original"):
    energy = house.energy(results)
    own = energy[(energy["net"] == net) & (energy["size"] == size)]
    return own.set_index(KEY)[["concentration", "energy_total", "status"]].sort_index()


def test_the_maps_of_a_net_score_the_same_as_files(study):
    computed = scores(study, "results", "squeezenet")
    alone = scores(study, "results/alone", "theirs").loc[computed.index]
    beside = scores(study, "results/beside", "theirs").loc[computed.index]
    for other in (alone, beside):
        pd.testing.assert_frame_equal(other, computed, check_exact=True)


def test_maps_of_another_size_are_resized_as_images_are(study):
    """Against torch's interpolation, antialiased, and the energy by hand."""
    own = scores(study, "results/beside", "theirs", "64")
    for sample in samples(study):
        whole = masks.read(study.root / f"results/masks/{sample.id}.png")
        mask = masks.resize(whole, 64, 64)
        files = {method: read(study, sample, method) for method in METHODS}
        for method, saliency in files.items():
            small = functional.interpolate(
                torch.from_numpy(saliency)[None], (64, 64), mode="bilinear", antialias=True
            )[0].numpy()
            energy = (small.astype(np.float64) ** 2).sum(axis=0)
            expected = energy[mask].sum() / energy.sum() if energy.any() else np.nan
            row = own.loc[sample.id, method, "64"]
            assert row["concentration"] == pytest.approx(expected, rel=1e-4, nan_ok=True)


def test_a_map_that_is_missing_is_counted_and_named(study):
    first = samples(study)[0].id
    own = scores(study, "results/alone", "theirs")
    statuses = own["status"].xs("score-cam", level="method")
    assert statuses[statuses == "no_map"].index.get_level_values("sample").tolist() == [first]
    undefined = pd.read_csv(study.root / "results/alone/undefined.csv")
    lacking = undefined[undefined["status"] == "no_map"]
    assert lacking[["sample", "method"]].to_numpy().tolist() == [[first, "score-cam"]]
    table = pd.read_csv(study.root / "results/alone/tables/concentration.csv").set_index("method")
    assert table.loc["score-cam", ["records", "undefined", "reasons"]].tolist() == [
        4,
        1,
        "1 no_map",
    ]
    log = (study.root / "results/alone/logs/import_maps").glob("*.log")
    text = "".join(file.read_text() for file in log)
    assert f"score-cam: 1 of 4 samples have no map: {first}" in text
    assert "score-cam: 3 of 4 maps resized to the input (bilinear)" in text


def test_a_method_of_a_folder_alone_is_not_defined_for_a_net(study):
    energy = study.energy("results/beside")
    of_net = energy[(energy["net"] == "squeezenet") & (energy["method"] == "score-cam")]
    assert set(of_net["status"]) == {"not_defined"}
    nets = pd.read_csv(study.root / "results/beside/nets.csv").set_index("net")
    assert "score-cam: no such method is known" in nets.loc["squeezenet", "not_defined"]
    assert nets.loc["theirs", ["maps", "architecture"]].fillna("").tolist() == ["maps/theirs", ""]
    of_folder = energy[energy["net"] == "theirs"]
    assert of_folder[["target", "target_rank", "target_probability"]].isna().all(axis=None)


def test_its_report_and_gallery_need_no_net(study):
    results = study.root / "results/alone"
    assert not list(results.glob("*/*prediction*")) + list(results.glob("*/certainty*"))
    page = (results / "gallery/index.html").read_text()
    assert "Score-cam" in page
    assert (results / "figures/comparison.png").exists()
    assert re.search(r"torch", (results / "logs/check_nets.log").read_text()) is None
    study.build("--report", "results/alone/report.html", study=ALONE)


def test_a_map_that_changed_is_scored_again(study):
    assert study.planned(ALONE) == []
    file = study.root / f"maps/theirs/score-cam/{samples(study)[1].id}.png"
    before = file.read_bytes()
    Image.new("L", (7, 5), 9).save(file)
    planned = {job.split()[0] for job in study.planned(ALONE)}
    file.write_bytes(before)
    assert {"import_maps", "score_maps", "gather_scores", "build_gallery"} <= planned
    assert not planned & {"select_subset", "dilate_masks", "score_controls", "check_nets"}


def test_no_file_of_the_user_is_changed(study):
    root = study.root / "maps/theirs"
    files = [file for file in root.rglob("*") if file.is_file()]
    assert len(files) == 4 * 3 - 1
    for sample in samples(study):
        saved = np.load(root / f"backpropagation/{sample.id}.npy")
        assert np.array_equal(saved, read(study, sample, "backpropagation"))


def test_wrong_maps_end_the_run_with_the_way_out(study):
    wrong = study.root / "maps/wrong/heat"
    wrong.mkdir(parents=True)
    Image.new("RGB", (7, 5), (255, 0, 0)).save(wrong / f"{samples(study)[0].id}.png")
    other = ALONE | {
        "nets": [{"name": "wrong", "maps": "maps/wrong"}],
        "pathvars": {"results": "results/wrong"},
    }
    done = study.run("results/wrong/energy.parquet", study=other)
    assert "is a coloured picture" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (wrong / f"{samples(study)[0].id}.png").rename(wrong / "other.png")
    done = study.run("results/wrong/energy.parquet", study=other)
    assert "has no map of the 4 samples: it has 'other.png'" in done.stdout + done.stderr
