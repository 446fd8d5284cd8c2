"""``snakemake --profile profiles/slurm`` on a real Slurm: the same results, also after failures."""

import os
import re
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from .cluster import ask, wait_for
from .conftest import study_in

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

# The profile, without the waits of a real cluster.
PROFILE = [
    *("--profile", "profiles/slurm"),
    *("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"),
]


@contextmanager
def submitting(house, results, *arguments):
    """A snakemake that submits a study's jobs, and the file of its output."""
    output = house.root / f"{results}.log"
    output.parent.mkdir(exist_ok=True)
    target = f"{results}/energy.parquet"
    command = house.command(target, *PROFILE, *arguments, study=study_in(results))
    with output.open("w") as out:
        process = subprocess.Popen(command, cwd=house.root, stdout=out, stderr=out)
        try:
            yield process, output
        finally:
            process.kill()
            process.wait()


def energy(house, results):
    return (house.root / results / "energy.parquet").read_bytes()


def jobs(rule, state):
    """The jobs of a rule in Slurm's queue, in the order of submission: id and node."""
    queue = ask("squeue", "--noheader", "--states=all", "--sort=i", "--format=%A|%N|%T|%k")
    rows = [line.split("|") for line in queue.splitlines()]
    return [(job, node) for job, node, now, why in rows if now == state and f"rule_{rule}" in why]


def test_a_site_with_accounts_and_a_gpu(accounted, house, expected):
    """The lines of the profile that a user edits; sacct, since squeue forgets."""
    profile = house.root / "profiles/slurm/config.yaml"
    original = profile.read_text()
    edited = original
    for line, replacement in {
        r"# slurm_partition: cpu\b": "slurm_partition: main",
        r"# slurm_account: lab\b": "slurm_account: lab",
        r"gpu: 0\b": "gpu: 1",
        r"# slurm_partition: gpu\b": "slurm_partition: gpus",
    }.items():
        edited, count = re.subn(line, replacement, edited)
        assert count == 1, line
    profile.write_text(edited)
    try:
        house.build("results/site/energy.parquet", *PROFILE, study=study_in("results/site"))
    finally:
        profile.write_text(original)
    assert energy(house, "results/site") == expected

    def ran():
        listed = ask("sacct", "-X", "-n", "-P", "--format=Account,Partition,State,AllocTRES")
        return [line.split("|") for line in listed.splitlines()]

    of_images = ["select_subset", "dilate_masks"]
    of_nets = ["check_nets", "check_recognition"]
    submitted = len([*of_images, *of_nets, "gather_scores"]) + 4 + 4 + 2  # maps, scores, controls
    wait_for(lambda: len(ran()) >= submitted, "the accounts of all jobs")
    assert len(ran()) == submitted
    assert {(account, state) for account, _, state, _ in ran()} == {("lab", "COMPLETED")}
    gpus = ["gres/gpu=1" in allocated for _, partition, _, allocated in ran()]
    assert gpus == [partition == "gpus" for _, partition, _, _ in ran()]
    assert sum(gpus) == 4


def computing(cluster, job):
    """The processes of a job of maps that run its script."""

    def command(process):
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{process}/cmdline").read_bytes()
        return b""

    return {
        process for process in cluster.processes(job) if b".compute_maps.py" in command(process)
    }


