# A run that was killed leaves its jobs in Slurm's queue. What they would write is computed anew, so
# they are cancelled before the study's next run starts: a study has one run at a time.
import shutil
import subprocess


def orphaned_jobs():
    """The jobs in Slurm's queue that earlier runs of this study submitted."""
    if not shutil.which("squeue"):
        return []
    runs = set()
    for log in Path(".snakemake/log").glob("*.log"):
        said = log.read_text(errors="replace")
        if f" log: {PATHVARS['logs']}/" in said:
            runs.update(re.findall(r"^SLURM run ID: (\S+)$", said, re.MULTILINE))
    queue = subprocess.run(
        ["squeue", "--me", "--noheader", "--format=%A %j"],
        capture_output=True,
        text=True,
    ).stdout
    listed = (line.split(maxsplit=1) for line in queue.splitlines())
    return [job for job, name in listed if name in runs]


def on_slurm():
    """Whether the jobs of this run go to Slurm: others have none there that they would do again."""
    return not workflow.local_exec and not workflow.touch


# What is asked for compute_maps holds for the rules of all groups of methods.
RESOURCES = workflow.resource_settings.overwrite_resources
for GROUP in GROUPS if "compute_maps" in RESOURCES else []:
    RESOURCES.setdefault(rule_of_group(GROUP), RESOURCES["compute_maps"])


onstart:
    lock_results()
    require_lock()
    selections.write(list(SELECTIONS.values()), RECORDED)
    if not workflow.touch:
        remove_leftovers()
    if on_slurm() and (orphans := orphaned_jobs()):
        logger.info(
            f"Cancelling the jobs that an earlier run left in the queue: {' '.join(orphans)}"
        )
        subprocess.run(["scancel", *orphans])


# What the kernel kills for want of memory says nothing of it.
KILLED = re.compile(r"SIGKILL|signal 9\b|exit (?:code|status) (?:137|-9)\b")


onerror:
    files = [log] if isinstance(log, str) else log  # a list in later Snakemakes
    printed = "".join(Path(file).read_text("utf-8", errors="replace") for file in files)
    if KILLED.search(printed):
        logger.error(
            "A job was killed from outside (SIGKILL). Most often the machine had too little memory "
            "for the jobs at work: run fewer at a time (--cores), or choose smaller sizes. On a "
            "cluster, ask for more (--set-resources compute_maps:mem_mb=8000). Then rerun: what is "
            "finished is kept."
        )
