"""Downloads from a faulty local server: whole and verified under the final name, or absent.

A route is a list of responses, one a request; the last one repeats.
"""

import errno
import hashlib
import io
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import images
from lookwhere.errors import StudyError
from lookwhere.io import download
from lookwhere.io.download import Download, Patience, fetch, fetch_all

CONTENT, OTHER = (np.random.default_rng(seed).bytes(200_000) for seed in (0, 1))
HASH = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2
DAY, NEXT_DAY = formatdate(1e9, usegmt=True), formatdate(1e9 + 86400, usegmt=True)
QUICK = Patience(attempts=3, seconds=10, first_wait=0.001, longest_wait=0.01)
HASTY = Patience(
    attempts=50, seconds=0.7, bytes_per_second=1e4, first_wait=0.001, longest_wait=0.01
)


def send(
    request,
    content=CONTENT,
    *,
    etag='"one"',
    modified=None,
    ranges=True,  # False: answers 200 to a Range
    careless=False,  # ignores If-Range
    shift=0,  # of the offset in a 206
    most=None,  # bytes of one 206
    cut=None,  # bytes of the body that are sent
    ends="close",
    framing="length",
):
    """A file server's response, with all its ways to fail."""
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    same = careless or request.headers.get("If-Range") in (etag, modified)
    headers = {"ETag": etag, "Last-Modified": modified}
    if asked and ranges and same:
        start = int(asked[1]) + shift
        if start >= len(content):
            return reply(request, 416, headers={"Content-Range": f"bytes */{len(content)}"})
        body = content[start : start + most if most else None]
        span = f"bytes {start}-{start + len(body) - 1}/{len(content)}"
        return reply(request, 206, body, {**headers, "Content-Range": span}, cut, ends, framing)
    return reply(request, 200, content, headers, cut, ends, framing)


def reply(request, status, body=b"", headers=None, cut=None, ends="close", framing="length"):
    request.send_response(status)
    for name, value in (headers or {}).items():
        if value is not None:
            request.send_header(name, value)
    if framing == "length":
        request.send_header("Content-Length", str(len(body)))
    elif framing == "chunked":
        request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.close_connection = cut is not None or framing == "none"
    piece = body[:cut]
    request.server.sent.append(len(piece))
    if framing == "chunked":
        for start in range(0, len(piece), 10_000):
            part = piece[start : start + 10_000]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        request.wfile.write(b"" if cut is not None else b"0\r\n\r\n")
    else:
        request.wfile.write(piece)
    if cut is None:
        return
    if ends == "reset":
        linger = struct.pack("ii", 1, 0)
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.connection.close()
    elif ends == "stall":
        request.server.over.wait(10)
        request.wfile.write(body[cut:])
    elif ends == "trickle":
        for start in range(cut, cut + 5000, 10):
            request.server.over.wait(0.02)
            request.wfile.write(body[start : start + 10])
        request.wfile.write(body[cut + 5000 :])


def status(code, **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return partial(reply, status=code, body=b"a page that is not the file", headers=fields)


def hang_up(request):
    request.close_connection = True


def serve(content=CONTENT, **lies):
    return partial(send, content=content, **lies)


GOOD, BAD = serve(), serve(OTHER)
CUT = serve(cut=HALF)


class Server(ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.routes, self.asked, self.sent, self.faults = {}, [], [], []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.running = self.most_running = 0

    def play(self, *answers, path="/file"):
        """Serve ``answers`` in turn; returns their address."""
        self.routes[path] = list(answers)
        return self.address + path

    def ranges(self):
        return [headers.get("Range") for _, headers in self.asked]

    def handle_error(self, *_):
        if not isinstance(sys.exception(), ConnectionError):  # a client that hangs up
            self.faults.append(sys.exception())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        server = self.server
        with server.lock:
            server.asked.append((self.path, self.headers))
            script = server.routes.get(self.path, [status(404)])
            answer = script.pop(0) if len(script) > 1 else script[0]
            server.running += 1
            server.most_running = max(server.most_running, server.running)
        try:
            answer(self)
        finally:
            with server.lock:
                server.running -= 1

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()
        assert not server.faults


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "file.bin"


@pytest.fixture
def waits(monkeypatch):
    """The seconds of the waits between attempts, which are skipped."""
    waited = []
    monkeypatch.setattr(download.time, "sleep", waited.append)
    return waited


def names(file):
    return sorted(path.name for path in file.parent.iterdir())


def check_content(path):
    if path.read_bytes() != CONTENT:
        raise StudyError(f"{path} has other bytes")


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


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_refused_connection(file):
    address = f"http://127.0.0.1:{closed_port()}/file"
    message = rf"^can't fetch {address} \(Connection refused\): put the file at {file} by hand$"
    with pytest.raises(StudyError, match=message):
        fetch(address, file, patience=QUICK)
    assert names(file) == []


@pytest.fixture
def lookups(monkeypatch):
    """The hosts that were looked up; no name resolves."""
    asked = []

    def fail(host, *_):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    return asked


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
