"""A study in which some of the methods are not defined for one of the nets."""

import json
import re

import pandas as pd
import pytest

from lookwhere.charts.style import FORMATS

from .conftest import SMALL

pytestmark = pytest.mark.slow

METHODS = ["backpropagation", "deconvolution", "guided_grad_cam", "grad_cam"]
UNDEFINED = ["deconvolution", "guided_grad_cam"]
STUDY = SMALL | {
    "nets": [
        {"name": "squeezenet", "architecture": "squeezenet1_1", "weights": "random"},
        {"name": "mobilenet", "architecture": "mobilenet_v3_small", "weights": "random"},
    ],
    "methods": METHODS,
    "sizes": [64],
}


@pytest.fixture(scope="module")
def results(house):
    house.build(study=STUDY)
    return house.root / "results"


def of_undefined(table):
    return (table["net"] == "mobilenet") & table["method"].isin(UNDEFINED)


def test_nets_csv_has_the_reason(results):
    nets = pd.read_csv(results / "nets.csv", keep_default_na=False).set_index("net")
    assert nets.loc["squeezenet", "not_defined"] == ""
    reason = nets.loc["mobilenet", "not_defined"]
    assert reason.startswith("deconvolution, guided_grad_cam: the net uses Hardsigmoid and Hard")
    assert nets["feature_maps"].tolist() == [512, 576]


def test_the_folder_of_such_a_method_holds_the_reason_alone(results):
    for net in ("squeezenet", "mobilenet"):
        for method in METHODS:
            folder = results / "saliency" / net / method / "64/1-1"
            files = [file.name for file in folder.glob("[!.]*")]
            if net == "mobilenet" and method in UNDEFINED:
                assert files == ["not_defined.txt"]
                assert "the net uses Hardsigmoid" in (folder / files[0]).read_text("utf-8")
            else:
                assert len(files) == 4
                assert {name[-4:] for name in files} == {".npy"}


def test_records_have_the_status(results):
    energy = pd.read_parquet(results / "energy.parquet")
    assert len(energy) == 4 * 2 * len(METHODS)
    undefined = energy[of_undefined(energy)]
    assert set(undefined["status"]) == {"not_defined"}
    numbers = ["concentration", "energy_inside", "energy_total"]
    assert undefined[numbers].isna().all(axis=None)
    known = ["mask_fraction", "target", "target_rank", "target_probability"]
    assert undefined[known].notna().all(axis=None)
    others = energy[~of_undefined(energy)]
    assert "not_defined" not in set(others["status"])
    assert others["energy_total"].notna().all()
    sweep = pd.read_parquet(results / "dilation_sweep.parquet")
    assert sweep.loc[of_undefined(sweep), "concentration"].isna().all()
    assert set(sweep.loc[of_undefined(sweep), "status"]) == {"not_defined"}


def test_tables_count_them(results):
    table = pd.read_csv(results / "tables/concentration_by_net.csv").set_index(["net", "method"])
    row = table.loc[("mobilenet", "deconvolution")]
    assert (row["records"], row["undefined"], row["reasons"]) == (4, 4, "4 not_defined")
    assert pd.isna(row["mean"])
    text = (results / "tables/concentration_by_net.md").read_text("utf-8")
    [line] = [r for r in text.splitlines() if "mobilenet" in r and "Deconvolution" in r]
    assert "4 not defined" in line
    assert "*" not in line  # no mean, that could be of few
    undefined = pd.read_csv(results / "tables/undefined.csv").set_index(["net", "method"])
    assert undefined.loc[("mobilenet", "guided_grad_cam"), "status"] == "not_defined"


def test_pictures_are_of_the_maps_that_there_are(results):
    folder = results / "figures/maps/mobilenet/deconvolution/64"
    assert [file.name for file in folder.iterdir()] == ["not_defined.txt"]
    gallery = results / "gallery"
    for kind in ("maps", "scored"):
        for method in METHODS:
            there = (gallery / "pictures" / kind / "mobilenet" / method).exists()
            assert there == (method not in UNDEFINED)
    page = (gallery / "index.html").read_text("utf-8")
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    maps = json.loads(data)["maps"]["there"]
    assert maps.count(True) == 3 * maps.count(False)  # two of eight


def test_figures_are_drawn(results):
    for figure in ("concentration", "dilation_sweep", "differences", "comparison", "controls"):
        for suffix in FORMATS:
            assert (results / "figures" / f"{figure}.{suffix}").stat().st_size
