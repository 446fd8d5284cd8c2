"""Bodies without end, and responses that trickle, are given up."""

import time
from functools import partial

import pytest

from lookwhere.errors import StudyError
from lookwhere.io import download
from lookwhere.io.download import Download, Patience, fetch, fetch_all

from .server import GOOD, QUICK, names, serve


def endless(request, framing):
    """A body without end, in practice of 50 MB."""
    request.send_response(200)
    if framing == "chunked":
        request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.close_connection = True
    piece = b"x" * 50_000
    try:
        for _ in range(1000):
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if framing else piece)
    except OSError:
        request.server.sent.append("hung up")


def test_a_body_of_no_announced_length_has_a_limit_of_its_own(server, file, monkeypatch):
    monkeypatch.setattr(download, "MAX_UNANNOUNCED", 150_000)
    with pytest.raises(StudyError, match="the body does not end after 150000 bytes"):
        fetch(server.play(serve(framing="chunked")), file, patience=QUICK)
    fetch(server.play(GOOD), file, patience=QUICK)


@pytest.mark.parametrize("framing", ["chunked", None])
def test_a_body_without_end_is_cut_at_the_maximum(server, file, framing):
    item = Download(server.play(partial(endless, framing=framing)), file, max_bytes=100_000)
    with pytest.raises(StudyError, match="the body does not end after 100000 bytes"):
        fetch_all([item], patience=QUICK)
    assert names(file) == []
    assert len(server.asked) == 1


def test_a_body_announced_above_the_maximum_is_not_read(server, file):
    item = Download(server.play(GOOD), file, max_bytes=1000)
    with pytest.raises(
        StudyError, match="200000 bytes are announced, more than the maximum of 1000"
    ):
        fetch_all([item], patience=QUICK)
    assert names(file) == []


@pytest.mark.parametrize("line", [b"X", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["header", "100"])
def test_a_response_that_trickles_without_end_is_given_up(server, file, line):
    def drip(request):
        request.close_connection = True
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" if line == b"X" else b"")
        try:
            while not request.server.over.wait(0.05):
                request.wfile.write(line)
        except OSError:
            pass

    hasty = Patience(attempts=2, seconds=0.5, first_wait=0.001, longest_wait=0.01)
    started = time.monotonic()
    with pytest.raises(StudyError, match="can't fetch"):
        fetch(server.play(drip), file, patience=hasty)
    assert time.monotonic() - started < 30  # the server would never end
    assert names(file) == []
