"""Provenance: the settings that results are made of, as notes beside them.

``provenance/RULE/HASH.json`` in the results of a study holds the settings of a rule: its part of
the configuration, and hashes of its code and of its inputs that are no results. The hash in the
name is that of the content, so other settings are another file. The rule has its note as an input
and reads its settings from it; a job that makes a result first removes the notes of other settings.
So a change is a file that is younger than the result, whether or not Snakemake remembers in
``.snakemake`` how that was made.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from lookwhere.errors import StudyError

FOLDER = "provenance"
MARKER = ".study"
MARK = (
    "Results of a study. The workflow makes, replaces and removes files in this folder: keep files "
    "of your own elsewhere.\n"
)

# The name of the note that the results of the present job are made of.
current_note: ContextVar[str | None] = ContextVar("current_note", default=None)


def foreign_content(results: Path) -> str | None:
    """The name of something in ``results`` that no study made; None if there is nothing such.

    A folder is a study's if its first run has marked it. One that is new, empty, or holds nothing
    but the folders of other studies may become one. Hidden files do not count: no job makes any.
    """
    if (results / MARKER).exists() or not (results.exists() or results.is_symlink()):
        return None
    if not results.is_dir():
        return results.name
    visible = (entry for entry in sorted(results.iterdir()) if not entry.name.startswith("."))
    return next((entry.name for entry in visible if foreign_content(entry)), None)


def mark(results: Path) -> None:
    """Make ``results`` the folder of a study."""
    results.mkdir(parents=True, exist_ok=True)
    if not (results / MARKER).exists():
        (results / MARKER).write_text(MARK, "utf-8")


def short_hash(value: Any) -> str:
    """Twelve hexadecimal digits that tell apart values of JSON."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def note_path(folder: Path, settings: Mapping[str, Any]) -> Path:
    """Where the note of these settings lies, in the ``folder`` of a rule's notes."""
    return folder / f"{short_hash(settings)}.json"


def note(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The note of these settings, written if it is not there."""
    path = note_path(folder, settings)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(settings, indent=1, ensure_ascii=False), "utf-8")
        draft.replace(path)
    return path


def read(path: Path) -> dict[str, Any]:
    """The settings of a note. Raises StudyError if it is damaged: its name is that of others."""
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        settings = None
    if not isinstance(settings, dict) or path.name != note_path(path.parent, settings).name:
        raise StudyError(
            f"settings {str(path)!r} are damaged: delete this file and rerun, which recomputes "
            "what is made of them"
        )
    return settings


def take_up(path: Path) -> dict[str, Any]:
    """The settings of a note, whose job begins: the notes of other settings are removed.

    What the job makes is of this note (``current_note``).
    """
    settings = read(path)
    for other in path.parent.glob("*.json"):
        if other != path:
            other.unlink(missing_ok=True)
    if path.stat().st_mtime > time.time():  # it was made younger than a result of the future
        os.utime(path)
    current_note.set(name_of(path))
    return settings


def name_of(note: Path) -> str:
    """What results call the note that they are made of."""
    return f"{note.parent.name}/{note.name}"


def find(result: Path, name: str) -> Path | None:
    """Where the note ``name`` lies, or would, in the study that ``result`` is of; None if of none.

    The notes of other settings are removed, so one that is there is of the study as it is.
    """
    studies = (folder / FOLDER for folder in result.absolute().parents)
    return next((notes / name for notes in studies if notes.is_dir()), None)
