"""Atomic results."""

import multiprocessing
import os
import signal
from contextlib import ExitStack

import pytest

from lookwhere.io.atomic import atomic_file, atomic_folder


class FailureError(Exception):
    """An exception of the block."""


def write(path, text, kind):
    (path / "part" if kind is atomic_folder else path).write_text(text)


def read(path, kind):
    return (path / "part" if kind is atomic_folder else path).read_text()


@pytest.fixture(params=[atomic_file, atomic_folder], ids=["file", "folder"])
def kind(request):
    return request.param


def test_result_appears_at_the_end(kind, tmp_path):
    with kind(tmp_path / "below" / "table.csv") as draft:
        write(draft, "new", kind)
        assert not (tmp_path / "below" / "table.csv").exists()
        # A rename within one file system is atomic.
        assert tmp_path / "below" in draft.parents
        assert kind is atomic_folder or draft.name == "table.csv"
    assert read(tmp_path / "below" / "table.csv", kind) == "new"
    assert len(list((tmp_path / "below").iterdir())) == 1


def fail(kind, path, error):
    with kind(path) as draft:
        write(draft, "half", kind)
        raise error


@pytest.mark.parametrize("error", [FailureError, KeyboardInterrupt, SystemExit])
def test_nothing_appears_on_failure(kind, error, tmp_path):
    with pytest.raises(error):
        fail(kind, tmp_path / "result", error)
    assert list(tmp_path.iterdir()) == []


def test_old_result_outlives_a_failure(kind, tmp_path):
    with kind(tmp_path / "result") as draft:
        write(draft, "old", kind)
    with pytest.raises(FailureError):
        fail(kind, tmp_path / "result", FailureError)
    assert read(tmp_path / "result", kind) == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_new_result_replaces_the_old(kind, tmp_path):
    for text in ("old", "new"):
        with kind(str(tmp_path / "result")) as draft:
            write(draft, text, kind)
    assert read(tmp_path / "result", kind) == "new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture
def killed(kind, tmp_path):
    """The draft of a job that is killed while it writes ``result``."""
    job = multiprocessing.get_context("spawn").Process(
        target=write_and_die, args=(kind, tmp_path / "result")
    )
    job.start()
    job.join()
    assert [path.name[:6] for path in tmp_path.iterdir()] == [".part-"]


def write_and_die(kind, path):
    with kind(path) as draft:
        write(draft, "half", kind)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("killed")
def test_the_draft_of_a_killed_job_is_removed(kind, tmp_path):
    with kind(tmp_path / "result") as draft:
        assert kind is atomic_file or list(draft.iterdir()) == []
        write(draft, "new", kind)
    assert read(tmp_path / "result", kind) == "new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("order", ["older ends first", "newer ends first"])
def test_of_two_writers_the_newer_wins(kind, order, tmp_path):
    result = tmp_path / "result"
    with ExitStack() as old, ExitStack() as new:
        draft = old.enter_context(kind(result))
        write(draft, "old", kind)
        newer = new.enter_context(kind(result))
        with pytest.raises(FileNotFoundError):
            write(draft, "old again", kind)
        if order == "newer ends first":
            write(newer, "new", kind)
            new.close()
        with pytest.raises(FileNotFoundError):
            old.close()
        if order == "older ends first":
            write(newer, "new", kind)
            new.close()
    assert read(result, kind) == "new"
    assert len(list(tmp_path.iterdir())) == 1


def test_drafts_of_another_result_stay(kind, tmp_path):
    with kind(tmp_path / "another-result") as draft, kind(tmp_path / "result") as other:
        write(draft, "one", kind)
        write(other, "other", kind)
    assert read(tmp_path / "another-result", kind) == "one"


def test_block_that_writes_no_file_fails(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "result"):
        pass
