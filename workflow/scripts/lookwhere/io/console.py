"""Screen output of a run: a line for every finished step, and the result at the end.

The records are those of Snakemake's logger, whose log file keeps them in full. This module imports
no Snakemake: it recognises events by name.
"""

import logging
import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The subject and the verb of a step, by rule.
STEPS = {
    "draw_sample": ("sample", "drawn"),
    "select_subset": ("samples", "selected"),
    "dilate_masks": ("masks", "dilated"),
    "list_classes": ("classes of the annotations", "listed"),
    "list_samples": ("samples", "listed"),
    "show_dataset": ("contact sheet", "drawn"),
    "score_controls": ("controls at {size}", "scored"),
    "choose_showcase": ("showcase", "chosen"),
    "check_nets": ("nets", "checked"),
    "check_memory": ("memory", "checked"),
    "check_recognition": ("recognition of the classes", "checked"),
    "fetch_weights": ("weights {weights} of {architecture}", "fetched"),
    "fetch_annotations": ("annotations", "fetched"),
    "fetch_images": ("images", "fetched"),
    "compute_maps": ("maps of {net} at {size}", "computed"),
    "import_maps": ("maps of {net} at {size}", "read"),
    "score_maps": ("maps of {net} at {size}", "scored"),
    "select_others": ("other classes", "selected"),
    "compute_rivals": ("{rival} of {net} at {size}", "computed"),
    "reduce_maps": ("maps of {net} at {size}", "reduced"),
    "score_means": ("mean maps of {net} at {size}", "scored"),
    "gather_rivals": ("rivals", "gathered"),
    "compute_cascade": ("cascade of {net} at {size}", "computed"),
    "gather_cascade": ("cascades", "gathered"),
    "score_faithfulness": ("{metric} of {net} at {size}", "scored"),
    "gather_scores": ("scores", "gathered"),
    "render_maps": ("pictures of maps", "drawn"),
    "build_gallery": ("gallery", "built"),
    "make_tables": ("tables", "written"),
    "plot_charts": ("figures", "drawn"),
    "plot_comparison": ("figure comparison", "drawn"),
    "describe_study": ("settings and software", "recorded"),
}

LONG = 60  # seconds, from which the start of a step is also printed
MAX_FILES = 3  # of a list in an error

# Output of Snakemake about itself, and about the files of the jobs that it starts.
DROPPED_EVENTS = {"workflow_started", "job_info", "group_info", "resources_info"}
DROPPED_MESSAGES = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Using shell:",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Select jobs to execute",
)
LAST_MESSAGES = ("Complete log(s):", "Elapsed time:")  # kept if a run fails


@dataclass(frozen=True)
class Step:
    """A job, and its expected seconds, of which the proportions matter.

    Targets such as ``all`` take none, and have no line.
    """

    rule: str
    wildcards: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1
    parts: tuple[str, ...] = ()  # of the study, in words

    @property
    def kind(self) -> str:
        """Steps of a kind share a factor between their expected and their true time."""
        return self.rule.split("_")[0]


def subject(step: Step) -> str:
    """The subject of a step.

    >>> subject(Step("compute_maps", {"net": "vgg19", "size": "224"}, parts=("shard 1 of 2",)))
    'maps of vgg19 at 224 (shard 1 of 2)'
    >>> subject(Step("plot_charts"))
    'figures'
    """
    return _subject_and_verb(step)[0]


def sentence(step: Step) -> str:
    """The line of a finished step.

    >>> sentence(Step("score_maps", {"net": "vgg19", "size": "original"}))
    'maps of vgg19 at original scored'
    """
    return " ".join(_subject_and_verb(step))


def _subject_and_verb(step: Step) -> tuple[str, str]:
    notes = list(step.parts)
    if step.rule in STEPS:
        pattern, verb = STEPS[step.rule]
        text = pattern.format_map(step.wildcards)
    else:  # an unknown rule
        text, verb = step.rule.replace("_", " "), "done"
        notes = [f"{name} {value}" for name, value in step.wildcards.items()]
    return text + (f" ({', '.join(notes)})" if notes else ""), verb


