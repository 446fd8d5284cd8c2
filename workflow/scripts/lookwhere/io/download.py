"""Downloads: a file arrives whole and verified, or not at all; an existing file is kept.

Partial bytes are in ``.part-NAME`` beside the file; ``.part-NAME.etag`` holds their address and
validator (strong ETag, else Last-Modified). So the next attempt, also of a later run, requests the
rest alone, and starts over if the file has changed (RFC 9110, 13.1.5).
"""

import fcntl
import hashlib
import os
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from lookwhere.errors import StudyError, enumerate_errors, root_cause
from lookwhere.io.logs import log, progress

CHUNK = 1 << 18  # bytes
LARGE = 20_000_000  # bytes from which a download has a progress bar
LISTED = 10  # failures in the final message
MAX_BYTES = 16 * 10**9  # of a file, by default
MAX_UNANNOUNCED = 10**8  # bytes of a body without a length in its headers


@dataclass(frozen=True)
class Patience:
    """Retry policy. Waits between attempts double, up to ``longest_wait``, with jitter."""

    attempts: int = 6
    seconds: float = 30  # timeout to connect and to read, and period of the pace
    bytes_per_second: float = 1024  # a slower pace is a failed attempt
    first_wait: float = 1  # seconds
    longest_wait: float = 60  # seconds; a server's Retry-After is honoured up to it


PATIENCE = Patience()


@dataclass(frozen=True)
class Download:
    """A file to fetch: its address, destination and checks."""

    address: str
    file: Path
    sha256_start: str | None = None  # hexadecimal
    check: Callable[[Path], None] | None = None  # raises StudyError for wrong content
    max_bytes: int = MAX_BYTES

    def fault(self, path: Path) -> str | None:
        """Why the bytes at ``path`` fail the checks; None if they pass."""
        if not path.is_file():  # a read from a pipe would block
            return f"{str(path)!r} is not a regular file"
        if self.sha256_start is not None:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if not digest.startswith(self.sha256_start.lower()):
                return f"its SHA-256 starts with {digest[:12]}, not with {self.sha256_start}"
        try:
            if self.check is not None:
                self.check(path)
        except StudyError as error:
            return str(error).replace(path.name, self.file.name)  # not its draft's name
        return None

    def failure(self, reason: str) -> str:
        """The message for a file that was not fetched."""
        return f"can't fetch {self.address} ({reason}): put the file at {self.file} by hand"


def fetch(
    address: str,
    file: Path,
    *,
    sha256_start: str | None = None,
    check: Callable[[Path], None] | None = None,
    patience: Patience = PATIENCE,
) -> None:
    """Fetch ``address`` to ``file``, which must not exist; it appears once its bytes are verified.

    Raises StudyError, with the reason and the way out, when ``patience`` ends, the server refuses
    (4xx), or the bytes are wrong twice.
    """
    log.info("fetch %s", address)
    with _session(connections=1) as session:
        _fetch(session, Download(address, file, sha256_start, check), patience)


def fetch_all(
    downloads: Sequence[Download], connections: int = 8, patience: Patience = PATIENCE
) -> None:
    """Fetch all files that do not exist, over at most ``connections`` at once.

    A failure stops no other download, but a host that can't be reached is not tried again. At the
    end raises one StudyError that lists the files that are missing or fail their checks.
    """
    unreachable: set[str] = set()

    def attempt(download: Download) -> str | None:
        try:
            host = urlsplit(download.address).netloc
            if download.file.exists():
                return _failure_of_existing(download)
            if host in unreachable:
                return download.failure(f"{host} can't be reached")
            _fetch(session, download, patience)
        except StudyError as error:
            if isinstance(error, _UnreachableError):
                unreachable.add(error.host)
            return str(error)
        except ValueError as error:  # an address such as http://[
            return download.failure(str(error))
        return None

    distinct = {download.file: download for download in downloads}.values()
    with _session(connections) as session, ThreadPoolExecutor(connections) as pool:
        futures = [pool.submit(attempt, download) for download in distinct]
        try:
            results = []
            with tqdm(total=len(futures), desc="files", unit="file", disable=None) as bar:
                for (future,) in progress([[future] for future in futures], "files"):
                    results.append(future.result())
                    bar.update()
        finally:
            pool.shutdown(cancel_futures=True)
    if missing := [result for result in results if result is not None]:
        more = [f"and {len(missing) - LISTED} more"] if len(missing) > LISTED else []
        title = f"{len(missing)} of {len(results)} files are missing:"
        raise StudyError(enumerate_errors(title, missing[:LISTED] + more))


def max_image_bytes(width: int, height: int) -> int:
    """An upper bound of an image file's bytes in any format: 16 a pixel, and a megabyte."""
    return 16 * width * height + 10**6


