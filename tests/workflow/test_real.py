"""The whole workflow on real COCO photographs with a real SqueezeNet."""

import pandas as pd
import pytest
import yaml

from ..studies import FIVE
from .conftest import REPOSITORY

pytestmark = pytest.mark.slow

CLASSES = yaml.safe_load((REPOSITORY / "studies/coco2017.yaml").read_text())["classes"]


@pytest.fixture(scope="module")
def study(house, shared_data):
    """All six classes, as many images of each as the rarest one has, both sizes."""
    config = {
        "dataset": {
            "annotations": "../shared/data/coco/annotations/instances_train2017.json",
            "images": "../shared/data/coco/train2017",
        },
        "classes": CLASSES,
        "images_per_class": 5,
        "nets": [
            {
                "name": "squeezenet1_0",
                "architecture": "squeezenet1_0",
                "weights": "../shared/data/weights/squeezenet1_0.pth",
                "target_layer": "features.12",
            }
        ],
        "methods": FIVE,
        "pathvars": {"results": "results/real"},
    }
    house.build(study=config)
    return house


def means(energy: pd.DataFrame) -> pd.Series:
    return energy.groupby("method")["concentration"].mean()


def test_guided_grad_cam_leads_and_every_seeing_method_beats_chance(study):
    energy = study.energy("results/real")
    order = means(energy).drop("deconvolution").sort_values().index.tolist()
    assert order == ["backpropagation", "guided_backpropagation", "grad_cam", "guided_grad_cam"]
    assert means(energy)["backpropagation"] > energy["mask_fraction"].mean()


def test_224_does_not_raise_guided_grad_cam(study):
    energy = study.energy("results/real").query("method == 'guided_grad_cam'")
    by_size = energy.groupby("size")["concentration"].mean()
    assert by_size["224"] <= by_size["original"]


def test_all_zero_deconvolution_maps_are_undefined_and_counted(study):
    energy = study.energy("results/real")
    zero = energy[energy["status"] == "zero_energy"]
    assert set(zero["method"]) == {"deconvolution"}
    assert len(zero) > 30
    assert zero["concentration"].isna().all()
    assert (zero["energy_total"] == 0).all()
    table = pd.read_csv(study.root / "results/real/tables/concentration.csv").set_index("method")
    undefined = energy["concentration"].isna().groupby(energy["method"]).sum()
    assert table.loc[undefined.index, "undefined"].to_dict() == undefined.to_dict()
    assert f"{len(zero)} zero_energy" in table.loc["deconvolution", "reasons"]


def test_undefined_records_change_no_mean(study):
    energy = study.energy("results/real")
    table = pd.read_csv(study.root / "results/real/tables/concentration.csv").set_index("method")
    without = means(energy[energy["status"] == "ok"])
    assert table.loc[without.index, "mean"].to_dict() == pytest.approx(without.to_dict())


def test_the_net_recognises_its_classes(study):
    """A check of the input: with a wrong normalisation or channel order, ranks are poor."""
    energy = study.energy("results/real").query("method == 'grad_cam' and size == '224'")
    assert (energy["target_rank"] <= 5).mean() > 0.2


def test_bfloat16_moves_concentration_little(study):
    """Except deconvolution, whose maps are nearly zero and unstable under rounding."""
    config = yaml.safe_load((study.root / "study.yaml").read_text())
    rough = config | {"precision": "bfloat16", "pathvars": {"results": "results/bfloat16"}}
    study.build("results/bfloat16/energy.parquet", study=rough)
    keys = ["sample", "method", "size"]
    exact, moved = (
        study.energy(f"results/{name}")
        .set_index(keys)["concentration"]
        .drop("deconvolution", level=1)
        for name in ("real", "bfloat16")
    )
    assert not exact.equals(moved)
    change = (moved - exact).groupby("method").mean().abs()
    assert change.max() <= 0.003, change.to_dict()
