"""Prefetching and background writing: in order, one at a time, no exception lost."""

import threading

import pytest

from lookwhere.io.prefetch import read_ahead, write_behind


def test_everything_is_read_once_and_in_order():
    assert list(read_ahead(str, range(5))) == ["0", "1", "2", "3", "4"]
    assert list(read_ahead(str, [])) == []


def test_one_source_is_read_ahead_and_no_more():
    read, second = [], threading.Event()

    def note(source: int) -> int:
        read.append(source)
        if source == 1:
            second.set()
        return source

    results = read_ahead(note, range(4))
    assert next(results) == 0
    assert second.wait(timeout=10)  # read before it is requested
    assert read == [0, 1]
    assert list(results) == [1, 2, 3]


def test_an_exception_of_reading_is_raised_in_its_turn():
    results = read_ahead(lambda source: 1 / source, [1, 0, 2])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_everything_is_written_in_order_when_the_block_ends():
    written: list[tuple[int, str]] = []
    with write_behind(lambda number, text: written.append((number, text))) as write:
        for number in range(5):
            write(number, str(number))
    assert written == [(number, str(number)) for number in range(5)]


def test_a_write_waits_for_the_previous_one():
    go_on, written = threading.Event(), []

    def slow(number: int) -> None:
        assert go_on.wait(timeout=10)
        written.append(number)

    with write_behind(slow) as write:
        write(1)  # returns, though nothing is written yet
        assert written == []
        go_on.set()
        write(2)
        assert written[0] == 1


@pytest.mark.parametrize("last", [0, 3])
def test_an_exception_of_writing_is_not_lost(last):
    def fail_on(number: int) -> None:
        if number == last:
            raise OSError("no space left")

    def write_all() -> None:
        with write_behind(fail_on) as write:
            for number in range(4):
                write(number)

    with pytest.raises(OSError, match="no space left"):
        write_all()
