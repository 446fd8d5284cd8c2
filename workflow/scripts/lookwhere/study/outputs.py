"""The figures and tables that a study has: they follow from what is declared and from the study."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookwhere.declarations import SCRIPTS, Declaration
from lookwhere.errors import StudyError, hint

# What an entry may need: of which list of the study there must be at least how many.
CONDITIONS = {
    "several methods": ("methods", 2),
    "three methods": ("methods", 3),
    "several sizes": ("sizes_of_a_net", 2),
    "trained nets": ("trained_nets", 1),
    "predictions": ("predicting_nets", 1),
    "rivals": ("rivals", 1),
    "other class": ("nets_of_other_class", 1),
    "cascade": ("cascaded_nets", 1),
    "evidence": ("further_evidence", 1),
    "faithfulness": ("metrics_of_passes", 1),
    "contrast": ("contrasts", 1),  # of faithfulness, with a level of chance
    "nets of known reason": ("reasons", 1),
    "honest and cheating nets": ("conducts", 2),
}


TAKEN = ("comparison",)  # figures that rules of their own draw


@dataclass(frozen=True)
class Output:
    """A figure or table of a study."""

    entry: Declaration
    label: str
    options: dict[str, Any]  # of the study, that its function takes


def chosen(entries: Mapping[str, Declaration], names: Sequence[str]) -> dict[str, Declaration]:
    """The entries of the ``names`` that a study lists; all of the library where it lists none."""
    if names:
        return {name: entries[name] for name in names}
    return {name: entry for name, entry in entries.items() if SCRIPTS in entry.file.parents}


def of_study(entries: Mapping[str, Declaration], study: Mapping[str, Any]) -> dict[str, Output]:
    """The figures or tables of a study, by name.

    Parameters
    ----------
    entries
        What may be drawn or listed.
    study
        The lists of ``CONDITIONS``, and settings that an entry takes.

    Raises
    ------
    StudyError
        If an entry has a name that is no name of a file, or needs what is no condition.
    """
    return {
        name: output
        for entry in entries.values()
        if all(_holds(condition, entry, study) for condition in entry.options.get("needs", ()))
        for name, output in _expanded(entry, study)
    }


def leftovers(
    folder: Path, names: Iterable[str], formats: Iterable[str], kept: Collection[str]
) -> list[Path]:
    """Files of an earlier study in the ``folder``: of one of the ``names``, that may hold ``*``.

    Nothing stands beside a study that is not of it: the study has the names in ``kept``.
    """
    patterns = [f"{name}.{suffix}" for name in names for suffix in formats]
    found = {file for pattern in patterns for file in folder.glob(pattern)}
    return sorted(file for file in found if file.stem not in kept)


def patterns(entries: Mapping[str, Declaration]) -> list[str]:
    """The names of all that is declared, with ``*`` for each size or other item of a list."""
    return [f"{e.name}_*" if "each" in e.options else e.name for e in entries.values()]


def _expanded(entry: Declaration, study: Mapping[str, Any]) -> Iterator[tuple[str, Output]]:
    """The outputs of an entry: one, or one of ``each`` size or other item of a list."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry.name):
        raise StudyError(
            f"{entry.kind} {entry.name!r} of {str(entry.file)!r} is no name of a file: give it one "
            "of small letters, digits and _"
        )
    if entry.name in TAKEN:
        raise StudyError(
            f"{entry.kind} {entry.name!r} of {str(entry.file)!r} has the name of a figure that the "
            "workflow draws: give it another"
        )
    settings = {name: _setting(name, entry, study) for name in entry.options.get("options", ())}
    if (each := entry.options.get("each")) is None:
        yield entry.name, Output(entry, entry.label, settings)
        return
    for item in _setting(f"{each}s", entry, study):
        options = {each: item, **settings}
        yield f"{entry.name}_{item}", Output(entry, entry.label.format(**options), options)


def _setting(key: str, entry: Declaration, study: Mapping[str, Any]) -> Any:
    if key not in study:
        raise StudyError(
            f"{entry.kind} {entry.name!r} takes {key!r}, which no study has; {hint(key, study)}"
        )
    return study[key]


def _holds(condition: str, entry: Declaration, study: Mapping[str, Any]) -> bool:
    if condition not in CONDITIONS:
        raise StudyError(
            f"{entry.kind} {entry.name!r} needs {condition!r}, which is no condition; "
            f"{hint(condition, CONDITIONS)}"
        )
    key, least = CONDITIONS[condition]
    return len(study[key]) >= least
