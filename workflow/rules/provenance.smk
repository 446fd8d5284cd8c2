# What results are made of. Every rule has a note of its settings as an input: a small file below the
# results, named by a hash of its content. Scripts read their settings from it. Each rule's notes have
# a folder of their own, since Snakemake looks into a folder once and takes later files for missing.
import fcntl
import socket
from importlib.metadata import distributions

DIGESTS = receipts.Digests()


def is_run():
    """Whether jobs are about to run: no dry run, nor a look at the workflow."""
    return workflow.executor_plugin is not None and not workflow.dryrun


def noted(name, /, folder=RESULTS, **settings):
    """The note of a rule's settings, as an input. What can be called is given the wildcards.

    Where no jobs run it is not written, and something that is not in the results stands for it.
    """

    def note(wildcards):
        values = {
            key: value(wildcards) if callable(value) else value for key, value in settings.items()
        }
        DIGESTS.save()
        notes = folder / provenance.FOLDER / name.format(**wildcards)
        if is_run():
            try:
                for own in STUDY_FOLDERS.values():
                    provenance.mark(Path(own))
                return str(provenance.note(notes, values))
            except OSError:
                pass  # the jobs can't write there either, and say so
        if provenance.note_path(notes, values).exists():
            return str(provenance.note_path(notes, values))
        return str(provenance.note(Path(workflow.snakemake_tmp_dir, notes.name), values))

    return note


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
        for key, path in configuration.given_paths(config).items()
        for folder in map(Path, sorted(made))
        if folder.resolve() in (Path(path).resolve(), *Path(path).resolve().parents)
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
    for pattern in SOMETIMES:
        for file in RESULTS.glob(pattern):
            if file.relative_to(RESULTS).as_posix() not in PRESENT:
                file.unlink()


LOCK = None  # open as long as this run lives


def lock_results():
    """One run at a time in a folder of results, whatever folder it was started in.

    Snakemake's own lock is of the folder in which it runs, and goes with the first run that ends.
    """
    global LOCK
    RESULTS.mkdir(parents=True, exist_ok=True)
    LOCK = open(RESULTS / ".lock", "a+", encoding="utf-8")
    try:
        fcntl.flock(LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        LOCK.seek(0)
        raise WorkflowError(
            f"Another run is at work in the results '{RESULTS}' ({LOCK.read().strip()}): wait "
            "until it ends, or give this study another folder (pathvars.results)."
        )
    except OSError as error:
        logger.warning(f"'{RESULTS}' can't be locked ({error}): start no second run in it.")
    LOCK.truncate(0)
    LOCK.write(f"process {os.getpid()} on {socket.gethostname()}, started in {Path.cwd()}")
    LOCK.flush()
