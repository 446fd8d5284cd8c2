"""What is added to a study from one file of the user's own: nothing else is touched."""

import numpy as np
import pandas as pd
import pytest

from .conftest import SMALL

pytestmark = pytest.mark.slow

LAYER_CAM = '''"""LayerCAM, after Jiang et al. 2021."""

from lookwhere.methods.registry import FEATURES, GRADIENT, Signal, method


@method("layer_cam", "LayerCAM", family="cam", needs=[Signal(GRADIENT, FEATURES)], cite="jiang2021")
def layer_cam(run):
    """ReLU(sum_k ReLU(dy_c/df_k) f_k), resized: (N, 1, H, W)."""
    gradients = run.gradient(at=FEATURES).float()
    return run.upsample((gradients.relu() * run.features.float()).sum(1, keepdim=True).relu())
'''
STUDY = SMALL | {"methods": ["grad_cam", "own/layer_cam.py:layer_cam"], "sizes": [64]}


@pytest.fixture(scope="module")
def study(house):
    (house.root / "own").mkdir()
    (house.root / "own/layer_cam.py").write_text(LAYER_CAM)
    house.build(study=STUDY)
    return house


def test_a_method_from_a_file_is_in_the_records_tables_figures_and_gallery(study):
    results = study.root / "results"
    energy = study.energy()
    assert set(energy["method"]) == {"grad_cam", "layer_cam"}
    assert (energy["status"] == "ok").any()
    table = pd.read_csv(results / "tables/concentration.csv")
    assert table["method"].tolist()[:2] == ["grad_cam", "layer_cam"]
    assert "LayerCAM" in (results / "tables/concentration.md").read_text()
    assert "LayerCAM" in (results / "gallery/index.html").read_text()
    assert (results / "figures/differences.png").exists()
    maps = list((results / "saliency/squeezenet/layer_cam/64/1-1").glob("*.npy"))
    assert {np.load(file).shape for file in maps} == {(1, 64, 64)}


def test_an_edit_of_the_file_recomputes_the_maps(study):
    assert study.planned(STUDY) == []
    own = study.root / "own/layer_cam.py"
    own.write_text(LAYER_CAM.replace("gradients.relu()", "gradients.abs()"))
    planned = {job.split()[0] for job in study.planned(STUDY)}
    own.write_text(LAYER_CAM)
    assert {"compute_maps", "score_maps", "plot_charts"} <= planned
    assert not planned & {"select_subset", "dilate_masks"}


def test_a_file_that_can_not_be_read_or_run_is_an_error_with_the_way_out(study):
    broken = study.root / "own/broken.py"
    for text, reason in (("def f(", "'('"), ("1 / 0", "enters no method 'broken'")):
        broken.write_text(text)
        done = study.run("-n", study=STUDY | {"methods": ["own/broken.py:broken"]})
        assert done.returncode != 0
        assert reason in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    text = LAYER_CAM.replace("layer_cam", "broken").replace(
        "from lookwhere", "1 / 0\nfrom lookwhere"
    )
    broken.write_text(text)
    elsewhere = {"methods": ["own/broken.py:broken"], "pathvars": {"results": "results/broken"}}
    done = study.run("results/broken/energy.parquet", study=STUDY | elsewhere)
    messages = done.stdout + done.stderr
    assert "broken.py' can't be run (ZeroDivisionError: division by zero)" in messages
    assert "Traceback" not in messages
    done = study.run("-n", study=STUDY | {"methods": ["own/layer_cam.py:layercam"]})
    said = done.stdout + done.stderr
    assert "methods[0]: 'own/layer_cam.py' enters no method 'layercam'; did you mean" in said
