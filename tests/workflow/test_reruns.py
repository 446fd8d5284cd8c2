"""The jobs that a change recomputes, and runs after a kill."""

import copy
import os
import signal
import subprocess
import time
from collections import Counter

import pytest
from pandas.testing import assert_frame_equal

from ..studies import FIVE
from .conftest import SMALL

pytestmark = pytest.mark.slow

TWO_NETS = SMALL | {
    "nets": [
        {"name": "squeezenet", "architecture": "squeezenet1_1", "weights": "random"},
        {"name": "shufflenet", "architecture": "shufflenet_v2_x0_5", "weights": "random"},
    ]
}


@pytest.fixture(scope="module")
def study(house):
    house.build(study=TWO_NETS)
    return house


def rules(jobs: list[str]) -> set[str]:
    return {job.split()[0] for job in jobs}


def test_nothing_changed(study):
    assert study.planned(TWO_NETS) == []


def test_touched_but_unchanged_code_recomputes_nothing(study):
    (study.root / "workflow/scripts/lookwhere/methods/run.py").touch()
    assert study.planned(TWO_NETS) == []


MINE = """
from lookwhere.methods.registry import FEATURES, method

@method("mean_features", "Mean features", family="class_free", needs=[], cite="none")
def mean_features(run):
    return run.upsample(run.features.float().mean(1, keepdim=True))
"""
ALEXNET = {"name": "alexnet", "architecture": "alexnet", "weights": "random"}
PIZZA = {"name": "pizza", "target": 963}
# Changes of a study with two nets at two sizes, and the jobs of samples that they plan.
GROWN = {
    "a net": ({"nets": [*TWO_NETS["nets"], ALEXNET]}, {"compute_maps": 2, "score_maps": 2}),
    "a size": (
        {"sizes": ["original", 64, 48]},
        {"compute_maps": 2, "score_maps": 2, "score_controls": 1},
    ),
    "a class": (
        {"classes": [*SMALL["classes"], PIZZA]},
        {"select_subset": 1, "dilate_masks": 1, "compute_maps": 4, "score_maps": 4}
        | {"score_controls": 2},
    ),
    "images": (
        {"images_per_class": 3},
        {"select_subset": 1, "dilate_masks": 1, "compute_maps": 4, "score_maps": 4}
        | {"score_controls": 2},
    ),
    "all images": (
        {"images_per_class": "all"},
        {"select_subset": 1, "dilate_masks": 1, "compute_maps": 4, "score_maps": 4}
        | {"score_controls": 2},
    ),
    "a method": (
        {"methods": [FIVE, ["own/mean.py:mean_features"]]},
        {"compute_maps_mean_features": 4, "score_maps": 4},
    ),
    "a dilation": (
        {"mask_dilation": 0.5},
        {"dilate_masks": 1, "score_maps": 4, "score_controls": 2},
    ),
    "a figure of more samples": ({"showcase": "all"}, {"score_maps": 4}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize(("changes", "jobs"), GROWN.values(), ids=GROWN)
def test_a_grown_study_computes_new_results_alone(study, changes, jobs):
    (study.root / "own").mkdir(exist_ok=True)
    (study.root / "own/mean.py").write_text(MINE)
    planned = Counter(job.split()[0] for job in study.planned(TWO_NETS | changes))
    of_samples = ("select_", "dilate_", "compute_", "score_")
    assert {rule: n for rule, n in planned.items() if rule.startswith(of_samples)} == jobs
    assert ("gather_scores" in planned) == bool(changes)


def test_resources_of_maps_hold_for_every_group(study):
    groups = {"methods": [["grad_cam"], ["guided_grad_cam"]], "sizes": [64]}
    elsewhere = TWO_NETS | groups | {"pathvars": {"results": "results/resources"}}
    run = study.run("--dry-run", "--set-resources", "compute_maps:mem_mb=1234", study=elsewhere)
    jobs = (run.stdout + run.stderr).split("\nrule ")
    asked = Counter(job.split(":")[0] for job in jobs if "mem_mb=1234," in job)
    assert asked == {"compute_maps": 2, "compute_maps_guided_grad_cam": 2}


def test_a_grown_study_equals_one_computed_at_once(study):
    """Up to rounding: batches of another composition may differ in the last digits."""
    first = TWO_NETS | {"pathvars": {"results": "results/grown"}, "sizes": [64]}
    more = {"classes": [PIZZA, *SMALL["classes"]], "images_per_class": 3}
    study.build("results/grown/energy.parquet", study=first)
    study.build("results/grown/energy.parquet", "results/grown/subset.csv", study=first | more)
    once = first | more | {"pathvars": {"results": "results/once"}}
    study.build("results/once/energy.parquet", "results/once/subset.csv", study=once)
    grown, at_once = study.energy("results/grown"), study.energy("results/once")
    assert len(at_once) == 3 * 3 * 2 * 5
    assert_frame_equal(grown, at_once, rtol=1e-4)
    subsets = [(study.root / "results" / name / "subset.csv") for name in ("grown", "once")]
    assert subsets[0].read_bytes() == subsets[1].read_bytes()


def test_a_study_that_shrinks_again_recomputes_nothing(study):
    shrunk = TWO_NETS | {"pathvars": {"results": "results/grown"}, "sizes": [64]}
    planned = rules(study.planned(shrunk))
    assert not planned & {"select_subset", "dilate_masks", "compute_maps", "score_maps"}


def test_one_net_recomputes_that_net_alone(study):
    changed = copy.deepcopy(TWO_NETS)
    changed["nets"][1]["target_layer"] = "stage4"
    planned = study.planned(changed)
    maps = [job for job in planned if job.startswith("compute_maps")]
    assert len(maps) == 2
    assert all("net=shufflenet" in job for job in maps)
    scores = [job for job in planned if job.startswith("score_maps")]
    assert all("net=shufflenet" in job for job in scores)
    assert "dilate_masks" not in rules(planned)


def test_an_edited_method_recomputes_its_group_alone(study):
    """Its module holds the method of the other group, too."""
    groups = {"methods": [["grad_cam"], ["xgrad_cam"]], "sizes": [64]}
    grouped = TWO_NETS | groups | {"pathvars": {"results": "results/grouped"}}
    study.build("results/grouped/energy.parquet", study=grouped)
    source = study.root / "workflow/scripts/lookwhere/methods/cam.py"
    original = source.read_text()
    edited = original.replace("masked_fill(totals == 0, 0)", "masked_fill(totals == 0, 1)")
    assert edited != original
    source.write_text(edited)
    try:
        planned = rules(study.planned(grouped))
    finally:
        source.write_text(original)
    assert "compute_maps_xgrad_cam" in planned
    assert "compute_maps" not in planned


def test_a_changed_colour_redraws_figures_alone(study):
    source = study.root / "workflow/scripts/lookwhere/charts/looks.py"
    original = source.read_text()
    source.write_text(original.replace("#0173b2", "#0173b3"))
    try:
        planned = rules(study.planned(TWO_NETS))
    finally:
        source.write_text(original)
    pictures = {"plot_charts", "plot_comparison", "render_maps", "build_gallery", "show_dataset"}
    assert planned - {"all", "describe_study"} == pictures


@pytest.mark.parametrize(
    ("module", "recomputed", "kept"),
    [
        ("methods/relu_rules", {"compute_maps"}, {"select_subset", "dilate_masks", "draw_sample"}),
        ("datasets/regions", {"dilate_masks", "score_maps"}, {"compute_maps", "select_subset"}),
        (
            "metrics/concentration",
            {"score_maps", "gather_scores"},
            {"compute_maps", "dilate_masks"},
        ),
        ("charts/panels", {"plot_charts"}, {"score_maps", "make_tables", "plot_comparison"}),
        ("charts/style", {"plot_charts", "plot_comparison"}, {"compute_maps", "score_maps"}),
        ("report/tables", {"make_tables", "describe_study"}, {"plot_charts", "plot_comparison"}),
        ("statistics/bootstrap", {"make_tables", "plot_charts"}, {"gather_scores", "render_maps"}),
        ("../worlds/pen", {"draw_sample", "select_subset", "compute_maps"}, {"check_nets"}),
    ],
)
def test_an_edited_module_recomputes_its_users(study, module, recomputed, kept):
    source = study.root / f"workflow/scripts/lookwhere/{module}.py"
    original = source.read_text()
    source.write_text(original + "\nEDITED = True\n")
    try:
        planned = rules(study.planned(TWO_NETS))
    finally:
        source.write_text(original)
    assert recomputed <= planned
    assert not kept & planned


def test_redrawn_images_recompute_the_maps_even_in_a_later_run(study):
    source = study.root / "workflow/scripts/worlds/easel.py"
    original = source.read_text()
    edited = original.replace("rng.uniform(0.8, 1.12)", "rng.uniform(0.7, 1.12)")
    assert edited != original
    source.write_text(edited)
    try:
        study.build("resources/sample/instances.json", study=TWO_NETS)
        assert "compute_maps" in rules(study.planned(TWO_NETS))
    finally:
        source.write_text(original)
        study.build("results/energy.parquet", study=TWO_NETS)


def test_the_same_study_gives_the_same_bytes(study):
    first = (study.root / "results/energy.parquet").read_bytes()
    study.build(
        "results/again/energy.parquet", study=TWO_NETS | {"pathvars": {"results": "results/again"}}
    )
    assert (study.root / "results/again/energy.parquet").read_bytes() == first


def test_shards_change_nothing_but_the_last_digits(study):
    """Batches of another composition may round differently."""
    shards = TWO_NETS | {"pathvars": {"results": "results/shards"}}
    study.build("results/shards/energy.parquet", "--set-scatter", "shard=3", study=shards)
    assert len(list((study.root / "results/shards/scores").rglob("*.parquet"))) == 2 * 2 * 3
    assert_frame_equal(study.energy("results/shards"), study.energy(), rtol=1e-4)


def test_a_killed_run_continues_to_the_same_result(study):
    killed = TWO_NETS | {"pathvars": {"results": "results/killed"}}
    target = "results/killed/energy.parquet"
    process = subprocess.Popen(
        study.command(target, study=killed),
        cwd=study.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    log = study.root / "results/killed/logs/compute_maps"
    while process.poll() is None and not log.exists():
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (study.root / target).exists()
    study.build("--unlock", study=killed)
    study.build(target, study=killed)
    expected = (study.root / "results/energy.parquet").read_bytes()
    assert (study.root / target).read_bytes() == expected
