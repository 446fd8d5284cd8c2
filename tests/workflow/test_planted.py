"""A small version of studies/planted.yaml: nets of known reason, on scenes that are drawn."""

import json

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.slow

NETS = ["plain_object", "plain_context", "plain_random"]
METHODS = ["backpropagation", "grad_cam"]


@pytest.fixture(scope="module")
def study(house):
    shipped = yaml.safe_load((house.root / "studies/planted.yaml").read_text("utf-8"))
    nets = [net for net in shipped["nets"] if net["name"] in NETS]
    small = {**shipped, "nets": nets, "methods": METHODS, "charts": ["planted"]}
    house.build("--cores", "2", study=small)
    return house.root / "results/planted"


def test_the_four_shares_of_every_map_are_of_one_image(study):
    energy = pd.read_parquet(study / "energy.parquet")
    of_nets = energy[energy["net"].notna()].astype({"class": str})
    cells = ["net", "method", "image_id"]
    shares = of_nets.pivot(index=cells, columns="class", values="concentration")
    assert len(shares) == len(NETS) * len(METHODS) * 30
    sums = shares[["object", "mark", "background"]].sum(axis=1)
    assert sums.to_numpy() == pytest.approx(1, abs=1e-9)
    assert (shares["part"] <= shares["object"]).all()
    assert (of_nets.groupby(cells, observed=True)["target"].nunique() == 1).all()


def test_tables_and_figure_tell_the_honest_net_from_the_cheat(study):
    table = pd.read_csv(study / "tables/planted.csv")
    assert set(table["net"]) == set(NETS[:2])
    detection = pd.read_csv(study / "tables/detection.csv")
    of_images = detection[detection["unit"] == "image"].set_index("method")
    assert list(of_images.index) == METHODS
    assert (of_images["auc"] > 0.9).all()
    assert (of_images[["honest", "cheating"]] == 30).all(axis=None)
    assert "1 net of no known reason" in (study / "tables/detection.md").read_text("utf-8")
    assert (study / "figures/planted.png").stat().st_size > 20_000


def test_the_nets_answer_what_every_cue_shows(study):
    energy = pd.read_parquet(study / "energy.parquet")
    trained = energy[energy["net"].isin(NETS[:2])].drop_duplicates(["net", "image_id"])
    expected = (trained["image_id"].astype(int) - 1) % 6  # classes come in turn
    assert (trained["target"] == expected).mean() > 0.9


def test_the_scenes_are_drawn_beside_the_sample_which_is_not(study):
    resources = study.parents[1] / "resources"
    annotations = json.loads((resources / "planted/instances.json").read_text("utf-8"))
    assert len(annotations["images"]) == len(list(resources.glob("planted/images/*.jpg"))) == 30
    assert not (resources / "sample/images").exists()


def test_a_reason_recomputes_no_map(study, house):
    small = yaml.safe_load((house.root / "study.yaml").read_text("utf-8"))
    assert house.planned(small) == []
    small["nets"][1]["reason"] = ["mark"]
    rules = {job.split()[0] for job in house.planned(small)}
    assert rules == {"make_tables", "plot_charts", "describe_study", "all"}
