# What results are made of. Notes of settings are inputs of the rules: small files below the results,
# named by a hash of their content. Scripts read their settings from them. The notes of each rule have
# a folder of their own, since Snakemake looks into a folder once and takes later files for missing.
import fcntl
import socket
from importlib.metadata import distributions

DIGESTS = receipts.Digests()


def is_run():
    """Whether jobs are about to run: no dry run, nor a look at the workflow."""
    return workflow.executor_plugin is not None and not workflow.dryrun


LOCK = None  # open as long as this run lives
HOLDER = None  # who else is at work in the results


def lock_results():
    """One run at a time in a folder of results, whatever folder it was started in.

    Snakemake's own lock is of the folder in which it runs, and goes with the first run that ends.
    """
    global LOCK, HOLDER
    if LOCK is not None or not workflow.is_main_process:
        return
    for own in STUDY_FOLDERS.values():
        provenance.mark(Path(own))
    LOCK = open(RESULTS / ".study.lock", "a+", encoding="utf-8")
    try:
        fcntl.flock(LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        LOCK.seek(0)
        HOLDER = LOCK.read().strip()
        return
    except OSError as error:
        logger.warning(f"'{RESULTS}' can't be locked ({error}): start no second run in it.")
    LOCK.truncate(0)
    LOCK.write(f"process {os.getpid()} on {socket.gethostname()}, started in {Path.cwd()}")
    LOCK.flush()


def require_lock():
    """End the run if another is at work in its results."""
    if HOLDER is not None:
        raise WorkflowError(
            f"Another run is at work in the results '{RESULTS}' ({HOLDER}): wait until it ends, "
            "or give this study another folder (pathvars.results)."
        )


def noted(name, /, folder=RESULTS, makes=None, **settings):
    """The note of a rule's settings, as an input. What can be called is given the wildcards.

    ``makes`` is a result of the rule: where that is of another note, this one is younger. Where no
    jobs run nothing is written, and something that is not in the results stands for the note.
    """

    def note(wildcards):
        values = {
            key: value(wildcards) if callable(value) else value for key, value in settings.items()
        }
        DIGESTS.save()
        notes = folder / provenance.FOLDER / name.format(**wildcards)
        path = writable_note(notes, values)
        if makes is not None:
            results.outdate(RESULTS / makes.format(**wildcards), path)
        return str(path)

    return note


def writable_note(notes, values):
    if is_run():
        try:
            lock_results()
            if HOLDER is None:
                return provenance.note(notes, values)
        except OSError:
            pass  # the jobs can't write there either, and say so
    present = provenance.note_path(notes, values)
    if present.exists():
        return present
    return provenance.note(Path(workflow.snakemake_tmp_dir, notes.name), values)


def found(receipt, folder=""):
    """Whether the files of a receipt are as it lists them, as a setting of the rule that makes it."""
    return lambda wildcards: receipts.found(
        Path(receipt.format(results=RESULTS, **wildcards)), Path(folder), DIGESTS
    )


def check_outputs():
    """Refuse a study whose results would take the place of a file of the user's."""
    outputs = {Path(file) for rule in workflow.rules for file in rule.output}
    made = {
        RESULTS / file.relative_to(RESULTS).parts[0] for file in outputs if RESULTS in file.parents
    }
    faults = [
        f"{key}: {path!r} lies in {str(folder)!r}, which the study makes itself; keep it elsewhere"
        for key, path in STUDY.paths.items()
        for folder in map(Path, sorted(made))
        if folder.resolve() in (Path(path).resolve(), *Path(path).resolve().parents)
    ]
    if SAMPLE.items() & config["dataset"].items():
        faults += [
            f"dataset: {str(file)!r} is not as the workflow drew it, and would be drawn anew; move "
            "it away (for images of your own give paths of your own)"
            for path in SAMPLE.values()
            for file in results.foreign_files(Path(path))[:3]
        ]
    if faults:
        raise WorkflowError(enumerate_errors("The configuration can't be used:", faults))


def installed_versions(wildcards):
    """The versions of the packages of requirements.txt that are installed here."""
    pins = re.findall(r"^([\w-]+)==", (HOUSE / "requirements.txt").read_text("utf-8"), re.M)
    found = {package: list(distributions(name=package)) for package in pins}
    return {package: known[0].version for package, known in found.items() if known}


def remove_leftovers():
    """Remove tables and figures of an earlier study of these results that this one has not."""
    tables = outputs.patterns(TABLE_ENTRIES)
    figures = [*outputs.patterns(CHART_ENTRIES), *chart_registry.FORMER]
    for file in [
        *outputs.leftovers(RESULTS / "tables", tables, TABLE_FORMATS, TABLES),
        *outputs.leftovers(RESULTS / "figures", figures, FIGURE_FORMATS, FIGURES),
    ]:
        file.unlink()