def time_left(seconds: float) -> str:
    """An estimate in words, rounded to its precision.

    >>> time_left(37), time_left(130), time_left(9000)
    ('about 40 s left', 'about 2 minutes left', 'about 2.5 hours left')
    """
    if seconds < 10:
        return "a few seconds left"
    if seconds <= 50:
        return f"about {math.ceil(seconds / 10) * 10} s left"
    if seconds < 90:
        return "about 1 minute left"
    minutes = seconds / 60
    if minutes < 10:
        return f"about {minutes:.0f} minutes left"
    if minutes < 57.5:
        return f"about {5 * round(minutes / 5)} minutes left"
    hours = round(2 * minutes / 60) / 2
    if hours == 1:
        return "about 1 hour left"
    if hours <= 48:
        return f"about {hours if hours < 10 else round(hours):g} hours left"
    return f"about {hours / 24:.0f} days left"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(9), duration(69), duration(7500)
    ('9 s', '1 min 9 s', '2 h 5 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Estimate:
    """The time left, estimated from the finished steps and those to do.

    The finished steps of a kind give its slowness (true by expected time); the time spent in steps
    gives the number of steps that run side by side.
    """

    def __init__(self, steps: Mapping[Any, Step], start: float) -> None:
        self.steps, self.start = dict(steps), start
        self.started: dict[Any, float] = {}
        self.took: dict[Any, float] = {}

    def begin(self, key: Any, now: float) -> None:
        self.started[key] = now  # overwritten by a retry

    def end(self, key: Any, now: float) -> None:
        self.took[key] = now - self.started.get(key, now)

    def expected(self, key: Any) -> float:
        """The estimated seconds of a step."""
        return self.steps[key].seconds * self._slowness()[self.steps[key].kind]

    def _slowness(self) -> Mapping[str, float]:
        """By kind: true seconds for an expected one."""
        took: dict[str, float] = defaultdict(float)
        planned: dict[str, float] = defaultdict(float)
        for key in self.took.keys() & self.steps.keys():
            took[self.steps[key].kind] += self.took[key]
            planned[self.steps[key].kind] += self.steps[key].seconds
        mean = sum(took.values()) / sum(planned.values()) if planned else 1.0
        slowness: dict[str, float] = defaultdict(lambda: mean)
        slowness.update({kind: took[kind] / planned[kind] for kind in planned})
        return slowness

    def seconds_left(self, now: float) -> float | None:
        """None until the finished steps are representative.

        That is, until one of the kind with most work is among them, or they are a tenth of all.
        """
        work: dict[str, float] = defaultdict(float)
        for step in self.steps.values():
            work[step.kind] += step.seconds
        done = [self.steps[key] for key in self.took.keys() & self.steps.keys()]
        if not done or now <= self.start:
            return None
        most = max(work, key=work.__getitem__)
        tenth = sum(work.values()) / 10
        if all(step.kind != most for step in done) and sum(step.seconds for step in done) < tenth:
            return None
        slowness = self._slowness()
        left, at_work = 0.0, sum(self.took.values())
        for key in self.steps.keys() - self.took.keys():
            so_far = now - self.started.get(key, now)
            left += max(self.steps[key].seconds * slowness[self.steps[key].kind] - so_far, 0)
            at_work += so_far
        side_by_side = max(at_work / (now - self.start), 1)
        return left / side_by_side


class Console(logging.Formatter):
    """Formatter and filter of Snakemake's screen handler, for a run with jobs.

    After an unexpected record everything is formatted by ``full``, Snakemake's own formatter.
    ``steps`` and ``up_to_date`` are called once the jobs are planned: the jobs to do, by id, and
    the text to print if there are none.
    """

    def __init__(
        self,
        full: logging.Formatter,
        steps: Callable[[], Mapping[Any, Step]],
        up_to_date: Callable[[], str],
        applies: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self.full, self.steps, self.up_to_date, self.applies = full, steps, up_to_date, applies
        self.estimate = Estimate({}, time.time())
        self.finished: list[str] = []  # since the last count of steps
        self.failures: dict[Any, str] = {}  # by job, until a retry succeeds
        self.done = 0
        self.succeeded = self.broken = False

    def summary(self) -> str:
        """The last line of a successful run: its steps and its time.

        >>> Console(logging.Formatter(), dict, str).summary()
        'Done in 0 s'
        """
        self.succeeded = True
        steps = f": {counted(self.done)}" if self.done else ""  # not counted with --quiet
        return f"Done{steps} in {duration(time.time() - self.estimate.start)}"

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is printed."""
        if self.broken or record.levelno > logging.INFO or not self.applies():
            return True
        text = str(record.msg)
        return not (
            getattr(record, "event", None) in DROPPED_EVENTS
            or text.startswith(DROPPED_MESSAGES)
            or (self.succeeded and text.startswith(LAST_MESSAGES))
        )

    def format(self, record: logging.LogRecord) -> str:
        """The text of the record; an empty one is not printed."""
        if not self.broken and self.applies():
            try:
                return self._text(record)
            except Exception:
                self.broken = True
        return self.full.format(record)

    def _text(self, record: logging.LogRecord) -> str:
        kind, now, values = getattr(record, "event", None), record.created, vars(record)
        if kind == "run_info":
            self.estimate = Estimate(self.steps(), now)
            return plan(self.estimate.steps.values())
        if kind == "job_started":
            return "\n".join(self._begin(key, now) for key in values["jobs"]).strip()
        if kind == "job_finished":
            self.estimate.end(values["job_id"], now)
            self.failures.pop(values["job_id"], None)
            step = self.estimate.steps[values["job_id"]]
            self.finished += [sentence(step)] if step.seconds else []
            return ""
        if kind == "progress":
            return self._progress(values["done"], values["total"], now)
        if kind == "job_error":
            self.failures[values["jobid"]] = self._failure(values)
            lists = {key: shortened(values[key]) for key in ("input", "output")}
            return self.full.format(logging.makeLogRecord({**values, **lists}))
        text = str(record.msg)
        if text.startswith("Nothing to be done"):
            return self.up_to_date()
        if text.startswith("Removing output files of failed job"):
            return text.partition("\n")[0].rstrip(":")
        if text.startswith("Exiting because a job execution failed"):
            return "\n".join([self.full.format(record), *self.failures.values()])
        if match := re.match(r"Job (\d+) has been submitted with SLURM jobid (\w+)", text):
            step = self.estimate.steps[int(match[1])]
            return f"{_clock(now)} {subject(step)}: submitted as Slurm's job {match[2]}"
        return self.full.format(record)

    def _begin(self, key: Any, now: float) -> str:
        self.estimate.begin(key, now)
        if key not in self.estimate.steps or self.estimate.expected(key) < LONG:
            return ""
        return f"{_clock(now)} {subject(self.estimate.steps[key])}: started"

    def _progress(self, done: int, total: int, now: float) -> str:
        self.done = done
        lines, self.finished = self.finished, []
        if not lines:
            return ""
        count = f"{done} of {total} steps"
        seconds = self.estimate.seconds_left(now) if done < total else None
        if seconds is not None:
            count += f", {time_left(seconds)}"
        return f"{_clock(now)} {', '.join(lines)}; {count}"

    def _failure(self, values: Mapping[str, Any]) -> str:
        """The summary of a failed job: its subject, error message and log file."""
        step, rule = self.estimate.steps.get(values["jobid"]), values["rule_name"]
        lines = [f"Failed: {subject(step)} (rule {rule})" if step else f"Failed: rule {rule}"]
        for log in values["log"]:
            lines += [*(f"  {line}" for line in error_lines(Path(log))), f"  log: {log}"]
        return "\n".join(lines)


def _clock(now: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(now))  # as in the jobs' logs


def plan(steps: Iterable[Step]) -> str:
    """The first line of a run.

    >>> plan([Step("plot_charts"), Step("figures")])
    'To do: 2 steps (in full: .snakemake/log, or snakemake --verbose)'
    """
    rules = [step.rule for step in steps]
    maps = rules.count("compute_maps")
    of_maps = f", {maps} of them maps of a net at a size" if maps else ""
    in_full = "in full: .snakemake/log, or snakemake --verbose"
    return f"To do: {counted(len(rules))}{of_maps} ({in_full})"


def counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def shortened(files: Sequence[str], most: int = MAX_FILES) -> list[str]:
    """The first files of a list, and the number of the others.

    >>> shortened(["a", "b", "c", "d"], most=2)
    ['a', 'b', 'and 2 more']
    """
    if len(files) <= most + 1:
        return list(files)
    return [*files[:most], f"and {len(files) - most} more"]


def error_lines(log: Path, most: int = 8) -> list[str]:
    """The error message in a job's log, else its last line, if it has any."""
    try:
        lines = log.read_text("utf-8", errors="replace").rstrip().split("\n")
    except OSError:
        return []
    errors = [at for at, line in enumerate(lines) if re.match(r"\d\d:\d\d:\d\d Error: ", line)]
    ending = lines[errors[-1] :] if errors else lines[-1:]
    return [line[:500] for line in ending[:most] if line]


def short_table(
    markdown: str, columns: Sequence[str] = ("method", "n", "images", "mean", "95 % CI", "lift")
) -> list[str]:
    """Some columns of a Markdown table, aligned; none if it lacks one of them.

    >>> short_table("| net | sum | mean |\\n|:--|--:|--:|\\n| vgg19 | 3 | 0.5 |", ["net", "mean"])
    ['net    mean', 'vgg19   0.5']
    """
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in markdown.splitlines()
        if line.startswith("|")
    ]
    if len(rows) < 3 or not set(columns) <= set(rows[0]):
        return []
    indices = [rows[0].index(column) for column in columns]
    cells = [[row[index] for index in indices] for row in (rows[0], *rows[2:])]
    notes = [line.replace("\\*", "*") for line in markdown.splitlines() if "*: " in line]
    return aligned(cells) + notes


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows of a table as lines: the first column to the left, the others to the right.

    >>> aligned([["class", "samples"], ["dog", "10"]])
    ['class  samples', 'dog         10']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]


