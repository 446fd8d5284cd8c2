"""Reading and writing in other threads, while this one computes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")


def read_ahead(read: Callable[[S], T], sources: Sequence[S]) -> Iterator[T]:
    """``read`` of every source in turn; the next is read while the caller works on this one."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        upcoming = [reader.submit(read, source) for source in sources[:1]]
        for following in sources[1:]:
            ready = upcoming.pop().result()
            upcoming.append(reader.submit(read, following))
            yield ready
        for last in upcoming:
            yield last.result()


@contextmanager
def write_behind(write: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """A ``write`` that returns at once, and waits only for the one before it.

    What a write raises is raised by the next one, or at the end of the block.
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
