# A run that was killed leaves its jobs in Slurm's queue. What they would write is computed anew, so
# they are cancelled before the study's next run starts: a study has one run at a time.
import shutil
import subprocess

PATHVARS = config.get("pathvars", {})
LOGS = PATHVARS.get("logs", f"{PATHVARS.get('results', 'results')}/logs")


def orphaned_jobs():
    """The jobs in Slurm's queue that earlier runs of this study submitted."""
    if not shutil.which("squeue"):
        return []
    runs = set()
    for log in Path(".snakemake/log").glob("*.log"):
        said = log.read_text(errors="replace")
        if f" log: {LOGS}/" in said:
            runs.update(re.findall(r"^SLURM run ID: (\S+)$", said, re.MULTILINE))
    queue = subprocess.run(
        ["squeue", "--me", "--noheader", "--format=%A %j"],
        capture_output=True,
        text=True,
    ).stdout
    listed = (line.split(maxsplit=1) for line in queue.splitlines())
    return [job for job, name in listed if name in runs]


onstart:
    if orphans := orphaned_jobs():
        logger.info(
            f"Cancelling the jobs that an earlier run left in the queue: {' '.join(orphans)}"
        )
        subprocess.run(["scancel", *orphans])