def test_jobs_that_the_cluster_ends_are_retried(plain, house, expected):
    """Killed for memory, for time and by hand, and lost with their node; in one run."""
    hungry = ["--set-resources", "compute_maps:gpu=0", "check_nets:mem_mb=200*attempt**4"]
    with submitting(house, "results/faults", *hungry) as (snakemake, output):
        wait_for(lambda: len(jobs("compute_maps", "RUNNING")) == 4, "four jobs of maps")
        running = jobs("compute_maps", "RUNNING")
        cancelled, slow = [job for job, node in running if node == "one"]
        _, cut_off = [job for job, node in running if node == "two"]
        ask("scancel", cancelled)
        wait_for(lambda: computing(plain, slow), "a script")  # later processes are not stopped
        plain.signal(slow, signal.SIGSTOP)
        ask("scontrol", "update", f"JobId={slow}", "TimeLimit=1")
        # Slurm loses the node, but its jobs continue; one until after its retry.
        wait_for(lambda: computing(plain, cut_off), "a script")
        plain.signal(cut_off, signal.SIGSTOP)
        left = set(plain.processes(cut_off))
        plain.stop("two")
        wait_for(lambda: (cut_off, "one") in jobs("compute_maps", "RUNNING"), "another node", 120)
        wait_for(lambda: computing(plain, cut_off) - left, "the script again")
        for process in left:
            os.kill(process, signal.SIGCONT)
        assert snakemake.wait(300) == 0, output.read_text()[-6000:]
    plain.start_node("two")
    assert energy(house, "results/faults") == expected
    failed = re.findall(r"SLURM-job '(\d+)' failed, SLURM status is: '(\w+)'", output.read_text())
    assert (cancelled, "CANCELLED") in failed
    assert (slow, "TIMEOUT") in failed
    [log] = (house.root / ".snakemake/slurm_logs/rule_check_nets").glob("*.log")
    assert "exceeded memory limit" in log.read_text()


def test_a_killed_snakemake_continues(plain, house, expected):
    """When snakemake is killed, one job of maps has finished, and another is in the queue."""
    with submitting(house, "results/killed") as (snakemake, output):
        wait_for(lambda: jobs("compute_maps", "RUNNING"), "a job of maps")
        [hanging, _], *_ = jobs("compute_maps", "RUNNING")
        wait_for(lambda: computing(plain, hanging), "a script")  # later processes are not stopped
        plain.signal(hanging, signal.SIGSTOP)
        finished = r"maps of \S+ at \S+ .*computed; "
        wait_for(lambda: len(re.findall(finished, output.read_text())) == 3, "three jobs done", 120)
        snakemake.kill()
        snakemake.wait()
    assert (hanging, "one") in jobs("compute_maps", "RUNNING")
    maps = house.root / "results/killed/saliency"
    finished = {file: file.stat().st_mtime_ns for file in maps.rglob("*.npy")}
    assert len(finished) == 3 * 4 * 5
    study = study_in("results/killed")
    house.build("--unlock", study=study)
    house.build("results/killed/energy.parquet", *PROFILE, study=study)
    assert energy(house, "results/killed") == expected
    assert (hanging, "one") in jobs("compute_maps", "CANCELLED")
    assert {file: file.stat().st_mtime_ns for file in finished} == finished


def test_jobs_of_other_runs_are_left_alone(plain, house):
    """The next run of a study cancels the jobs of its earlier runs, and no others."""
    logs = {"this": "results/this/logs/a.log", "another": "results/another/logs/a.log"}
    (house.root / ".snakemake/log").mkdir(parents=True, exist_ok=True)
    for run, log in logs.items():
        output = f"SLURM run ID: {run}\n    log: {log}\n"
        (house.root / f".snakemake/log/{run}.snakemake.log").write_text(output)
    started = {
        run: ask(
            "sbatch", "--parsable", f"--job-name={run}", "--output=/dev/null", "--wrap=sleep 99"
        )
        for run in ("this", "another", "unknown")
    }
    target = "resources/sample/instances.json"
    study = study_in("results/this")
    house.build(target, "--force", "--cores", "1", study=study)  # it does nothing on Slurm
    assert len(ask("squeue", "--noheader", "--format=%j").split()) == 3
    house.build(target, "--force", *PROFILE, study=study)
    left = ask("squeue", "--noheader", "--format=%j").split()
    ask("scancel", *(job.strip() for job in started.values()))
    assert sorted(left) == ["another", "unknown"]
