"""Results appear whole or not at all: written in a draft folder, then renamed.

Two jobs may write one result, when a cluster still runs a job that was given up and started anew.
The one that starts last wins: it takes the drafts of the others away, so that their next write, or
their rename, fails. What is renamed is on the disk already, so that a power loss leaves no empty
file under a result's name.
"""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path of the same name, renamed to ``path`` when the block succeeds."""
    with draft_folder(Path(path)) as folder:
        draft = folder / Path(path).name
        yield draft
        sync(draft)
        draft.replace(path)
        sync(Path(path).parent)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
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
    """An empty folder beside ``final`` that is this job's own; drafts of other jobs are removed."""
    final.parent.mkdir(parents=True, exist_ok=True)
    for state in (".part", ".gone"):
        for other in final.parent.glob(f"{state}-{'?' * 8}-{glob.escape(final.name)}"):
            discard(other)
    folder = final.with_name(f".part-{uuid4().hex[:8]}-{final.name}")
    folder.mkdir()
    try:
        with _named(final):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard(draft: Path) -> None:
    """Remove a draft that a job may be writing: renamed first, so that it is gone at once."""
    doomed = draft.with_name(f".gone-{draft.name.removeprefix('.part-').removeprefix('.gone-')}")
    with suppress(FileNotFoundError):  # its job has just ended
        draft.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some network file systems sync no folders
            raise
    finally:
        os.close(handle)


@contextmanager
def _named(final: Path) -> Iterator[None]:
    """A full disk's error names no file: let it name the result that was being written."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(final)
        raise
