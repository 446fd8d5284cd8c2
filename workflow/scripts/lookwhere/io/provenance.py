"""Provenance: notes of the settings that results are computed with.

``provenance/RULE/HASH.json`` in the results of a study holds the settings of a rule: its part of
the configuration, and hashes of its code and of its inputs that are no results. The hash in the
name is that of the content, so other settings are another file. The rule has its note as an input
and reads its settings from it; a job first removes the notes of other settings. So changed settings
are a file that is newer than the result, with or without Snakemake's metadata (``.snakemake``).
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
    "Results of a study. The workflow writes, replaces and removes files in this folder: keep your "
    "own files elsewhere.\n"
)

# The name of the note of the current job, to which its results refer.
current_note: ContextVar[str | None] = ContextVar("current_note", default=None)


def foreign_content(results: Path) -> str | None:
    """The name of an entry of ``results`` that no study wrote; None if there is none.

    The first run of a study marks its folder. A folder that is new, empty, or holds the folders of
    other studies alone may become one. Hidden files do not count: no job writes any.
    """
    if (results / MARKER).exists() or not (results.exists() or results.is_symlink()):
        return None
    if not results.is_dir():
        return results.name
    visible = (entry for entry in sorted(results.iterdir()) if not entry.name.startswith("."))
    return next((entry.name for entry in visible if foreign_content(entry)), None)


def mark(results: Path) -> None:
    """Mark ``results`` as the folder of a study."""
    results.mkdir(parents=True, exist_ok=True)
    if not (results / MARKER).exists():
        (results / MARKER).write_text(MARK, "utf-8")


def short_hash(value: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of a JSON value."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def note_path(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The path of the note of these settings, in the ``folder`` of a rule's notes."""
    return folder / f"{short_hash(settings)}.json"


def note(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The note of these settings, written if it does not exist."""
    path = note_path(folder, settings)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(settings, indent=1, ensure_ascii=False), "utf-8")
        draft.replace(path)
    return path


def read(path: Path) -> dict[str, Any]:
    """The settings of a note. Raises StudyError if they do not match the hash in its name."""
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        settings = None
    if not isinstance(settings, dict) or path.name != note_path(path.parent, settings).name:
        raise StudyError(
            f"settings {str(path)!r} are damaged: delete this file and rerun, which recomputes "
            "what depends on it"
        )
    return settings


def activate(path: Path) -> dict[str, Any]:
    """The settings of the note of a job that starts; notes of other settings are removed.

    The results of the job refer to this note (``current_note``).
    """
    settings = read(path)
    for other in path.parent.glob("*.json"):
        if other != path:
            other.unlink(missing_ok=True)
    if path.stat().st_mtime > time.time():  # an older result has a future time
        os.utime(path)
    current_note.set(name_of(path))
    return settings


def name_of(note: Path) -> str:
    """The name by which results refer to a note."""
    return f"{note.parent.name}/{note.name}"


def find(result: Path, name: str) -> Path | None:
    """The path of the note ``name`` in the study of ``result``; None if it belongs to no study.

    Notes of other settings are removed, so one that exists has the study's current settings.
    """
    studies = (folder / FOLDER for folder in result.absolute().parents)
    return next((notes / name for notes in studies if notes.is_dir()), None)