class _UnreachableError(StudyError):
    """No connection to ``host``: its other files can't be fetched either."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class _TransientError(Exception):
    """A failure that may pass after ``seconds``."""

    def __init__(self, message: str, seconds: float = 0) -> None:
        super().__init__(message)
        self.seconds = seconds


class _TooLargeError(requests.HTTPError):
    """More bytes than such a file can have."""


_TRANSIENT = (
    _TransientError,
    requests.ConnectionError,
    requests.Timeout,
    urllib3.exceptions.HTTPError,  # while the body is read
)


class _Partial:
    """The partial file of a download, and beside it the origin of its bytes."""

    def __init__(self, download: Download) -> None:
        self.address = download.address
        self.max_bytes = download.max_bytes
        self.path = download.file.with_name(f".part-{download.file.name}")
        self.origin = self.path.with_name(f"{self.path.name}.etag")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """The validator that the bytes came with; None if there are none, or from elsewhere."""
        if not self.size or not self.origin.exists():
            return None
        address, _, validator = self.origin.read_text("latin-1").partition("\n")
        return validator if address == self.address and validator else None

    def start(self, validator: str | None) -> None:
        """Empty the file, then record ``validator``: a kill in between mixes no bytes."""
        self.discard()
        if validator is not None:
            self.origin.write_text(f"{self.address}\n{validator}", "latin-1")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)


def _session(connections: int) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "concentration (saliency study)"
    session.headers["Accept-Encoding"] = "identity"  # lengths and ranges are those of the file
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=connections))
    return session


class _Prompt:
    """A connection with a timeout for all headers of a response.

    The timeout of a socket restarts with every byte.
    """

    sock: socket.socket | None
    timeout: float | None

    def getresponse(self) -> Any:
        connection, seconds = self.sock, self.timeout
        if connection is None or not isinstance(seconds, int | float):
            return super().getresponse()  # type: ignore[misc]
        late = threading.Event()
        alarm = threading.Timer(seconds, _hang_up, [connection, late])
        alarm.daemon = True
        alarm.start()
        try:
            response = super().getresponse()  # type: ignore[misc]
        finally:
            alarm.cancel()
        if late.is_set():  # headers that the alarm cut short look complete
            raise TimeoutError("timed out")
        return response


class _PromptHTTP(_Prompt, HTTPConnection):
    """Over HTTP."""


class _PromptHTTPS(_Prompt, HTTPSConnection):
    """Over HTTPS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PromptHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PromptHTTPS


class _Adapter(HTTPAdapter):
    """An adapter with prompt connections."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def _hang_up(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _failure_of_existing(download: Download) -> str | None:
    """Why an existing file fails its checks. It may be the user's, so it is not replaced."""
    fault = download.fault(download.file)
    return fault and f"{fault}. To fetch it, move {str(download.file)!r} away and rerun"


def _fetch(session: requests.Session, download: Download, patience: Patience) -> None:
    """Receive, verify, rename. Wrong bytes are discarded and fetched once more."""
    partial = _Partial(download)
    try:
        download.file.parent.mkdir(parents=True, exist_ok=True)
        with _locked(partial):
            if not download.file.exists():  # else another run has fetched it
                _receive_verified(session, download, partial, patience)
    except (*_TRANSIENT, OSError) as error:
        if isinstance(error, _TooLargeError):
            partial.discard()
        message, host = download.failure(root_cause(error)), _unreachable_host(error)
        raise (_UnreachableError(message, host) if host else StudyError(message)) from None


def _receive_verified(
    session: requests.Session, download: Download, partial: _Partial, patience: Patience
) -> None:
    _receive(session, partial, patience)
    if fault := download.fault(partial.path):
        log.warning("%s is fetched once more: %s", download.address, fault)
        partial.discard()
        _receive(session, partial, patience)
        if fault := download.fault(partial.path):
            partial.discard()
            raise StudyError(download.failure(fault))
    partial.path.replace(download.file)
    partial.discard()


@contextmanager
def _locked(partial: _Partial) -> Iterator[None]:
    """Hold the lock of a partial file, so that runs that fetch the same file take turns."""
    lock = partial.path.with_name(f"{partial.path.name}.lock")
    while True:
        with lock.open("a") as handle:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                if not os.path.samestat(lock.stat(), os.fstat(handle.fileno())):
                    continue  # the previous run removed it, and another created it
            except FileNotFoundError:
                continue
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _receive(session: requests.Session, partial: _Partial, patience: Patience) -> None:
    """Receive the whole body, in at most ``patience.attempts`` attempts."""
    for attempt in count(1):
        try:
            return _attempt(session, partial, patience)
        except _TRANSIENT as error:
            if attempt >= patience.attempts:
                raise
            wait = _wait(attempt, getattr(error, "seconds", 0), patience)
            log.info("%s: %s; retry in %.0f s", partial.address, root_cause(error), wait)
            time.sleep(wait)


