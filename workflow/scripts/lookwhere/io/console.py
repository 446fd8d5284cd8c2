"""What a run prints: a line in words for every step that is done, and at the end the result.

Snakemake's logger makes the records; its log file keeps them in full. Nothing of Snakemake is
imported here: events are known by their names.
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

# Steps whose rules' names need words of their own: what the step is about, and the verb.
STEPS = {
    "draw_sample": ("sample", "drawn"),
    "select_subset": ("samples", "selected"),
    "dilate_masks": ("masks", "dilated"),
    "list_samples": ("samples", "listed"),
    "score_controls": ("controls at {size}", "scored"),
    "choose_showcase": ("showcase", "chosen"),
    "check_nets": ("nets", "checked"),
    "fetch_weights": ("weights {weights} of {architecture}", "fetched"),
    "fetch_annotations": ("annotations", "fetched"),
    "fetch_images": ("images", "fetched"),
    "compute_maps": ("maps of {net} at {size}", "computed"),
    "score_maps": ("maps of {net} at {size}", "scored"),
    "gather_scores": ("scores", "gathered"),
    "render_maps": ("pictures of maps", "drawn"),
    "build_gallery": ("gallery", "built"),
    "make_tables": ("tables", "made"),
    "plot_charts": ("figures", "drawn"),
    "plot_comparison": ("figure comparison", "drawn"),
    "describe_study": ("settings and software", "noted"),
}

LONG = 60  # seconds: a step that is expected to take as long is also named when it starts
MOST_FILES = 3  # of a list in an error

# What Snakemake prints of itself, and of the files of the jobs that it starts.
DROPPED_EVENTS = {"workflow_started", "job_info", "group_info", "resources_info"}
DROPPED_MESSAGES = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Using shell:",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Select jobs to execute",
)
LAST_MESSAGES = ("Complete log(s):", "Elapsed time:")  # they stay where a run fails


@dataclass(frozen=True)
class Step:
    """A job, and the seconds that it is expected to take; only their proportions matter much.

    Targets such as ``all`` take none, and are no lines of their own.
    """

    rule: str
    wildcards: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1
    parts: tuple[str, ...] = ()  # which part of the study it does, in words

    @property
    def kind(self) -> str:
        """Steps of a kind take as long as expected, all by the same factor."""
        return self.rule.split("_")[0]


def subject(step: Step) -> str:
    """What a step is about.

    >>> subject(Step("compute_maps", {"net": "vgg19", "size": "224"}, parts=("shard 1 of 2",)))
    'maps of vgg19 at 224 (shard 1 of 2)'
    >>> subject(Step("plot_charts"))
    'figures'
    """
    return _words(step)[0]


def sentence(step: Step) -> str:
    """What was done.

    >>> sentence(Step("score_maps", {"net": "vgg19", "size": "original"}))
    'maps of vgg19 at original scored'
    """
    return " ".join(_words(step))


def _words(step: Step) -> tuple[str, str]:
    notes = list(step.parts)
    if step.rule in STEPS:
        pattern, verb = STEPS[step.rule]
        text = pattern.format_map(step.wildcards)
    else:  # a rule that is not known here
        text, verb = step.rule.replace("_", " "), "done"
        notes = [f"{name} {value}" for name, value in step.wildcards.items()]
    return text + (f" ({', '.join(notes)})" if notes else ""), verb


def time_left(seconds: float) -> str:
    """An estimate in words, no more exact than it is.

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
    """The time that something took.

    >>> duration(9), duration(69), duration(7500)
    ('9 s', '1 min 9 s', '2 h 5 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Estimate:
    """The time left, from the steps to do and those that are done.

    The finished steps of a kind show how much slower than expected that kind is; the time at work
    so far shows how many steps run side by side.
    """

    def __init__(self, steps: Mapping[Any, Step], start: float) -> None:
        self.steps, self.start = dict(steps), start
        self.started: dict[Any, float] = {}
        self.took: dict[Any, float] = {}

    def begin(self, key: Any, now: float) -> None:
        self.started[key] = now  # again, where a step is tried again

    def end(self, key: Any, now: float) -> None:
        self.took[key] = now - self.started.get(key, now)

    def expected(self, key: Any) -> float:
        """Seconds that a step will take."""
        return self.steps[key].seconds * self._slowness()[self.steps[key].kind]

    def _slowness(self) -> Mapping[str, float]:
        """By kind: seconds that a step took for one expected."""
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
        """None until the steps that are done say something of the others.

        Either one of them is of the kind that is most of the work, or they are a tenth of it.
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
    """Format and filter of Snakemake's handler of the screen, for a run that does something.

    Where a record is not as expected, everything is printed as ``full``, Snakemake's own formatter,
    prints it. ``steps`` and ``up_to_date`` are called once the plan is made: the jobs to do, by
    their ids, and what to print where there are none.
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
        self.failures: dict[Any, str] = {}  # by job; one that is tried again may succeed
        self.done = 0
        self.succeeded = self.broken = False

    def summary(self) -> str:
        """What was done in which time, once it is done.

        >>> Console(logging.Formatter(), dict, str).summary()
        'Done in 0 s'
        """
        self.succeeded = True
        steps = f": {counted(self.done)}" if self.done else ""  # not counted with --quiet
        return f"Done{steps} in {duration(time.time() - self.estimate.start)}"

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is printed at all."""
        if self.broken or record.levelno > logging.INFO or not self.applies():
            return True
        text = str(record.msg)
        return not (
            getattr(record, "event", None) in DROPPED_EVENTS
            or text.startswith(DROPPED_MESSAGES)
            or (self.succeeded and text.startswith(LAST_MESSAGES))
        )

    def format(self, record: logging.LogRecord) -> str:
        """The record in words; an empty text is not printed."""
        if not self.broken and self.applies():
            try:
                return self._in_words(record)
            except Exception:
                self.broken = True
        return self.full.format(record)

    def _in_words(self, record: logging.LogRecord) -> str:
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
        """A failed job, for the end of the screen: what it was about, its last words, its log."""
        step, rule = self.estimate.steps.get(values["jobid"]), values["rule_name"]
        lines = [f"Failed: {subject(step)} (rule {rule})" if step else f"Failed: rule {rule}"]
        for log in values["log"]:
            lines += [*(f"  {line}" for line in last_words(Path(log))), f"  log: {log}"]
        return "\n".join(lines)


