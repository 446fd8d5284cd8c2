"""The page of methods lists those of the registry, with what they need and what was measured."""

import csv
from pathlib import Path

import pytest
import yaml

from lookwhere.methods.names import METHODS
from lookwhere.study import documents, methods_page

from .studies import costs_of, fabricate

REPOSITORY = Path(__file__).parents[1]
PAGE, MEASURED, PAPERS = (
    (REPOSITORY / name).read_text("utf-8")
    for name in (methods_page.PAGE, methods_page.MEASUREMENTS, methods_page.PAPERS)
)
ATTENTION = {"attention_rollout", "attention_relevance"}  # no net of the sample has any


def test_the_page_is_that_of_the_registry():
    table = methods_page.table(PAPERS, MEASURED)
    assert documents.with_table(PAGE, table, methods_page.MARKS) == PAGE, "make schema"


def test_every_method_is_listed_once():
    listed = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert listed == list(METHODS)


def test_every_method_without_attention_is_measured_by_the_study():
    study = yaml.safe_load((REPOSITORY / "studies/methods.yaml").read_text("utf-8"))
    named = [item if isinstance(item, str) else item["name"] for item in study["methods"]]
    assert sorted(named) == sorted(METHODS.keys() - ATTENTION)
    assert {row["method"] for row in csv.DictReader(MEASURED.splitlines())} == set(named)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("backpropagation", ""),
        ("deconvolution", "ReLU alone"),
        ("full_grad", "ReLU alone"),
        ("grad_cam", "feature maps"),
        ("cam", "feature maps; one linear layer above their means"),
        ("guided_cam", "feature maps; one linear layer above their means; ReLU alone"),
        ("guided_layer_cam", "feature maps; ReLU alone"),
        ("score_cam", "feature maps"),
        ("eigen_cam", "feature maps"),
        ("rise", ""),
        ("attention_rollout", "self-attention"),
    ],
)
def test_what_a_method_needs_is_that_of_its_equation(method, words):
    assert methods_page.needs()[method] == words


def test_papers_have_authors_and_year():
    def of(key):
        return methods_page.paper(key, PAPERS)

    assert (
        of("zeiler2014visualizing") == "[Zeiler and Fergus 2014](https://arxiv.org/abs/1311.2901)"
    )
    assert of("petsiuk2018rise") == "[Petsiuk et al. 2018](https://arxiv.org/abs/1806.07421)"
    assert of("desai2020ablation") == "Desai and Ramaswamy 2020"


def test_measurements_are_of_trained_nets_and_the_timed_one():
    records = fabricate(nets=["squeezenet1_1", "alexnet", "untrained"], sizes=["224"])
    lost = (records["net"] == "squeezenet1_1") & (records["method"] == "grad_cam")
    records.loc[lost, "status"] = "not_defined"
    records.loc[lost, "concentration"] = None
    costs = costs_of(records)
    text = methods_page.measurements(records, costs, {"deconvolution": {"passes": 7}})
    rows = {row["method"]: row for row in csv.DictReader(text.splitlines())}
    assert "noise" not in rows
    for name, row in rows.items():
        of_method = records[(records["method"] == name) & (records["net"] != "untrained")]
        defined = of_method.dropna(subset="concentration")
        lift = defined["concentration"].mean() / defined["mask_fraction"].mean()
        assert float(row["lift"]) == pytest.approx(lift, abs=0.0051)
        assert row["nets"] == ("1" if name == "grad_cam" else "2")
        assert row["passes"] == ("7" if name == "deconvolution" else "")
        timed = costs[(costs["net"] == "squeezenet1_1") & (costs["method"] == name)]
        assert [float(row["seconds"] or "nan")] == pytest.approx(
            list(timed["seconds"]) or [float("nan")], rel=0.05, nan_ok=True
        )
