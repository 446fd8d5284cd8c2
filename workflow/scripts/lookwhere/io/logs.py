"""Logging, progress and error messages of the jobs."""

import gc
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lookwhere.errors import StudyError, is_out_of_memory
from lookwhere.io import provenance

T = TypeVar("T")
log = logging.getLogger("lookwhere")


@contextmanager
def job(log_file: str, note: str | None = None) -> Iterator[dict[str, Any]]:
    """Log to ``log_file`` and stderr; yield the settings in ``note``, which results refer to.

    Details, of level debug, go to the file alone.

    Errors that the user can fix end the job with their message and no traceback: a StudyError, a
    refusal of the system (disk, permission), lack of memory.
    """
    logging.raiseExceptions = False  # else the error of a log on a full disk hides ours
    file = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    screen = logging.StreamHandler()
    screen.setLevel(logging.INFO)
    for handler in (file, screen):
        handler.addFilter(_label_warnings)
    logging.basicConfig(
        format="%(asctime)s %(label)s%(message)s", datefmt="%H:%M:%S", handlers=[file, screen]
    )
    log.setLevel(logging.DEBUG)
    gc.freeze()  # imported objects stay: garbage collections skip them
    try:
        if note is None:
            yield {}
        else:
            yield provenance.activate(Path(note))
    except StudyError as error:
        log.error("Error: %s", error)
        sys.exit(1)
    except Exception as error:
        if (reason := _outside_cause(error)) is None:
            log.exception("Unexpected error (please report it, with this traceback)")
        else:
            log.error("Error: %s, then rerun: finished jobs are kept", reason)
        sys.exit(1)


def _label_warnings(record: logging.LogRecord) -> bool:
    record.label = "Warning: " if record.levelno == logging.WARNING else ""
    return True


def _outside_cause(error: Exception) -> str | None:
    """The refusal of the system, and the way out; None if the error is in the code."""
    if isinstance(error, OSError) and error.filename is not None:
        reason = error.strerror or f"{error}: is the disk full?"  # numpy's states counts alone
        ways = "disk space, permission, another run in this folder"
        return f"{error.filename}: {reason}. Fix this ({ways})"
    if is_out_of_memory(error):
        reason = (str(error) or "MemoryError").splitlines()[0]
        return f"not enough memory ({reason}). Give the job more, or choose smaller sizes"
    return None


def progress(
    batches: Sequence[Sequence[T]], label: str, every: float = 10
) -> Iterator[Sequence[T]]:
    """Iterate over ``batches``; log count and time left, at most once in ``every`` seconds."""
    total, done = sum(len(batch) for batch in batches), 0
    start = last = time.monotonic()
    for batch in batches:
        yield batch
        done += len(batch)
        now = time.monotonic()
        if done == total or now - last >= every:
            left = (now - start) / done * (total - done)
            log.info("%s: %d of %d, %.0f s left", label, done, total, left)
            last = now
