# Settings of results. Notes of settings are inputs of the rules: small files below the results, named
# by a hash of their content, from which scripts read their settings. Each rule has a folder of notes,
# since Snakemake lists a folder once and takes later files for missing.
import fcntl
import socket
from importlib.metadata import distributions

from lookwhere.charts.registry import FORMER as FORMER_FIGURES

DIGESTS = receipts.Digests()


def is_run():
    """Whether this invocation runs jobs: no dry run, no inspection of the workflow."""
    return workflow.executor_plugin is not None and not workflow.dryrun


LOCK = None  # the lock file, open until this run ends
HOLDER = None  # the description of another run in the results


def lock_results():
    """Lock the results for this run, whatever its working directory.

    Snakemake's own lock is for the working directory, and the first run that ends removes it.
    """
    global LOCK, HOLDER
    if LOCK is not None or not workflow.is_main_process:
        return
    for folder in STUDY_FOLDERS.values():
        provenance.mark(Path(folder))
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
    """Raise WorkflowError if another run holds the lock."""
    if HOLDER is not None:
        raise WorkflowError(
            f"Another run writes to the results '{RESULTS}' ({HOLDER}): wait until it ends, "
            "or give this study another folder (pathvars.results)."
        )


def noted(name, /, folder=RESULTS, makes=None, **settings):
    """The note of a rule's settings, as an input. Callable settings receive the wildcards.

    ``makes`` is a result of the rule: the note becomes newer than a result of another note. If no
    jobs run, nothing is written to the results, and a temporary file stands in for the note.
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
            pass  # the jobs can't write there either, and report it
    present = provenance.note_path(notes, values)
    if present.exists():
        return present
    return provenance.note(Path(workflow.snakemake_tmp_dir, notes.name), values)


def fingerprint_of(receipt, folder=""):
    """The fingerprint of the files of a receipt, as a setting of the rule that writes it."""
    return lambda wildcards: receipts.fingerprint(
        Path(receipt.format(results=RESULTS, **wildcards)), Path(folder), DIGESTS
    )


def check_outputs():
    """Raise WorkflowError for a study whose results would replace a file of the user."""
    outputs = {Path(file) for rule in workflow.rules for file in rule.output}
    folders = {
        RESULTS / file.relative_to(RESULTS).parts[0] for file in outputs if RESULTS in file.parents
    }
    faults = [
        f"{key}: {path!r} lies in {str(folder)!r}, which the study writes; keep it elsewhere"
        for key, path in STUDY.paths.items()
        for folder in map(Path, sorted(folders))
        if folder.resolve() in (Path(path).resolve(), *Path(path).resolve().parents)
    ]
    if SAMPLE.items() & config["dataset"].items():
        faults += [
            f"dataset: {str(file)!r} is not as the workflow drew it, and would be redrawn; move it "
            "away (your own images need paths of their own)"
            for path in SAMPLE.values()
            for file in results.foreign_files(Path(path))[:3]
        ]
    if faults:
        raise WorkflowError(enumerate_errors("The configuration can't be used:", faults))


def installed_versions(wildcards):
    """The installed versions of the packages of requirements.txt."""
    pins = re.findall(r"^([\w-]+)==", (HOUSE / "requirements.txt").read_text("utf-8"), re.M)
    installed = {package: list(distributions(name=package)) for package in pins}
    return {package: copies[0].version for package, copies in installed.items() if copies}


def earlier_charts():
    """The figures that notes of this study, and of the one before it, list."""
    for note in (RESULTS / provenance.FOLDER / "plot_charts").glob("*.json"):
        try:
            yield from provenance.read(note)["charts"]
        except (StudyError, KeyError):
            continue  # damaged, or of an earlier version


def remove_leftovers():
    """Remove tables and figures of an earlier study in these results that this one lacks."""
    tables = outputs.patterns(DECLARED["tables"])
    figures = [*outputs.patterns(DECLARED["charts"]), *FORMER_FIGURES, *earlier_charts()]
    for file in [
        *outputs.leftovers(RESULTS / "tables", tables, TABLE_FORMATS, TABLES),
        *outputs.leftovers(RESULTS / "figures", figures, FIGURE_FORMATS, FIGURES),
    ]:
        file.unlink()
