"""Downloads of one file: whole and verified under the final name, or absent."""

import errno
import io
import re
import time
from email.utils import formatdate
from functools import partial

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import images
from lookwhere.errors import StudyError
from lookwhere.io import download
from lookwhere.io.download import Patience, fetch

from .server import (
    BAD,
    CONTENT,
    CUT,
    DAY,
    GOOD,
    HALF,
    HASH,
    HASTY,
    NEXT_DAY,
    OTHER,
    QUICK,
    check_content,
    closed_port,
    hang_up,
    names,
    reply,
    serve,
    status,
)

REST = {"ETag": '"one"', "Content-Range": f"bytes {HALF}-{len(CONTENT) - 1}/{len(CONTENT)}"}
RECOVERED = {
    "at once": [GOOD],
    "500": [status(500), GOOD],
    "503, then 502": [status(503), status(502), GOOD],
    "429": [status(429, Retry_After="1"), GOOD],
    "cut short": [CUT, GOOD],
    "cut short twice": [CUT, serve(cut=1000), GOOD],
    "nothing but headers": [serve(cut=0), GOOD],
    "no answer": [hang_up, GOOD],
    "connection reset": [serve(cut=HALF, ends="reset"), GOOD],
    "rest in two parts": [CUT, serve(most=1000), GOOD],
    "5xx after the half": [CUT, status(503), GOOD],
    "server ignores Range": [CUT, serve(ranges=False)],
    "416": [CUT, status(416), GOOD],
    "file has changed": [serve(OTHER, etag='"old"', cut=HALF), GOOD],
    "file has changed, If-Range ignored": [
        serve(OTHER, etag='"old"', cut=HALF),
        serve(careless=True),
    ],
    "206 without validator": [
        serve(OTHER, etag='"old"', cut=HALF),
        serve(etag=None, careless=True),
    ],
    "206 from another offset": [CUT, serve(shift=-10, most=HALF), GOOD],
    "206 without a range": [
        CUT,
        partial(reply, status=206, body=b"x" * HALF, headers={"ETag": '"one"'}),
        GOOD,
    ],
    "206 longer than its range": [
        CUT,
        partial(reply, status=206, body=OTHER, headers=REST, framing="chunked"),
        GOOD,
    ],
    "file has grown shorter": [
        serve(OTHER * 2, etag='"old"', cut=len(OTHER) + HALF),
        serve(careless=True),
    ],
    "neither ETag nor date": [serve(OTHER, etag=None, cut=HALF), serve(etag=None)],
    "weak ETag": [serve(OTHER, etag='W/"1"', cut=HALF), serve(etag='W/"1"')],
    "date": [
        serve(etag=None, modified=DAY, cut=HALF),
        serve(etag=None, modified=DAY),
    ],
    "another date": [
        serve(OTHER, etag=None, modified=DAY, cut=HALF),
        serve(etag=None, modified=NEXT_DAY),
    ],
    "chunked": [serve(framing="chunked")],
    "chunked, cut short": [serve(framing="chunked", cut=HALF), GOOD],
    "no length": [serve(framing="none")],
}


@pytest.mark.parametrize("answers", RECOVERED.values(), ids=RECOVERED.keys())
def test_recovers(server, file, answers):
    fetch(server.play(*answers), file, patience=QUICK)
    assert file.read_bytes() == CONTENT
    assert names(file) == ["file.bin"]
    assert len(server.asked) >= len(answers)


@pytest.mark.parametrize("ends", ["stall", "trickle"])
def test_recovers_from_slowness_with_the_rest_alone(server, file, ends):
    fetch(server.play(serve(cut=HALF, ends=ends), GOOD), file, patience=HASTY)
    assert file.read_bytes() == CONTENT
    start = int(re.fullmatch(r"bytes=(\d+)-", server.ranges()[1])[1])
    assert HALF <= start < len(CONTENT)


REFUSED = {
    "404": ([status(404)], {}, "404 Not Found", 1),
    "403": ([status(403)], {}, "403 Forbidden", 1),
    "416 unasked": ([status(416)], {}, "416 Requested Range Not Satisfiable", 1),
    "206 unasked": ([status(206)], {}, "206 Partial Content", 1),
    "204": ([status(204)], {}, "204 No Content", 1),
    "404 after the half": ([CUT, status(404)], {}, "404 Not Found", 2),
    "500 always": ([status(500)], {}, "500 Internal Server Error", 3),
    "429 always": ([status(429)], {}, "429 Too Many Requests", 3),
    "cut short always": ([serve(cut=9, ranges=False)], {}, "9 bytes read", 3),
    "rest without end": ([CUT, serve(most=9), serve(most=9)], {}, "of 200000 bytes", 3),
    "never an answer": ([hang_up], {}, "closed connection without response", 3),
    "redirected in a circle": ([status(302, Location="/file")], {}, "30 redirects", 31),
    "redirected to nowhere": ([status(302, Location="ftp://x")], {}, "No connection adapters", 1),
    "wrong hash always": (
        [BAD],
        {"sha256_start": HASH[:8]},
        rf"its SHA-256 starts with [0-9a-f]{{12}}, not with {HASH[:8]}",
        2,
    ),
    "wrong content always": (
        [BAD],
        {"check": check_content},
        r"\S+/folder/file.bin has other bytes",
        2,
    ),
    "one byte short": (
        [serve(CONTENT[:-1], framing="none")],
        {"sha256_start": HASH},
        "its SHA-256 starts",
        2,
    ),
}


