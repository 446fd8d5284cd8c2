"""Results appear whole or not at all: written under another name, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside ``path``, with its suffix, renamed to it when the block succeeds."""
    final = Path(path)
    draft = final.with_name(f".part-{final.name}")
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
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
        yield draft
        shutil.rmtree(final, ignore_errors=True)
        draft.replace(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
