"""The cascade of a study that asks for it, and what the key changes of another."""

import re
from collections import Counter

import pandas as pd
import pytest

from .conftest import SMALL

pytestmark = pytest.mark.slow

WEIGHTS = "resources/sample/weights"
PLAIN = SMALL | {
    "classes": [{"name": "traffic light", "target": 0}, {"name": "clock", "target": 5}],
    "nets": [
        {
            "name": "shufflenet",
            "architecture": "shufflenet_v2_x0_5",
            "weights": f"{WEIGHTS}/shufflenet_v2_x0_5.pth",
            "outputs": "sigmoid",
        },
        {"name": "random", "architecture": "shufflenet_v2_x0_5", "weights": "random"},
    ],
    "methods": [["backpropagation"], ["grad_cam"]],
    "sizes": [64],
}
ASKED = PLAIN | {"cascade": {"images_per_class": 1, "stages": 2, "seeds": 1}}


def jobs(house, study):
    return Counter(job.split()[0] for job in house.planned(study))


@pytest.fixture(scope="module")
def study(house):
    """A finished study without a cascade, to which one is added."""
    house.build(study=PLAIN)
    return house


def test_a_study_without_the_key_has_no_cascade(study):
    assert jobs(study, PLAIN) == Counter()
    assert not (study.root / "results/cascade.parquet").exists()
    assert not list((study.root / "results/figures").glob("cascade*"))


def test_the_key_adds_jobs_of_its_own_and_recomputes_no_map(study):
    planned = jobs(study, ASKED)
    assert planned["compute_cascade"] == 2  # a trained net, a size, two groups of methods
    assert planned["gather_cascade"] == 1
    assert {"make_tables", "plot_charts"} <= planned.keys()
    before = ("select_", "dilate_", "compute_maps", "score_", "gather_scores", "check_")
    assert not any(rule.startswith(before) for rule in planned)


def test_the_cascade_is_computed_drawn_and_listed_and_leaves_with_its_key(study):
    study.build(study=ASKED)
    results = study.root / "results"
    records = pd.read_parquet(results / "cascade.parquet")
    assert records["net"].unique().tolist() == ["shufflenet"]
    assert len(records) == 2 * 2 * (1 + 2)  # classes, methods, stages
    alike = records.loc[records["stage"] == 0, "rank_correlation"].dropna()
    assert len(alike) > 1
    assert alike.to_numpy() == pytest.approx(1)
    assert records["lowest_layer"].dropna().iloc[-1] == "conv1.0"
    energy = study.energy().query("net == 'shufflenet'").set_index(["sample", "method"])
    of_net = records[records["stage"] == 0].astype({"method": str}).set_index(["sample", "method"])
    expected = energy.loc[of_net.index, "concentration"]
    assert of_net["concentration"].to_numpy() == pytest.approx(
        expected.to_numpy(), rel=1e-4, nan_ok=True
    )
    names = ["figures/cascade.png", "figures/cascade_lift.pdf", "tables/cascade.csv"]
    for name in [*names, "figures/cascade_ssim.html", "tables/twins.md"]:
        assert (results / name).exists(), name
    assert jobs(study, ASKED) == Counter()
    study.build(study=PLAIN)
    assert not any((results / name).exists() for name in names)


def test_other_stages_compute_the_cascade_alone(study):
    study.build(study=ASKED)
    more = ASKED | {"cascade": {**ASKED["cascade"], "stages": 3}}
    planned = jobs(study, more)
    assert planned["compute_cascade"] == 2
    assert not any(rule.startswith(("compute_maps", "score_")) for rule in planned)


def test_one_more_net_has_its_cascade_alone(study):
    """One without weights has none. All nets are checked again, before cascades are gathered."""
    study.build(study=ASKED)
    trained = {"name": "squeezenet", "architecture": "squeezenet1_1", "outputs": "sigmoid"}
    trained["weights"] = f"{WEIGHTS}/squeezenet1_1.pth"
    untrained = {"name": "another", "architecture": "squeezenet1_1", "weights": "random"}
    for net, nets in [(trained, ["squeezenet"] * 2), (untrained, [])]:
        planned = study.planned(ASKED | {"nets": [*ASKED["nets"], net]})
        cascades = [job for job in planned if job.startswith("compute_cascade ")]
        assert [re.search("net=([a-z]+)", job)[1] for job in cascades] == nets
        assert {"check_nets", "gather_cascade"} <= {job.split()[0] for job in planned}


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        ({"sizes": [64, 80]}, ["size=80"] * 2),
        ({"methods": [*PLAIN["methods"], ["layer_cam"]]}, ["group=layer_cam"]),
    ],
    ids=["size", "method"],
)
def test_one_more_size_or_method_has_its_cascade_alone(study, change, computed):
    study.build(study=ASKED)
    cascades = [job for job in study.planned(ASKED | change) if job.startswith("compute_cascade ")]
    assert len(cascades) == len(computed)
    assert all(part in job for part, job in zip(computed, cascades, strict=True))
