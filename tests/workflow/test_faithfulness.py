"""Metrics that need the net: jobs of their own, which an addition or an edit runs alone."""

import shutil

import pandas as pd
import pytest

from .conftest import SMALL

pytestmark = pytest.mark.slow

DECLARED = '''"""What the net makes of an image without the strong part of the map."""

from lookwhere.metrics.registry import metric


@metric("own", "Own", needs=("map", "passes"), bounds=(0, 1), better="higher")
def own(saliency, passes):
    """The probability of the image in which the pixels above the mean strength are black."""
    strong = saliency.strength > saliency.strength.mean()
    return float(passes.probabilities([passes.image * ~strong])[0])
'''
METRICS = ["concentration", "deletion", "insertion_mean", "own/own.py:own"]
STUDY = SMALL | {
    "methods": ["backpropagation", "grad_cam", "mean_activation"],
    "metrics": METRICS,
    "sizes": [64],
}


@pytest.fixture(scope="module")
def study(house):
    (house.root / "own").mkdir()
    (house.root / "own/own.py").write_text(DECLARED)
    house.build(study=STUDY)
    return house


def rules(house, study):
    """The rules of a dry run, with the metric of those that have one."""
    jobs = [job.split() for job in house.planned(study)]
    return {
        job[0] + "".join(f" {part.removeprefix('metric=')}" for part in parts if "metric=" in part)
        for job in jobs
        for parts in [job[1].split(",") if len(job) > 1 else []]
    }


def test_their_columns_are_in_the_records_tables_figures_and_gallery(study):
    results = study.root / "results"
    measures = pd.read_parquet(results / "measures.parquet")
    names = ["deletion", "insertion_mean", "own"]
    of_nets = measures[measures["net"].notna()]
    assert (of_nets["status"] == "ok").any()
    for name in names:
        assert (of_nets[name].notna() == (of_nets["status"] == "ok")).all()
        assert of_nets[name].dropna().between(0, 1).all()
        assert measures.loc[measures["net"].isna(), name].isna().all()  # controls
    table = pd.read_csv(results / "tables/measures_by_net.csv")
    assert set(names) == set(table["measure"])
    assert "Deletion (lower is better)" in (results / "tables/measures_by_net.md").read_text()
    assert (results / "tables/agreement.csv").exists()
    for figure in ("faithfulness", "quadrant", "agreement"):
        assert (results / f"figures/{figure}.png").exists()
    assert "Insertion (mean colour)" in (results / "gallery/index.html").read_text()
    assert study.planned(STUDY) == []


def test_a_further_metric_computes_itself_alone(study):
    planned = rules(study, STUDY | {"metrics": [*METRICS, "pixel_flipping"]})
    assert "score_faithfulness pixel_flipping" in planned
    scores = {rule for rule in planned if rule.startswith(("score", "compute"))}
    assert scores == {"score_faithfulness pixel_flipping"}


@pytest.mark.parametrize(
    ("file", "old", "new", "computed"),
    [
        ("own/own.py", "* ~strong", "* strong", {"score_faithfulness own"}),
        (
            "workflow/scripts/lookwhere/metrics/deletion.py",
            "return area(passes.probabilities(replaced(passes.image,",
            "return 1 - area(passes.probabilities(replaced(passes.image,",
            {"score_faithfulness deletion"},
        ),
    ],
)
def test_an_edit_of_one_computes_no_maps_and_no_other_scores(study, file, old, new, computed):
    path = study.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    planned = rules(study, STUDY)
    path.write_text(text)
    assert {rule for rule in planned if rule.startswith(("score", "compute"))} == computed
    assert "gather_scores" in planned


def test_a_study_that_lists_none_has_no_such_job(study):
    without = {key: value for key, value in STUDY.items() if key != "metrics"}
    without |= {"pathvars": {"results": "results/without"}}
    planned = rules(study, without)
    assert "score_maps" in planned
    assert not any(rule.startswith("score_faithfulness") for rule in planned)


def test_where_maps_are_deleted_they_are_read_first(study):
    deleted = STUDY | {"keep_maps": False, "pathvars": {"results": "results/deleted"}}
    study.build("results/deleted/measures.parquet", study=deleted)
    assert not list((study.root / "results/deleted/saliency").rglob("*.npy"))
    kept, read = (
        pd.read_parquet(study.root / folder / "measures.parquet")
        for folder in ("results", "results/deleted")
    )
    pd.testing.assert_frame_equal(kept, read)
    shutil.rmtree(study.root / "results/deleted")
