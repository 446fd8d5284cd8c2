# A killed run leaves its jobs in Slurm's queue. The next run of the study recomputes their results,
# so it cancels them first: a study has one run at a time.
import shutil
import subprocess


def orphaned_jobs():
    """The jobs in Slurm's queue that earlier runs of this study submitted."""
    if not shutil.which("squeue"):
        return []
    runs = set()
    for log in Path(".snakemake/log").glob("*.log"):
        text = log.read_text(errors="replace")
        if f" log: {PATHVARS['logs']}/" in text:
            runs.update(re.findall(r"^SLURM run ID: (\S+)$", text, re.MULTILINE))
    queue = subprocess.run(
        ["squeue", "--me", "--noheader", "--format=%A %j"],
        capture_output=True,
        text=True,
    ).stdout
    jobs = (line.split(maxsplit=1) for line in queue.splitlines())
    return [job for job, name in jobs if name in runs]


def on_slurm():
    """Whether this run submits its jobs to Slurm; others replace no jobs there."""
    return not workflow.local_exec and not workflow.touch


onstart:
    lock_results()
    require_lock()
    if not UNCOUNTED:
        selections.write(list(SELECTIONS.values()), RECORDED)
    if not workflow.touch:
        remove_leftovers()
    if on_slurm() and (orphans := orphaned_jobs()):
        logger.info(
            f"Cancelling the jobs that an earlier run left in the queue: {' '.join(orphans)}"
        )
        subprocess.run(["scancel", *orphans])


# Log lines of jobs that the kernel killed, most often for lack of memory.
KILLED = re.compile(r"SIGKILL|signal 9\b|exit (?:code|status) (?:137|-9)\b")


onerror:
    files = [log] if isinstance(log, str) else log  # a list in later Snakemakes
    printed = "".join(Path(file).read_text("utf-8", errors="replace") for file in files)
    if KILLED.search(printed):
        logger.error(
            "A job was killed from outside (SIGKILL). Most often the machine had too little memory "
            "for the running jobs: run fewer at a time (--cores), set max_pixels, or choose smaller "
            "sizes. On a cluster, request more (--set-resources compute_maps:mem_mb=8000). Then "
            "rerun: finished jobs are kept."
        )
