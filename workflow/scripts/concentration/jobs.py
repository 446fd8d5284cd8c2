"""What every job of the workflow does around its work: logging, progress, and clear failure."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from .errors import StudyError

T = TypeVar("T")
log = logging.getLogger("concentration")


@contextmanager
def job(log_file: str) -> Iterator[None]:
    """Log to ``log_file`` and stderr. A StudyError ends the job with its message alone."""
    handlers: list[logging.Handler] = [
        logging.FileHandler(log_file, mode="w"),
        logging.StreamHandler(),
    ]
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers)
    log.setLevel(logging.INFO)
    try:
        yield
    except StudyError as error:
        log.error("Error: %s", error)
        sys.exit(1)
    except Exception:
        log.exception("Unexpected error (please report it, with what follows)")
        sys.exit(1)


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
