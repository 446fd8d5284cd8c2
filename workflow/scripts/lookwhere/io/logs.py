"""What every job of the workflow does around its work: logging, progress, and clear failure."""

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
    """Log to ``log_file`` and stderr; yield the settings in ``note``, which results will name.

    What the user can mend ends the job with its message alone: a StudyError, what the system
    refuses (disk, permission), and a want of memory.
    """
    logging.raiseExceptions = False  # a log on a full disk hides no message behind its own
    handlers: list[logging.Handler] = [
        logging.FileHandler(log_file, mode="w", encoding="utf-8"),
        logging.StreamHandler(),
    ]
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers)
    log.setLevel(logging.INFO)
    gc.freeze()  # what was imported stays, and no collection of garbage has to look at it
    try:
        if note is None:
            yield {}
        else:
            yield provenance.take_up(Path(note))
    except StudyError as error:
        log.error("Error: %s", error)
        sys.exit(1)
    except Exception as error:
        if (reason := _outside_cause(error)) is None:
            log.exception("Unexpected error (please report it, with what follows)")
        else:
            log.error("Error: %s, then start again: what is finished is kept", reason)
        sys.exit(1)


def _outside_cause(error: Exception) -> str | None:
    """What the machine refused, and the way out; None if the fault is in the code."""
    if isinstance(error, OSError) and error.filename is not None:
        reason = error.strerror or f"{error}: is the disk full?"  # numpy's tells counts alone
        ways = "disk space, permission, another run in this folder"
        return f"{error.filename}: {reason}. Mend that ({ways})"
    if is_out_of_memory(error):
        reason = (str(error) or "MemoryError").splitlines()[0]
        return f"not enough memory ({reason}). Give the job more, or choose smaller sizes"
    return None


def progress(batches: Sequence[Sequence[T]], what: str, every: float = 10) -> Iterator[Sequence[T]]:
    """Go through ``batches``; log count and time left, at most once in ``every`` seconds."""
    total, done = sum(len(batch) for batch in batches), 0
    start = last = time.monotonic()
    for batch in batches:
        yield batch
        done += len(batch)
        now = time.monotonic()
        if done == total or now - last >= every:
            left = (now - start) / done * (total - done)
            log.info("%s: %d of %d, %.0f s left", what, done, total, left)
            last = now
