"""Atomic results: written in a draft folder, then renamed.

Two jobs may write the same result, where a cluster still runs a job that was submitted again. The
last one to start wins: it removes the drafts of the others, so that their next write or rename
fails. Drafts are synced to disk before the rename, so that a power loss leaves no empty file under
a result's name.
"""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path of the same name, renamed to ``path`` when the block succeeds."""
    with draft_folder(Path(path)) as folder:
        draft = folder / Path(path).name
        yield draft
        sync(draft)
        draft.replace(path)
        sync(Path(path).parent)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """An empty temporary folder, renamed to ``path`` when the block succeeds."""
    with draft_folder(Path(path)) as folder:
        yield folder
        for file in folder.rglob("*"):
            sync(file)
        if folder.exists():  # else another job has taken over, and the rename fails
            shutil.rmtree(path, ignore_errors=True)
        folder.replace(path)
        sync(Path(path).parent)


@contextmanager
def draft_folder(final: Path) -> Iterator[Path]:
    """An empty folder beside ``final`` for this job alone; drafts of other jobs are removed."""
    final.parent.mkdir(parents=True, exist_ok=True)
    for state in (".part", ".gone"):
        for other in final.parent.glob(f"{state}-{'?' * 8}-{glob.escape(final.name)}"):
            discard(other)
    folder = final.with_name(f".part-{uuid4().hex[:8]}-{final.name}")
    folder.mkdir()
    try:
        with _with_path(final):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard(draft: Path) -> None:
    """Remove a draft that a job may still write to. The rename takes effect at once."""
    trash = draft.with_name(f".gone-{draft.name.removeprefix('.part-').removeprefix('.gone-')}")
    with suppress(FileNotFoundError):  # its job has just ended
        draft.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some network file systems can't sync folders
            raise
    finally:
        os.close(handle)


@contextmanager
def _with_path(final: Path) -> Iterator[None]:
    """Add the result's path to OSErrors that carry none, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(final)
        raise
