"""Prefetching and background writing in separate threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")


def read_ahead(read: Callable[[S], T], sources: Sequence[S]) -> Iterator[T]:
    """Yield ``read`` of every source; the next one is read while the caller works."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        pending = [reader.submit(read, source) for source in sources[:1]]
        for source in sources[1:]:
            item = pending.pop().result()
            pending.append(reader.submit(read, source))
            yield item
        for last in pending:
            yield last.result()


@contextmanager
def write_behind(write: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """A ``write`` that returns at once, and waits only for the previous call.

    An exception of ``write`` is raised by the next call, or at the end of the block.
    """
    pending: list[Future[None]] = []

    def submit(*arguments: Any) -> None:
        while pending:
            pending.pop().result()
        pending.append(writer.submit(write, *arguments))

    with ThreadPoolExecutor(max_workers=1) as writer:
        yield submit
        while pending:
            pending.pop().result()