def locations(results: Path, outputs: Iterable[str], arrays: str, report: str) -> list[str]:
    """The locations of the results of a run, and the command for its report.

    Parameters
    ----------
    outputs
        The files and folders of the run's jobs, also of those that ran earlier.
    arrays
        The folder of the maps that are kept.
    report
        The command that collects the whole study on one page.
    """
    parts = {Path(file).relative_to(results).parts[0] for file in outputs if _inside(file, results)}
    lines = [
        (what, str(results / where))
        for what, where in [
            ("Tables", "tables"),
            ("Figures", "figures"),
            ("Data set, in a browser", "dataset/index.html"),
            ("Contact sheet", "dataset/contact_sheet.png"),
            ("Maps, in a browser", "gallery/index.html"),
            ("Maps, as arrays", arrays),
        ]
        if where.split("/")[0] in parts and (results / where).exists()
    ]
    if "study.html" in parts and len(lines) > 1:
        lines.append(("All on one page", report))
    if not lines:
        lines = [("Results", str(results))]
    width = max(len(what) for what, _ in lines)
    return [f"{what.ljust(width)}  {where}" for what, where in lines]


def requested(files: Sequence[str]) -> list[str]:
    """The location of each file that the command line names, or of the first of many.

    >>> requested(["results/figures/lift.png"])
    ['Result  results/figures/lift.png']
    """
    return [f"Result  {file}" for file in shortened(files)]


def _inside(file: str, folder: Path) -> bool:
    return folder in Path(file).parents