@pytest.mark.parametrize(
    ("answers", "checks", "reason", "requests"), REFUSED.values(), ids=REFUSED.keys()
)
def test_gives_up_with_the_way_out(server, file, answers, checks, reason, requests):
    address = server.play(*answers)
    message = rf"^can't fetch {address} \(.*{reason}.*\): put the file at {file} by hand$"
    with pytest.raises(StudyError, match=message):
        fetch(address, file, patience=QUICK, **checks)
    assert len(server.asked) == requests
    assert not file.exists()


@pytest.mark.parametrize("checks", [{"sha256_start": HASH[:8]}, {"check": check_content}])
def test_wrong_bytes_are_discarded_and_fetched_once_more(server, file, checks):
    fetch(server.play(BAD, GOOD), file, patience=QUICK, **checks)
    assert file.read_bytes() == CONTENT
    assert server.ranges() == [None, None]


def test_wrong_bytes_leave_nothing_for_the_next_run(server, file):
    with pytest.raises(StudyError):
        fetch(server.play(BAD), file, sha256_start=HASH, patience=QUICK)
    assert names(file) == []


def test_wrong_bytes_after_a_resume_are_fetched_from_the_start(server, file):
    """Another file with the same validator: only the hash differs."""
    fetch(server.play(partial(BAD, cut=HALF), GOOD), file, sha256_start=HASH, patience=QUICK)
    assert file.read_bytes() == CONTENT
    assert server.ranges() == [None, f"bytes={HALF}-", None]


def test_hash_may_be_in_capitals(server, file):
    fetch(server.play(GOOD), file, sha256_start=HASH.upper(), patience=QUICK)


def test_bytes_are_not_decoded(server, file):
    """Some servers send a .gz file as an encoding of another: it is kept as it is."""
    headers = {"Content-Encoding": "gzip"}
    fetch(server.play(partial(reply, status=200, body=CONTENT, headers=headers)), file)
    assert file.read_bytes() == CONTENT
    assert server.asked[0][1]["Accept-Encoding"] == "identity"
    assert server.asked[0][1]["User-Agent"] == "concentration (saliency study)"


def test_follows_redirects_and_resumes_through_them(server, file):
    server.play(CUT, GOOD, path="/new")
    fetch(server.play(status(302, Location="/new")), file, patience=QUICK)
    assert file.read_bytes() == CONTENT
    assert server.ranges() == [None, None, f"bytes={HALF}-", f"bytes={HALF}-"]


def test_empty_file_is_a_file(server, file):
    fetch(server.play(serve(b"")), file)
    assert file.read_bytes() == b""


LATER = {
    "7": (7, 7),
    "100000": (60, 60),
    formatdate(time.time() + 100_000, usegmt=True): (60, 60),
    formatdate(0, usegmt=True): (0.5, 1),
    "tomorrow": (0.5, 1),
    "9" * 5000: (0.5, 1),
}


@pytest.mark.parametrize(("header", "bounds"), LATER.items(), ids=[header[:20] for header in LATER])
def test_waits_as_long_as_asked_within_reason(server, file, waits, header, bounds):
    fetch(server.play(status(429, Retry_After=header), GOOD), file)
    assert bounds[0] <= waits[0] <= bounds[1]


def test_waits_double(server, file, waits):
    with pytest.raises(StudyError):
        fetch(server.play(status(500)), file, patience=Patience(attempts=9, longest_wait=60))
    assert len(waits) == 8
    for wait, most in zip(waits, [1, 2, 4, 8, 16, 32, 64, 128], strict=True):
        assert min(most / 2, 60) <= wait <= min(most, 60)


def test_refused_connection(file):
    address = f"http://127.0.0.1:{closed_port()}/file"
    message = rf"^can't fetch {address} \(Connection refused\): put the file at {file} by hand$"
    with pytest.raises(StudyError, match=message):
        fetch(address, file, patience=QUICK)
    assert names(file) == []


def test_unknown_host(file, lookups):
    with pytest.raises(StudyError, match=r"http://nowhere/x \(Name or service not known\): put"):
        fetch("http://nowhere/x", file, patience=QUICK)
    assert len(lookups) == QUICK.attempts


@pytest.mark.parametrize("address", ["", "file.zip", "ftp://host/file", "http://", "http://*.a/"])
def test_bad_address(file, address):
    with pytest.raises(StudyError, match=f"^can't fetch {re.escape(address)} "):
        fetch(address, file, patience=QUICK)


def test_full_disk(server, file, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_append", fail)
    with pytest.raises(StudyError, match=r"\(No space left on device\)"):
        fetch(server.play(GOOD), file, patience=QUICK)
    assert len(server.asked) == 1


def jpeg(width, height):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer := io.BytesIO(), "JPEG")
    return buffer.getvalue()


IMAGES = {
    "cut in the file": (jpeg(64, 48)[:2000], "truncated"),
    "page": (b"<!DOCTYPE html><title>Please log in</title>", "is not an image"),
    "empty": (b"", "is not an image"),
    "of another size": (jpeg(48, 64), "48 x 64 pixels, but its annotation has 64 x 48"),
}


@pytest.mark.parametrize(("content", "reason"), IMAGES.values(), ids=IMAGES.keys())
def test_image_is_checked(server, file, content, reason):
    good, bad = serve(jpeg(64, 48)), serve(content)
    with pytest.raises(StudyError, match=reason):
        fetch(server.play(bad), file, check=images.checker(64, 48), patience=QUICK)
    assert names(file) == []
    fetch(server.play(bad, good), file, check=images.checker(64, 48), patience=QUICK)
    assert file.read_bytes() == jpeg(64, 48)
