# What a run prints: a line for every step that is done, the time left, and at the end the result and
# where to look. Snakemake's log file keeps all that Snakemake has to print, and so does the screen of
# a dry run, and of a run with --verbose. Whatever fails here falls back to Snakemake's own output.
import logging

from lookwhere.io import console

# Seconds of work of a step on one core, by the first word of its rule, as in the default study.
USUAL_SECONDS = {"plot": 9, "make": 4, "build": 5, "render": 4, "check": 4}


def expected_seconds(name, wildcards):
    """About what a job takes: maps by what their net costs, everything else next to nothing."""
    samples = len(CLASSES) * config["images_per_class"] / SHARDS
    if name == "compute_maps":
        return 5 + samples * (0.1 + 0.15 * operations(wildcards["net"], wildcards["size"]))
    if name == "score_maps":
        return 2 + samples * 0.05
    return USUAL_SECONDS.get(name.split("_")[0], 2)


def steps_to_do():
    """The jobs of this run, by their ids."""
    return {
        workflow.dag.jobid(job): console.Step(
            job.rule.name,
            dict(job.wildcards_dict),
            expected_seconds(job.rule.name, job.wildcards_dict) if job.log else 0,
        )
        for job in workflow.dag.needrun_jobs()
    }


def files_made():
    return {str(file) for job in workflow.dag.jobs for file in job.output}


def report_command():
    studies = workflow.config_settings.configfiles
    if not studies:
        return f"make report, or snakemake --report {RESULTS / 'report.html'}"
    names = " ".join(os.path.relpath(file) for file in studies)
    return f"snakemake --report {RESULTS / 'report.html'} --configfile {names}"


def where_to_look():
    arrays = "saliency" if KEEP_MAPS else "showcase"
    return "\n".join(console.places(RESULTS, files_made(), arrays, report_command()))


def result():
    """The table of concentration in short, if this run is about it; and where to look."""
    page = RESULTS / "tables" / "concentration.md"
    table = []
    if str(page) in files_made() and page.exists():
        table = console.short_table(page.read_text("utf-8"))
    return "\n".join(["", *table, *([""] if table else []), where_to_look()])


def up_to_date():
    return f"Nothing to be done: these results are up to date.\n\n{where_to_look()}"


def shorten_output():
    """Print words on the screen of the run that the user started; None where all is printed."""
    imported = Path(str(workflow.current_basedir)).parents[1] != Path(workflow.basedir)
    settings = workflow.output_settings
    in_full = settings.verbose or settings.debug_dag or settings.dryrun
    if imported or in_full or not workflow.is_main_process:
        return None
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            continue
        if isinstance(handler, logging.StreamHandler):
            words = console.Console(
                handler.formatter, steps_to_do, up_to_date, lambda: not workflow.touch
            )
            handler.setFormatter(words)
            handler.addFilter(words)
            return words
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
