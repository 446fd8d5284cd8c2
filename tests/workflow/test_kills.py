"""After a kill at any moment, the next run continues to the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import SMALL, House

pytestmark = pytest.mark.slow

KILLS = 20
STUDY = SMALL | {
    "nets": [
        {"name": "squeezenet", "architecture": "squeezenet1_1", "weights": "random"},
        {"name": "shufflenet", "architecture": "shufflenet_v2_x0_5", "weights": "random"},
    ],
}
TABLE = "energy.parquet"


def under(results: str, study: dict) -> dict:
    return study | {"pathvars": {"results": results}}


def start(house: House, *arguments: str, study: dict) -> tuple[subprocess.Popen, float]:
    """A run in its own process group, and the time at which its first job started."""
    before = set(logs(house))
    with (house.root / "output.txt").open("w") as sink:
        process = subprocess.Popen(
            house.command(*arguments, study=study),
            cwd=house.root,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    while process.poll() is None and not any(map(begun, logs(house) - before)):
        time.sleep(0.02)
    return process, time.monotonic()


def logs(house: House) -> set[Path]:
    """Snakemake's logs, which hold more than the screen."""
    return set((house.root / ".snakemake/log").glob("*.log"))


def begun(log: Path) -> bool:
    return "rule " in log.read_text(errors="replace")


def kill_again_and_again(
    house: House, *arguments: str, study: dict, longest: float, kills: int = KILLS, seed: int = 0
) -> None:
    """Kill ``kills`` runs, each within ``longest`` seconds after its first job began.

    A study that ends before the kill starts over, with the drawing of the sample.
    """
    moments = random.Random(seed)
    while kills:
        process, _ = start(house, *arguments, study=study)
        try:
            process.wait(moments.uniform(0, longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills -= 1
            # What `snakemake --unlock` does, which is called itself below; at its very end a run
            # has no lock any more.
            shutil.rmtree(house.root / ".snakemake/locks", ignore_errors=True)
        else:
            assert process.returncode == 0, (house.root / "output.txt").read_text()
            shutil.rmtree(house.root / study["pathvars"]["results"])
            forget_sample(house)


def forget_sample(house: House) -> None:
    (house.root / "resources/sample/instances.json").unlink()
    shutil.rmtree(house.root / "resources/sample/images")


@pytest.fixture(scope="module")
def undisturbed(house) -> tuple[bytes, float]:
    """The table of an undisturbed run, and the seconds from its first job to its end."""
    study = under("results/undisturbed", STUDY)
    process, begun = start(house, f"results/undisturbed/{TABLE}", study=study)
    assert process.wait() == 0, (house.root / "output.txt").read_text()
    seconds = time.monotonic() - begun
    forget_sample(house)
    return (house.root / "results/undisturbed" / TABLE).read_bytes(), seconds


def test_twenty_kills_at_random_moments_change_no_byte(house, undisturbed):
    expected, seconds = undisturbed
    study = under("results/killed", STUDY)
    target = f"results/killed/{TABLE}"
    longest = min(seconds / 2, 7)  # bounded on busy machines
    kill_again_and_again(house, target, study=study, longest=longest)
    house.build(target, study=study)
    assert (house.root / target).read_bytes() == expected
    assert not list((house.root / "results").rglob(".part-*"))


@pytest.fixture(scope="module")
def subset(house, undisturbed) -> bytes:
    """A table of the undisturbed run, the result of two short jobs."""
    return (house.root / "results/undisturbed/subset.csv").read_bytes()


def test_the_lock_of_a_killed_run_is_reported_with_a_way_out_that_works(house, subset):
    study, target = under("results/locked", STUDY), "results/locked/subset.csv"
    process, _ = start(house, target, study=study)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    refused = house.run(target, study=study)
    assert refused.returncode != 0
    assert "Directory cannot be locked" in refused.stderr
    assert "--unlock" in refused.stderr
    assert "Traceback" not in refused.stderr
    house.build("--unlock", study=study)
    house.build(target, study=study)
    assert (house.root / target).read_bytes() == subset


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "plain kill"])
def test_a_run_that_is_asked_to_end_leaves_no_lock(house, subset, asked):
    study = under(f"results/{asked.name}", STUDY)
    target = f"results/{asked.name}/subset.csv"
    process, _ = start(house, target, study=study)
    if asked is signal.SIGINT:  # from a terminal it reaches the jobs, too
        os.killpg(process.pid, asked)
    else:
        os.kill(process.pid, asked)
    process.wait()
    house.build(target, study=study)
    assert (house.root / target).read_bytes() == subset


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_continues(house, subset):
    study, target = under("results/twice", STUDY), "results/twice/subset.csv"
    process, _ = start(house, target, study=study)
    os.killpg(process.pid, signal.SIGSTOP)  # so that it outlasts the second
    try:
        refused = house.run(target, study=study)
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    assert refused.returncode != 0
    assert "Directory cannot be locked" in refused.stderr
    assert process.wait() == 0, (house.root / "output.txt").read_text()
    assert (house.root / target).read_bytes() == subset


def test_jobs_that_outlive_their_snakemake_corrupt_nothing(house, undisturbed):
    """Killed alone, snakemake leaves running jobs, beside those of the next run."""
    study = under("results/orphans", STUDY)
    target = f"results/orphans/{TABLE}"
    process, _ = start(house, target, study=study)
    log = house.root / "results/orphans/logs/compute_maps"
    while process.poll() is None and not log.exists():
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    house.build("--unlock", study=study)
    run = house.run(target, study=study)
    if run.returncode != 0:  # two jobs wrote one result: one failed, and left nothing
        assert "Traceback" not in run.stderr
        house.build(target, study=study)
    assert (house.root / target).read_bytes() == undisturbed[0]
