"""Results appear whole or not at all: written under another name, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import spoilt


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside ``path``, with its suffix, renamed to it when the block succeeds."""
    final = Path(path)
    draft = final.with_name(f".part-{final.name}")
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _named(final):
            yield draft
            draft.replace(final)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """An empty temporary folder beside ``path``, renamed to it when the block succeeds."""
    final = Path(path)
    draft = final.with_name(f".part-{final.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        with _named(final):
            yield draft
            shutil.rmtree(final, ignore_errors=True)
            draft.replace(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _named(final: Path) -> Iterator[None]:
    """A full disk's error names no file: let it name the result that was being written."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(final)
        raise


def read_array(path: Path) -> NDArray:
    """The array of a ``.npy`` file; code in it is never run. Raises StudyError if it is damaged."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise spoilt(path, error) from None