def _attempt(session: requests.Session, partial: _Partial, patience: Patience) -> None:
    """Request the missing bytes, or all where the server can't resume."""
    validator = partial.validator
    headers = {"Range": f"bytes={partial.size}-", "If-Range": validator} if validator else {}
    with session.get(
        partial.address, headers=headers, stream=True, timeout=patience.seconds
    ) as response:
        resumes = validator is not None and _resumes(response, partial)
        if validator is not None and not resumes and response.status_code in (206, 416):
            partial.discard()
            return _attempt(session, partial, patience)
        if not resumes:
            _require_whole(response)
            partial.start(_validator(response.headers))
        total = _total(response)
        if total is not None and total > partial.max_bytes:
            most = partial.max_bytes
            raise _TooLargeError(f"{total} bytes are announced, more than the maximum of {most}")
        most = partial.max_bytes if total is not None else min(partial.max_bytes, MAX_UNANNOUNCED)
        _append(response, partial, patience, total, most)
    if total is not None and partial.size != total:
        raise _TransientError(f"{partial.size} of {total} bytes arrived")


def _resumes(response: requests.Response, partial: _Partial) -> bool:
    """Whether the body is the rest of the same file, from the end of the partial one."""
    start = re.match(r"bytes (\d+)-\d+/\d+$", response.headers.get("Content-Range", ""))
    return (
        response.status_code == 206
        and start is not None
        and int(start[1]) == partial.size
        and _validator(response.headers) == partial.validator
    )


def _require_whole(response: requests.Response) -> None:
    """Raise an error, transient or not, unless the body is the whole file."""
    status = f"{response.status_code} {response.reason or ''}".strip()
    if response.status_code == 429 or response.status_code >= 500:
        raise _TransientError(status, _retry_after(response.headers.get("Retry-After", "0")))
    if response.status_code != 200:
        raise requests.HTTPError(status)


def _append(
    response: requests.Response,
    partial: _Partial,
    patience: Patience,
    total: int | None,
    most: int,
) -> None:
    """Append the body, not decoded. Raises if it is too slow or too large."""
    received, start = 0, time.monotonic()
    with partial.path.open("ab") as sink, _bar(partial, total) as bar:
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            if sink.tell() + len(chunk) > most:
                raise _TooLargeError(f"the body does not end after {most} bytes")
            sink.write(chunk)
            bar.update(len(chunk))
            received += len(chunk)
            seconds = time.monotonic() - start
            if seconds >= patience.seconds:
                if received < patience.bytes_per_second * seconds:
                    raise _TransientError(f"only {received / seconds:.0f} bytes a second")
                log.info("%s: %.0f MB so far", partial.address, sink.tell() / 1e6)
                received, start = 0, time.monotonic()


def _bar(partial: _Partial, total: int | None) -> tqdm:
    """A progress bar for a large file, shown on a terminal alone."""
    hidden = None if total is not None and total >= LARGE else True  # None hides it off a terminal
    name = partial.path.name.removeprefix(".part-")
    return tqdm(None, name, total, initial=partial.size, unit="B", unit_scale=True, disable=hidden)


def _total(response: requests.Response) -> int | None:
    """Bytes of the whole file, or None if the headers do not state them."""
    name = "Content-Range" if response.status_code == 206 else "Content-Length"
    number = response.headers.get(name, "").rpartition("/")[2]
    return int(number) if number.isdecimal() else None


def _validator(headers: Mapping[str, str]) -> str | None:
    """The strong ETag, else Last-Modified. A weak ETag does not guarantee equal bytes."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified")


def _wait(attempt: int, requested: float, patience: Patience) -> float:
    """Seconds to wait after failed attempt number ``attempt``, at least those ``requested``."""
    backoff = patience.first_wait * 2 ** (attempt - 1) * random.uniform(0.5, 1)
    return min(max(backoff, requested), patience.longest_wait)


def _retry_after(header: str) -> float:
    """Seconds of a Retry-After header (seconds or a date); 0 if it is neither."""
    try:
        return urllib3.Retry().parse_retry_after(header)
    except (urllib3.exceptions.HTTPError, ValueError, OverflowError):
        return 0


def _unreachable_host(error: Exception) -> str | None:
    """The host, if ``error`` is a failure to connect to it."""
    if not isinstance(error, requests.ConnectionError) or error.request is None:
        return None
    inner = getattr(error.args[0], "reason", None)
    kinds = (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)
    if isinstance(error, kinds) or isinstance(inner, urllib3.exceptions.NewConnectionError):
        return urlsplit(str(error.request.url)).netloc
    return None
