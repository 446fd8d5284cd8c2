# Screen output of a run: a line for every finished step, the time left, and at the end the result and
# its location. Snakemake's own output is in its log file, and on the screen of a dry run and with
# --verbose. Any failure here falls back to it.
import logging

from lookwhere.datasets import overview
from lookwhere.io import console

DATASET_TABLES = ("classes", "samples")

# Seconds of work of a step on one core, by the first word of its rule, as in the default study.
USUAL_SECONDS = {"plot": 9, "make": 4, "build": 5, "render": 4, "check": 4}


SAMPLES = sum(IMAGES_BY_CLASS.values())


def expected_seconds(name, wildcards):
    """The approximate time of a job: maps by the cost of their net, other jobs a few seconds."""
    samples = SAMPLES / sum(map(len, SHARDS.values()))
    if name.startswith("compute_maps") or name == "compute_rivals":
        return 5 + samples * (0.1 + 0.15 * operations(wildcards["net"], wildcards["size"]))
    if name == "compute_cascade":
        explained = STUDY.cascade.explained(len(CLASSES))
        return 5 + explained * (0.1 + 0.15 * operations(wildcards["net"], wildcards["size"]))
    if name == "score_faithfulness":  # about 33 forward passes a map
        maps = samples * len(GROUPS[wildcards["group"]])
        return 5 + maps * operations(wildcards["net"], wildcards["size"])
    if name.startswith("score_"):
        return 2 + samples * 0.05
    return USUAL_SECONDS.get(name.split("_")[0], 2)


def part(name, wildcards):
    """Yield the parts of the study that a job covers, where there are several."""
    group = wildcards.get("group", re.sub("^(compute|import)_maps_?", "", name))
    if group in GROUPS and len(GROUPS) > 1:
        yield group
    selection = wildcards.get("selection")
    if selection is not None and len(SELECTIONS) > 1:
        yield f"selection {selection}"
    if "shard" in wildcards and len(SHARDS[selection]) > 1:
        yield f"shard {wildcards['shard']} of {len(SHARDS[selection])}"


def step_of(job):
    name, wildcards = job.rule.name, dict(job.wildcards_dict)
    of_maps = {
        rule_of_group(group, rule): rule
        for rule in ("compute_maps", "import_maps")
        for group in GROUPS
    }
    return console.Step(
        of_maps.get(name, name),
        wildcards,
        expected_seconds(name, wildcards) if job.log else 0,
        tuple(part(name, wildcards)),
    )


def steps_to_do():
    """The jobs of this run, by their ids."""
    return {workflow.dag.jobid(job): step_of(job) for job in workflow.dag.needrun_jobs()}


def output_files():
    return {str(file) for job in workflow.dag.jobs for file in job.output}


def report_command():
    studies = workflow.config_settings.configfiles
    if not studies:
        return f"make report, or snakemake --report {RESULTS / 'report.html'}"
    names = " ".join(os.path.relpath(file) for file in studies)
    return f"snakemake --report {RESULTS / 'report.html'} --configfile {names}"


def requested_files():
    """The files that the command line names, where it names no rule."""
    return [] if workflow.dag.targetrules else sorted(map(str, workflow.dag.targetfiles))


def locations():
    if files := requested_files():
        return "\n".join(console.requested(files))
    arrays = "saliency" if STUDY.keep_maps else "showcase"
    return "\n".join(console.locations(RESULTS, output_files(), arrays, report_command()))


def table_of_dataset():
    """The overview of the data set, and what is left out, if this run lists it and scores no maps."""
    files, outputs = [RESULTS / f"dataset/{table}.csv" for table in DATASET_TABLES], output_files()
    if str(RESULTS / "energy.parquet") in outputs or not {str(f) for f in files} <= outputs:
        return []
    classes, samples = map(results.read_rows, files)
    rows = overview.overview(classes, samples)
    lines = console.aligned([list(rows[0]), *(list(row.values()) for row in rows)])
    return lines + overview.notes(classes)


def result():
    """The short table of concentration or of the data set, if this run makes it, and locations."""
    page = RESULTS / "tables" / "concentration.md"
    table = table_of_dataset()
    if str(page) in output_files() and page.exists():
        table = console.short_table(page.read_text("utf-8"))
    return "\n".join(["", *table, *([""] if table else []), locations()])


def up_to_date():
    table = table_of_dataset()
    lines = [*table, *([""] if table else []), locations()]
    return "\n".join(["Nothing to be done: these results are up to date.", "", *lines])


def shorten_output():
    """Install the console on the screen of the user's run; None if the full output is shown."""
    imported = Path(str(workflow.current_basedir)).parents[1] != Path(workflow.basedir)
    settings = workflow.output_settings
    in_full = settings.verbose or settings.debug_dag or settings.dryrun
    if imported or in_full or not workflow.is_main_process:
        return None
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            continue
        if isinstance(handler, logging.StreamHandler):
            formatter = console.Console(
                handler.formatter, steps_to_do, up_to_date, lambda: not workflow.touch
            )
            handler.setFormatter(formatter)
            handler.addFilter(formatter)
            return formatter
    return None


try:
    CONSOLE = shorten_output()
except Exception as error:
    logger.debug(f"The output is not shortened: {error!r}")
    CONSOLE = None


onsuccess:
    if workflow.is_main_process and not workflow.touch:
        try:
            logger.info(f"{CONSOLE.summary() if CONSOLE else 'Done'}\n{result()}")
        except Exception as error:
            logger.debug(f"The result is not shown: {error!r}")
