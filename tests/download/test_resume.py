"""A download that was cut is resumed, where its file is still the same."""

import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from lookwhere.errors import StudyError
from lookwhere.io import download
from lookwhere.io.download import Patience, fetch

from .server import BAD, CONTENT, CUT, DAY, GOOD, HALF, OTHER, QUICK, names, serve


@pytest.mark.parametrize("ends", ["close", "reset"])
def test_resume_asks_for_the_rest_alone(server, file, ends):
    fetch(server.play(serve(cut=HALF, ends=ends), GOOD), file, patience=QUICK)
    (_, first), (_, second) = server.asked
    assert first["Range"] is None
    assert second["If-Range"] == '"one"'
    start = int(re.fullmatch(r"bytes=(\d+)-", second["Range"])[1])  # a reset may lose the last
    assert 0 < start <= HALF
    assert server.sent == [HALF, len(CONTENT) - start]


def test_resume_may_be_guarded_by_a_date(server, file):
    dated = {"etag": None, "modified": DAY}
    fetch(server.play(serve(cut=HALF, **dated), serve(**dated)), file, patience=QUICK)
    assert server.asked[1][1]["If-Range"] == DAY
    assert server.sent == [HALF, HALF]


UNGUARDED = {
    "no validator": {"etag": None},
    "weak ETag": {"etag": 'W/"one"'},
}


@pytest.mark.parametrize("headers", UNGUARDED.values(), ids=UNGUARDED.keys())
def test_never_resumes_without_a_validator(server, file, headers):
    fetch(server.play(serve(cut=HALF, **headers), GOOD), file, patience=QUICK)
    assert server.ranges() == [None, None]


def test_a_later_run_resumes(server, file):
    once = Patience(attempts=1, seconds=10)
    address = server.play(CUT, GOOD)
    with pytest.raises(StudyError):
        fetch(address, file, patience=once)
    assert names(file) == [".part-file.bin", ".part-file.bin.etag"]
    fetch(address, file, patience=once)
    assert file.read_bytes() == CONTENT
    assert server.sent == [HALF, HALF]


def test_a_later_run_from_another_address_starts_over(server, file):
    once = Patience(attempts=1, seconds=10)
    with pytest.raises(StudyError):
        fetch(server.play(partial(BAD, cut=HALF), path="/other"), file, patience=once)
    fetch(server.play(GOOD), file, patience=once)
    assert file.read_bytes() == CONTENT
    assert server.ranges() == [None, None]


@pytest.mark.parametrize("origin", [None, "", "{address}", "{address}\n", "\xff\x00"])
def test_part_of_unknown_origin_is_not_resumed(server, file, origin):
    file.parent.mkdir()
    address = server.play(GOOD)
    file.with_name(".part-file.bin").write_bytes(OTHER[:HALF])
    if origin is not None:
        text = origin.format(address=address)
        file.with_name(".part-file.bin.etag").write_text(text, "latin-1")
    fetch(address, file, patience=QUICK)
    assert file.read_bytes() == CONTENT
    assert names(file) == ["file.bin"]


def test_killed_run_is_resumed(server, file):
    address = server.play(serve(cut=HALF, ends="stall"), GOOD)
    code = "import sys, pathlib; from lookwhere.io import download as d; "
    code += "d.fetch(sys.argv[1], pathlib.Path(sys.argv[2]))"
    scripts = Path(download.__file__).parents[2]
    part = file.with_name(".part-file.bin")
    with subprocess.Popen([sys.executable, "-c", code, address, str(file)], cwd=scripts) as run:
        while run.poll() is None and not (part.exists() and part.stat().st_size > 50_000):
            time.sleep(0.02)
        run.kill()
    assert not file.exists()
    kept = part.stat().st_size
    fetch(address, file, patience=QUICK)
    assert file.read_bytes() == CONTENT
    assert server.sent == [HALF, len(CONTENT) - kept]