def _clock(now: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(now))  # as the jobs' own lines begin


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


def shortened(files: Sequence[str], most: int = MOST_FILES) -> list[str]:
    """The first of a list of files, and how many more there are.

    >>> shortened(["a", "b", "c", "d"], most=2)
    ['a', 'b', 'and 2 more']
    """
    if len(files) <= most + 1:
        return list(files)
    return [*files[:most], f"and {len(files) - most} more"]


def last_words(log: Path, most: int = 8) -> list[str]:
    """How a job ended: its error message, or else the last line of its log, if it has any."""
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
    """Some columns of a table of Markdown, aligned; none where it has not all of them.

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
    places = [rows[0].index(column) for column in columns]
    shown = [[row[place] for place in places] for row in (rows[0], *rows[2:])]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in shown
    ]
    notes = [line.replace("\\*", "*") for line in markdown.splitlines() if "*: " in line]
    return lines + notes


def places(results: Path, made: Iterable[str], arrays: str, report: str) -> list[str]:
    """Where to look: the parts of the results that the run is about, and how to get its report.

    Parameters
    ----------
    made
        The files and folders that the run's jobs make, or have made earlier.
    arrays
        The folder of the maps that are kept.
    report
        The command that gathers the whole study on one page.
    """
    parts = {Path(file).relative_to(results).parts[0] for file in made if _inside(file, results)}
    lines = [
        (what, str(results / where))
        for what, where in [
            ("Tables", "tables"),
            ("Figures", "figures"),
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


def _inside(file: str, folder: Path) -> bool:
    return folder in Path(file).parents
