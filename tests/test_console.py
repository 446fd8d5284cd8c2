"""The screen output, and the estimate of the time left."""

import doctest
import logging

import pytest

from lookwhere.io import console
from lookwhere.io.console import Console, Estimate, Step


def test_examples():
    assert doctest.testmod(console).attempted > 0
    assert doctest.testmod(console).failed == 0


@pytest.mark.parametrize(
    ("rule", "wildcards", "words"),
    [
        (
            "compute_maps",
            {"net": "vgg19", "size": "224", "selection": "1", "shard": "3"},
            "maps of vgg19 at 224 computed",
        ),
        (
            "score_maps",
            {"net": "vgg19", "size": "original", "shard": "1"},
            "maps of vgg19 at original scored",
        ),
        (
            "fetch_weights",
            {"architecture": "vgg19", "weights": "IMAGENET1K_V1"},
            "weights IMAGENET1K_V1 of vgg19 fetched",
        ),
        ("plot_charts", {}, "figures drawn"),
        ("make_tables", {}, "tables written"),
        ("train_probe", {"net": "vgg19"}, "train probe (net vgg19) done"),  # an unknown rule
    ],
)
def test_a_step_in_words(rule, wildcards, words):
    assert console.sentence(Step(rule, wildcards)) == words


def test_a_step_names_its_part_of_the_study():
    step = Step("compute_maps", {"net": "a", "size": "224"}, parts=("layer_cam", "shard 1 of 2"))
    assert console.sentence(step) == "maps of a at 224 (layer_cam, shard 1 of 2) computed"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds left"),
        (41, "about 50 s left"),
        (54.9, "about 1 minute left"),
        (60, "about 1 minute left"),
        (100, "about 2 minutes left"),
        (599, "about 10 minutes left"),
        (28 * 60, "about 30 minutes left"),
        (3600, "about 1 hour left"),
        (5400, "about 1.5 hours left"),
        (40 * 3600, "about 40 hours left"),
        (72 * 3600, "about 3 days left"),
    ],
)
def test_time_left_in_words(seconds, words):
    assert console.time_left(seconds) == words


def test_no_estimate_before_it_is_representative():
    steps = {1: Step("check_nets", seconds=5), 2: Step("compute_maps", seconds=500)}
    estimate = Estimate(steps, start=0)
    assert estimate.seconds_left(10) is None
    estimate.begin(1, 0)
    estimate.end(1, 5)
    assert estimate.seconds_left(10) is None  # none of the maps


def test_the_estimate_weighs_steps_and_counts_those_side_by_side():
    steps = {i: Step("compute_maps", seconds=10 * (i + 1)) for i in range(4)}
    steps[4] = Step("plot_charts", seconds=10)
    estimate = Estimate(steps, start=0)
    estimate.begin(0, 0)
    estimate.begin(1, 0)
    estimate.end(0, 20)  # half as fast as expected
    # 20 of 40 s of the second are over; 60, 80 and 20 s are left, on two cores.
    assert estimate.seconds_left(20) == pytest.approx((20 + 60 + 80 + 20) / 2)
    estimate.end(1, 40)
    assert estimate.seconds_left(40) == pytest.approx((60 + 80 + 20) / (60 / 40))


def record(text, event=None, level=logging.INFO, **values):
    return logging.makeLogRecord(
        {"msg": text, "event": event, "levelno": level, "created": 0.0, **values}
    )


def printed(screen, *records):
    """The output of a handler with this formatter and filter."""
    return [text for r in records if screen.filter(r) and (text := screen.format(r))]


@pytest.fixture
def screen():
    steps = {7: Step("compute_maps", {"net": "vgg19", "size": "224"})}
    return Console(logging.Formatter("full: %(message)s"), lambda: steps, lambda: "up to date")


def test_a_step_is_one_line(screen):
    lines = printed(
        screen,
        record("Building DAG of jobs..."),
        record("table", "run_info"),
        record("Execute 1 jobs...", "job_started", jobs=[7]),
        record("paths", "job_info"),
        record("Finished jobid: 7", "job_finished", job_id=7),
        record(None, "progress", done=1, total=2),
    )
    assert len(lines) == 2
    assert lines[0].startswith("To do: 1 step")
    assert lines[1].endswith("maps of vgg19 at 224 computed; 1 of 2 steps")


def test_warnings_and_unknown_records_are_printed(screen):
    unknown = record("Something new"), record("Using shell: odd", level=logging.WARNING)
    assert printed(screen, *unknown) == ["full: Something new", "full: Using shell: odd"]


def test_unexpected_records_are_printed_in_full(screen):
    unexpected = record("Finished jobid: 7", "job_finished")  # no job_id
    later = record("paths", "job_info")
    assert printed(screen, unexpected, later) == ["full: Finished jobid: 7", "full: paths"]


def test_a_failure_ends_the_screen(screen, tmp_path):
    log = tmp_path / "maps.log"
    log.write_text("10:00:00 reading\n10:00:01 Error: no such layer:\n  - layer9\n")
    files = {"input": ["a"] * 1000, "output": ["b"], "log": [str(log)]}
    failed = record("Error in rule", "job_error", 40, jobid=7, rule_name="compute_maps", **files)
    printed(screen, record("table", "run_info"), failed)
    [end] = printed(screen, record("Exiting because a job execution failed. Look above", level=40))
    assert end.splitlines()[1:] == [
        "Failed: maps of vgg19 at 224 (rule compute_maps)",
        "  10:00:01 Error: no such layer:",
        "    - layer9",
        f"  log: {log}",
    ]


def test_a_failure_followed_by_success_is_not_listed(screen):
    failed = record(
        "", "job_error", 40, jobid=7, rule_name="compute_maps", input=[], output=[], log=[]
    )
    finished = record("Finished jobid: 7", "job_finished", job_id=7)
    end = record("Exiting because a job execution failed", level=40)
    assert len(printed(screen, record("table", "run_info"), failed, finished, end)) == 3
    assert screen.failures == {}


def test_locations_are_those_of_the_outputs_of_the_run(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "figures").mkdir()
    outputs = [str(tmp_path / "tables/measures.md"), "resources/sample/images"]
    assert console.locations(tmp_path, outputs, "saliency", "make report") == [
        f"Tables  {tmp_path / 'tables'}"
    ]
    assert console.locations(tmp_path, [], "saliency", "make report") == [f"Results  {tmp_path}"]
    outputs += [str(tmp_path / "figures/lift.png"), str(tmp_path / "study.html")]
    assert (
        console.locations(tmp_path, outputs, "saliency", "make report")[-1]
        == "All on one page  make report"
    )


def test_a_table_without_the_columns_is_not_shown():
    assert console.short_table("| net | records |\n|:--|--:|\n| vgg19 | 3 |") == []
    assert console.short_table("") == []
