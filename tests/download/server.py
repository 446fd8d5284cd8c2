"""A faulty local server: a route is a list of responses, one a request; the last repeats."""

import hashlib
import re
import socket
import struct
import sys
import threading
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from lookwhere.errors import StudyError
from lookwhere.io.download import Patience

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


def names(file):
    return sorted(path.name for path in file.parent.iterdir())


def check_content(path):
    if path.read_bytes() != CONTENT:
        raise StudyError(f"{path} has other bytes")


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
