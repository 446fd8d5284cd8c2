"""The screen of a run: a line per step, and at the end the result and its location."""

import re
from pathlib import Path

import pytest

from .conftest import SMALL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first(house):
    """The screen of the first run of the small study."""
    run = house.run("--cores", "2", study=SMALL)
    assert run.returncode == 0, run.stderr[-6000:]
    return run.stderr


def newest_log(house) -> Path:
    return max((house.root / ".snakemake/log").glob("*.log"))


def test_a_run_prints_short_lines(first):
    lines = first.splitlines()
    assert len(lines) < 100
    assert max(map(len, lines)) < 200
    assert re.search(r"^[\d:]+ maps of squeezenet at 64 computed; \d+ of \d+ steps", first, re.M)
    assert re.search(r"; \d+ of \d+ steps, (about .+|a few seconds) left$", first, re.M)
    assert not re.search(r"^ *(input|output|wildcards|resources):", first, re.M)


def test_the_last_lines_are_the_result_and_its_location(first):
    last = first[first.index("Done: ") :]
    assert re.match(r"Done: \d+ steps in (\d+ min )?\d+ s\n", last)
    assert re.search(r"^Guided Grad-CAM +4 of 8 +2 +\d\.\d+\* +- +\d+\.\d+$", last, re.M)
    assert "4 images, 1 untrained net, 2 sizes." in last
    assert "*: more than a fifth of the records are undefined" in last
    for place in ("results/tables", "results/figures", "results/gallery/index.html"):
        assert re.search(rf" {place}$", last, re.M)
    assert "snakemake --report results/report.html --configfile study.yaml" in last
    assert len(last.splitlines()) < 25


def test_the_log_file_keeps_all(house, first):
    log = newest_log(house).read_text()
    assert "rule compute_maps:" in log
    assert "    log: results/logs/" in log
    assert "Job stats:" in log


def test_nothing_to_be_done_is_short(house, first):
    again = house.run("--cores", "2", study=SMALL)
    assert "Nothing to be done" in again.stderr
    assert "results/gallery/index.html" in again.stderr
    assert "Concentration" not in again.stderr
    assert len(again.stderr.splitlines()) < 12


def test_parts_of_the_study_are_targets(house, first):
    for target, place in [("tables", "tables"), ("figures", "figures"), ("maps", "saliency")]:
        run = house.run(target, study=SMALL)
        assert "Nothing to be done" in run.stderr, run.stderr
        assert re.search(rf" results/{place}$", run.stderr, re.M)
    (house.root / "results/tables/measures.tex").unlink()
    (house.root / "results/figures/lift.eps").unlink()
    assert house.run("tables", study=SMALL).stderr.count(" written; ") == 1
    assert house.run("figures", study=SMALL).stderr.count("figures drawn") == 1


def test_the_last_lines_of_a_file_that_is_requested_are_its_location(house, first):
    figures = ["results/figures/concentration.png", "results/figures/lift.png"]
    (house.root / figures[1]).unlink()
    run = house.run(*figures, study=SMALL)
    assert run.returncode == 0, run.stderr[-6000:]
    assert run.stderr.splitlines()[-2:] == [f"Result  {figure}" for figure in figures]
    again = house.run(figures[0], study=SMALL)
    assert again.stderr.splitlines()[-1] == f"Result  {figures[0]}"
    both = house.run(figures[0], "tables", study=SMALL)
    assert re.search(r"^Tables +results/tables$", both.stderr, re.M)


def test_without_kept_maps_those_of_the_showcase_are_a_target(house, first):
    run = house.run("maps", study=SMALL | {"keep_maps": False})
    assert "Nothing to be done" in run.stderr, run.stderr
    assert re.search(r"^Maps, as arrays +results/showcase$", run.stderr, re.M)


def test_options_print_snakemakes_own_output(house, first):
    for option in ("--dry-run", "--verbose", "--touch"):
        run = house.run("--forcerun", "plot_charts", option, study=SMALL)
        text = run.stdout + run.stderr
        assert "rule plot_charts:" in text, option
        assert "results/figures/lift.png" in text, option
    assert "Done" not in text  # --touch computes no result


def test_an_error_is_complete(house, first):
    (house.root / "weights.pth").write_text("no weights")
    net = {"name": "broken", "architecture": "squeezenet1_1", "weights": "weights.pth"}
    run = house.run("results/nets.csv", study=SMALL | {"nets": [net]})
    assert run.returncode != 0
    text = run.stderr
    assert "Error in rule check_nets:" in text
    assert "log: results/logs/check_nets.log (check log file" in text
    ending = text[text.index("Failed: nets (rule check_nets)") :]
    assert "net 'broken': weights 'weights.pth'" in ending
    assert "  log: results/logs/check_nets.log" in ending
    assert "Complete log(s):" in ending
    assert "Done" not in text
