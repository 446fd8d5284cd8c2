"""Downloads of many files: each once, and a failure stops no other."""

import subprocess
import sys
from pathlib import Path

import pytest

from lookwhere.errors import StudyError
from lookwhere.io import download
from lookwhere.io.download import Download, Patience, fetch_all

from .server import (
    CONTENT,
    CUT,
    GOOD,
    OTHER,
    QUICK,
    check_content,
    closed_port,
    hang_up,
    names,
    serve,
    status,
)


def study(server, folder, count):
    return [
        Download(server.play(GOOD, path=f"/{i}"), folder / f"{i}", check=check_content)
        for i in range(count)
    ]


def test_all(server, tmp_path):
    downloads = study(server, tmp_path, 20)
    fetch_all([*downloads, downloads[0]], connections=3, patience=QUICK)
    assert all(item.file.read_bytes() == CONTENT for item in downloads)
    assert len(server.asked) == len(list(tmp_path.iterdir())) == 20
    assert server.most_running <= 3
    fetch_all(downloads, patience=QUICK)
    assert len(server.asked) == 20  # all exist: no request


def test_all_of_nothing():
    fetch_all([])


def test_all_continues_after_failures_and_lists_them(server, tmp_path):
    downloads = study(server, tmp_path, 20)
    for i in range(13):
        server.play(status(404), path=f"/{i}")
    with pytest.raises(StudyError) as caught:
        fetch_all(downloads, patience=QUICK)
    title, *lines, more = str(caught.value).splitlines()
    assert title == "13 of 20 files are missing:"
    assert more == "  - and 3 more"
    assert lines == [
        f"  - can't fetch {server.address}/{i} (404 Not Found): put the file at {tmp_path / str(i)}"
        " by hand"
        for i in range(10)
    ]
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == list(range(13, 20))


def test_an_existing_file_that_fails_its_check_stays_and_is_reported(server, tmp_path):
    """It may be the user's own, such as an image that was resized."""
    downloads = study(server, tmp_path, 2)
    downloads[0].file.write_bytes(OTHER)
    message = r"1 of 2 .*\n.*/0 has other bytes\. To fetch it, move '.*/0' away and rerun"
    with pytest.raises(StudyError, match=message):
        fetch_all(downloads, patience=QUICK)
    assert downloads[0].file.read_bytes() == OTHER
    assert downloads[1].file.read_bytes() == CONTENT
    downloads[0].file.rename(tmp_path / "away")
    fetch_all(downloads, patience=QUICK)
    assert downloads[0].file.read_bytes() == CONTENT


def test_two_runs_that_fetch_one_file_take_turns(server, file):
    """They share a partial file, so that a run can resume another's."""
    address = server.play(serve(most=50_000))
    code = """
import sys
from pathlib import Path
from lookwhere.io.download import Download, fetch_all
fetch_all([Download(sys.argv[1], Path(sys.argv[2]))])
"""
    command = [sys.executable, "-c", code, address, str(file)]
    scripts = Path(download.__file__).parents[2]
    runs = [subprocess.Popen(command, cwd=scripts) for _ in range(4)]
    assert [run.wait() for run in runs] == [0] * 4
    assert file.read_bytes() == CONTENT
    assert names(file) == ["file.bin"]
    assert len(server.asked) == 1


def test_all_fetches_a_file_once(server, tmp_path):
    item = Download(server.address, tmp_path / "file")
    with pytest.raises(StudyError, match="1 of 1 files are missing"):
        fetch_all([item, item], patience=QUICK)
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [hang_up, CUT, status(500)], ids=["silent", "cut", "500"])
def test_a_failing_file_stops_no_other_of_its_host(server, tmp_path, answer):
    downloads = study(server, tmp_path, 5)
    server.play(answer, path="/0")
    with pytest.raises(StudyError, match=r"1 of 5 files are missing"):
        fetch_all(downloads, connections=1, patience=Patience(attempts=1, seconds=10))


def test_offline_ends_early(tmp_path, lookups):
    downloads = [Download(f"http://nowhere/{i}", tmp_path / f"{i}") for i in range(50)]
    with pytest.raises(StudyError, match="50 of 50 files are missing") as caught:
        fetch_all(downloads, connections=2, patience=QUICK)
    assert "(Name or service not known)" in str(caught.value)
    assert "(nowhere can't be reached)" in str(caught.value)
    assert len(lookups) <= 2 * QUICK.attempts


def test_a_dead_host_stops_no_other(server, tmp_path):
    dead = f"http://127.0.0.1:{closed_port()}"
    lost = [Download(f"{dead}/{i}", tmp_path / f"lost-{i}") for i in range(5)]
    with pytest.raises(StudyError, match=r"5 of 10 files are missing"):
        fetch_all([*lost, *study(server, tmp_path, 5)], connections=2, patience=QUICK)
    assert sorted(path.name for path in tmp_path.iterdir()) == list("01234")


def test_a_bad_address_stops_no_other(server, tmp_path):
    downloads = study(server, tmp_path, 2)
    bad = Download("http://[", tmp_path / "bad")
    with pytest.raises(StudyError, match=r"1 of 3 files are missing:\n.*can't fetch http://\[ \("):
        fetch_all([*downloads, bad], patience=QUICK)
    assert all(item.file.read_bytes() == CONTENT for item in downloads)


def test_redirects_to_a_dead_host_stop_no_other(server, tmp_path):
    downloads = study(server, tmp_path, 5)
    server.play(status(302, Location=f"http://127.0.0.1:{closed_port()}/"), path="/0")
    with pytest.raises(StudyError, match=r"1 of 5 files are missing"):
        fetch_all(downloads, connections=1, patience=QUICK)
