"""Additions to a study from one user's file: nothing else changes."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lookwhere.datasets import masks
from lookwhere.metrics.registry import METRICS

from .conftest import REPOSITORY, SMALL

pytestmark = pytest.mark.slow

OWN_CAM = '''"""The formula of LayerCAM, after Jiang et al. 2021."""

from lookwhere.methods.registry import FEATURES, GRADIENT, Signal, method


@method("own_cam", "Own CAM", family="cam", needs=[Signal(GRADIENT, FEATURES)], cite="jiang2021")
def own_cam(run):
    """ReLU(sum_k ReLU(dy_c/df_k) f_k), resized: (N, 1, H, W)."""
    gradients = run.gradient(at=FEATURES).float()
    return run.upsample((gradients.relu() * run.features.float()).sum(1, keepdim=True).relu())
'''
IOU = '''"""Intersection over union."""

import numpy as np

from lookwhere.metrics.registry import metric


@metric("iou", "Overlap (IoU)", needs=("map", "region"), bounds=(0, 1), better="higher")
def iou(saliency, region):
    """|A and M| / |A or M|, A the pixels of most energy, as many as the mask M covers."""
    strongest = np.argsort(-saliency.energy, axis=None, kind="stable")[: region.mask.sum()]
    covered = region.mask.ravel()[strongest].sum()
    return covered / (2 * len(strongest) - covered)
'''
DARKNESS = '''"""How dark each pixel is."""

from lookwhere.methods.controls import control


@control("darkness", "Darkness")
def darkness(image, sample):
    """255 less the mean of the three colours: (1, H, W)."""
    return 255 - image.mean(axis=2)[None]
'''
HOW_TO = Path(REPOSITORY, "docs/how-to/add-a-chart.md")
[SCATTER] = re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
FILES = {"own_cam": OWN_CAM, "iou": IOU, "darkness": DARKNESS, "scatter": SCATTER}
STUDY = SMALL | {
    "methods": ["grad_cam", "own/own_cam.py:own_cam"],
    "metrics": ["pointing_game", "own/iou.py:iou"],
    "controls": ["noise", "own/darkness.py:darkness"],
    "charts": ["concentration", "differences", "measures", "own/scatter.py:scatter"],
    "sizes": [64],
}


@pytest.fixture(scope="module")
def study(house):
    (house.root / "own").mkdir()
    for name, text in FILES.items():
        (house.root / f"own/{name}.py").write_text(text)
    house.build(study=STUDY)
    return house


def test_a_method_from_a_file_is_in_the_records_tables_figures_and_gallery(study):
    results = study.root / "results"
    energy = study.energy()
    assert set(energy["method"]) == {"grad_cam", "own_cam"}
    assert (energy["status"] == "ok").any()
    table = pd.read_csv(results / "tables/concentration.csv")
    assert table["method"].tolist()[:2] == ["grad_cam", "own_cam"]
    assert "Own CAM" in (results / "tables/concentration.md").read_text()
    assert "Own CAM" in (results / "gallery/index.html").read_text()
    assert (results / "figures/differences.png").exists()
    maps = list((results / "saliency/squeezenet/own_cam/64/1-1").glob("*.npy"))
    assert {np.load(file).shape for file in maps} == {(1, 64, 64)}


def overlap(values, mask):
    """The intersection over union of the mask and as many pixels of most energy, as sets."""
    energy = (values.astype(np.float64) ** 2).sum(axis=0)
    pixels = sorted(np.ndindex(*mask.shape), key=lambda pixel: -energy[pixel])
    strongest, covered = set(pixels[: mask.sum()]), {p for p in pixels if mask[p]}
    return len(strongest & covered) / len(strongest | covered)


def test_a_metric_from_a_file_is_in_the_records_table_figure_and_gallery(study):
    results = study.root / "results"
    measures = pd.read_parquet(results / "measures.parquet")
    metrics = ["concentration", "pointing_game", "iou"]  # the first is of every study
    assert [name for name in measures.columns if name in (*METRICS, "iou")] == metrics
    of_maps = measures[(measures["method"] == "own_cam") & (measures["status"] == "ok")]
    assert len(of_maps)
    for row in of_maps.itertuples():
        values = np.load(results / f"saliency/{row.net}/own_cam/64/1-1/{row.sample}.npy")
        whole = masks.read(results / f"masks/{row.sample}.png")
        assert row.iou == overlap(values, masks.resize(whole, 64, 64))
    table = pd.read_csv(results / "tables/measures.csv")
    assert table["measure"].unique().tolist() == metrics
    of_iou = table[table["measure"] == "iou"]
    assert of_iou["mean"].notna().any()
    assert of_iou["lift"].isna().all()  # no level of chance
    for file in ("tables/measures.md", "gallery/index.html"):
        assert "Overlap (IoU)" in (results / file).read_text()
    assert (results / "figures/measures.png").exists()


def test_a_control_from_a_file_is_recorded_once_and_beside_the_methods(study):
    results = study.root / "results"
    measures = pd.read_parquet(results / "measures.parquet")
    controls = measures[measures["net"].isna()]
    assert controls["method"].unique().tolist() == ["noise", "darkness"]
    assert controls.groupby("method", observed=True).size().tolist() == [4, 4]  # samples, one size
    for row in controls[controls["method"] == "darkness"].itertuples():
        assert 0 <= row.concentration <= 1
    table = pd.read_csv(results / "tables/concentration.csv").set_index("method")
    assert table.index.tolist() == ["grad_cam", "own_cam", "noise", "darkness"]
    mean = controls.loc[controls["method"] == "darkness", "concentration"].mean()
    assert table.loc["darkness", "mean"] == pytest.approx(mean)
    assert "Darkness" in (results / "tables/concentration.md").read_text()
    assert "Darkness (P)" in (results / "gallery/index.html").read_text()
    assert set(study.energy()["method"]) == {"grad_cam", "own_cam"}


@pytest.mark.parametrize(
    ("name", "old", "new", "rule"),
    [
        ("iou", "(2 * len", "(3 * len", "score_maps"),
        ("darkness", "255 -", "254 -", "score_controls"),
    ],
)
def test_an_edit_of_a_metric_or_a_control_computes_no_maps(study, name, old, new, rule):
    own = study.root / f"own/{name}.py"
    own.write_text(FILES[name].replace(old, new))
    planned = {job.split()[0] for job in study.planned(STUDY)}
    own.write_text(FILES[name])
    assert {rule, "gather_scores"} <= planned
    assert not planned & {"compute_maps", "select_subset", "dilate_masks"}


def test_a_metric_that_leaves_its_bounds_ends_the_run_with_the_sample_and_the_value(study):
    (study.root / "own/far.py").write_text(
        IOU.replace("iou", "far").replace("return ", "return 9 + ")
    )
    changes = {"metrics": ["own/far.py:far"], "pathvars": {"results": "results/far"}}
    done = study.run("results/far/energy.parquet", study=STUDY | changes)
    messages = done.stdout + done.stderr
    assert done.returncode != 0
    assert "metric 'far' returned" in messages
    assert "no number in [0, 1]" in messages
    assert "-clock" in messages or "-traffic_light" in messages
    assert "Traceback" not in messages


def test_a_chart_from_a_file_is_drawn_in_every_format_beside_those_that_are_listed(study):
    figures = sorted(path.name for path in (study.root / "results/figures").glob("*.*"))
    names = ["comparison", "concentration", "differences", "measures", "scatter"]
    assert figures == sorted(
        f"{n}.{suffix}" for n in names for suffix in ("eps", "html", "pdf", "png")
    )
    assert "A mark is a record." in (study.root / "results/figures/scatter.html").read_text()
    study.build("--report", "results/report.html", study=STUDY)
    report = (study.root / "results/report.html").read_text()
    assert "scatter.html" in report
    assert "Concentration and size of the object" in report


def test_an_edit_of_a_chart_draws_the_figures_alone(study):
    own = study.root / "own/scatter.py"
    own.write_text(SCATTER.replace("slope=1", "slope=2"))
    planned = {job.split()[0] for job in study.planned(STUDY)}
    own.write_text(SCATTER)
    assert planned - {"all"} == {"plot_charts"}


def test_the_figure_of_a_chart_that_is_no_longer_listed_is_removed(study):
    listed = [name for name in STUDY["charts"] if "scatter" not in name]
    study.build("results/figures/concentration.png", study=STUDY | {"charts": listed})
    assert not list((study.root / "results/figures").glob("scatter.*"))
    study.build("results/figures/scatter.png", study=STUDY)
    assert (study.root / "results/figures/scatter.png").exists()


def test_an_edit_of_the_file_recomputes_the_maps(study):
    assert study.planned(STUDY) == []
    own = study.root / "own/own_cam.py"
    own.write_text(OWN_CAM.replace("gradients.relu()", "gradients.abs()"))
    planned = {job.split()[0] for job in study.planned(STUDY)}
    own.write_text(OWN_CAM)
    assert {"compute_maps", "score_maps", "plot_charts"} <= planned
    assert not planned & {"select_subset", "dilate_masks"}


def test_a_file_that_can_not_be_read_or_run_is_an_error_with_the_way_out(study):
    broken = study.root / "own/broken.py"
    for text, reason in (("def f(", "'('"), ("1 / 0", "declares no method 'broken'")):
        broken.write_text(text)
        done = study.run("-n", study=STUDY | {"methods": ["own/broken.py:broken"]})
        assert done.returncode != 0
        assert reason in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    text = OWN_CAM.replace("own_cam", "broken").replace("from lookwhere", "1 / 0\nfrom lookwhere")
    broken.write_text(text)
    elsewhere = {"methods": ["own/broken.py:broken"], "pathvars": {"results": "results/broken"}}
    done = study.run("results/broken/energy.parquet", study=STUDY | elsewhere)
    messages = done.stdout + done.stderr
    assert "broken.py' can't be run (ZeroDivisionError: division by zero)" in messages
    assert "Traceback" not in messages
    done = study.run("-n", study=STUDY | {"methods": ["own/own_cam.py:owncam"]})
    output = done.stdout + done.stderr
    assert "methods[0]: 'own/own_cam.py' declares no method 'owncam'; did you mean" in output
    done = study.run("-n", study=STUDY | {"charts": ["lift", "own/scatter.py:scater"]})
    output = done.stdout + done.stderr
    assert (
        "charts[1]: 'own/scatter.py' declares no chart 'scater'; did you mean 'scatter'" in output
    )
