"""Downloads: a file arrives whole and verified, or not at all; one that is there stays as it is.

The bytes gather in ``.part-NAME`` beside the file; ``.part-NAME.etag`` remembers the address and
the validator (strong ETag, else Last-Modified) that they came with. So the next attempt, even that
of a later run, asks for the rest alone, and starts anew if the file has changed (RFC 9110, 13.1.5).
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

from lookwhere.errors import StudyError, enumerate_errors, innermost
from lookwhere.io.logs import log, progress

CHUNK = 1 << 18  # bytes
LARGE = 20_000_000  # bytes from which a file has a progress bar of its own
LISTED = 10  # failures that the final message tells in full
MOST_BYTES = 16 * 10**9  # of a file, unless its download says less
MOST_UNANNOUNCED = 10**8  # bytes of a body whose length the server does not tell


@dataclass(frozen=True)
class Patience:
    """When to give up. Waits between attempts double, up to ``longest_wait``, with jitter."""

    attempts: int = 6
    seconds: float = 30  # to connect, to wait for bytes, and to measure their pace over
    bytes_per_second: float = 1024  # a slower pace is a failure
    first_wait: float = 1  # seconds
    longest_wait: float = 60  # seconds; a server's Retry-After is honoured up to it


PATIENCE = Patience()


@dataclass(frozen=True)
class Download:
    """What to fetch, where to put it, and how to know that it is right."""

    address: str
    file: Path
    sha256_start: str | None = None  # hexadecimal
    check: Callable[[Path], None] | None = None  # raises StudyError for wrong content
    most_bytes: int = MOST_BYTES

    def fault(self, path: Path) -> str | None:
        """Why the bytes at ``path`` are not the right ones."""
        if not path.is_file():  # to read from a pipe would wait for ever
            return f"{str(path)!r} is not a regular file"
        if self.sha256_start is not None:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if not found.startswith(self.sha256_start.lower()):
                return f"its SHA-256 starts with {found[:12]}, not with {self.sha256_start}"
        try:
            if self.check is not None:
                self.check(path)
        except StudyError as error:
            return str(error).replace(path.name, self.file.name)  # a draft's name helps nobody
        return None

    def complaint(self, reason: str) -> str:
        return f"can't fetch {self.address} ({reason}): put the file at {self.file} by hand"


def fetch(
    address: str,
    file: Path,
    *,
    sha256_start: str | None = None,
    check: Callable[[Path], None] | None = None,
    patience: Patience = PATIENCE,
) -> None:
    """Fetch ``address`` to ``file``, which must not be there; it appears once its bytes pass.

    Raises StudyError, with the reason and the way out, when ``patience`` ends, the server refuses
    (4xx), or the bytes are wrong twice.
    """
    log.info("fetch %s", address)
    with _session(connections=1) as session:
        _fetch(session, Download(address, file, sha256_start, check), patience)


def fetch_all(
    downloads: Sequence[Download], connections: int = 8, patience: Patience = PATIENCE
) -> None:
    """Fetch all files that are not there, over at most ``connections`` at once.

    A failure stops no other download, but a host that can't be reached is not tried again. At the
    end raises one StudyError that lists what is missing, or there and does not pass.
    """
    unreachable: set[str] = set()

    def attempt(download: Download) -> str | None:
        try:
            host = urlsplit(download.address).netloc
            if download.file.exists():
                return _complaint_of_present(download)
            if host in unreachable:
                return download.complaint(f"{host} can't be reached")
            _fetch(session, download, patience)
        except StudyError as error:
            if isinstance(error, _UnreachableError):
                unreachable.add(error.host)
            return str(error)
        except ValueError as error:  # an address such as http://[
            return download.complaint(str(error))
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


def most_bytes_of_image(width: int, height: int) -> int:
    """More bytes than the file of an image has, in any format: 16 a pixel, and a megabyte."""
    return 16 * width * height + 10**6


class _UnreachableError(StudyError):
    """No connection to ``host``: its other files can't be fetched either."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class _PassingError(Exception):
    """A failure that may pass, once ``seconds`` have gone by."""

    def __init__(self, message: str, seconds: float = 0) -> None:
        super().__init__(message)
        self.seconds = seconds


class _TooLargeError(requests.HTTPError):
    """More bytes than such a file can have."""


_PASSING = (
    _PassingError,
    requests.ConnectionError,
    requests.Timeout,
    urllib3.exceptions.HTTPError,  # while the body is read
)


class _Partial:
    """The bytes of a download so far, and beside them where they came from."""

    def __init__(self, download: Download) -> None:
        self.address = download.address
        self.most_bytes = download.most_bytes
        self.path = download.file.with_name(f".part-{download.file.name}")
        self.origin = self.path.with_name(f"{self.path.name}.etag")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """What tells whether the server's file is still the one that the bytes are of."""
        if not self.size or not self.origin.exists():
            return None
        address, _, validator = self.origin.read_text("latin-1").partition("\n")
        return validator if address == self.address and validator else None

    def start(self, validator: str | None) -> None:
        """Empty, before it is of ``validator``: a kill in between mixes nothing."""
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
    """A connection that ends unless the headers of an answer are there in time, however they drip.

    The timeout of a socket starts again with every byte.
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
        if late.is_set():  # the end of the headers may be that of the connection
            raise TimeoutError("timed out")
        return response


class _PromptHTTP(_Prompt, HTTPConnection):
    """By http."""


class _PromptHTTPS(_Prompt, HTTPSConnection):
    """By https."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PromptHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PromptHTTPS


class _Adapter(HTTPAdapter):
    """An adapter of prompt connections."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def _hang_up(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _complaint_of_present(download: Download) -> str | None:
    """Why a file that is there does not pass. It may be the user's, so it is not replaced."""
    fault = download.fault(download.file)
    return fault and f"{fault}. To fetch it, move {str(download.file)!r} away and rerun"


def _fetch(session: requests.Session, download: Download, patience: Patience) -> None:
    """Receive, verify, rename. Wrong bytes are thrown away and fetched once more."""
    partial = _Partial(download)
    try:
        download.file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(partial):
            if not download.file.exists():  # another run may have fetched it meanwhile
                _receive_sound(session, download, partial, patience)
    except (*_PASSING, OSError) as error:
        if isinstance(error, _TooLargeError):
            partial.discard()
        complaint, host = download.complaint(innermost(error)), _unreachable_host(error)
        raise (_UnreachableError(complaint, host) if host else StudyError(complaint)) from None


def _receive_sound(
    session: requests.Session, download: Download, partial: _Partial, patience: Patience
) -> None:
    _receive(session, partial, patience)
    if fault := download.fault(partial.path):
        log.warning("%s is fetched once more: %s", download.address, fault)
        partial.discard()
        _receive(session, partial, patience)
        if fault := download.fault(partial.path):
            partial.discard()
            raise StudyError(download.complaint(fault))
    partial.path.replace(download.file)
    partial.discard()


@contextmanager
def _alone(partial: _Partial) -> Iterator[None]:
    """Two runs that fetch one file take turns: their bytes would gather in one partial file."""
    lock = partial.path.with_name(f"{partial.path.name}.lock")
    while True:
        with lock.open("a") as handle:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                if not os.path.samestat(lock.stat(), os.fstat(handle.fileno())):
                    continue  # the run before has removed it, and another has made a new one
            except FileNotFoundError:
                continue
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _receive(session: requests.Session, partial: _Partial, patience: Patience) -> None:
    """Gather the whole body, in as many attempts as ``patience`` grants."""
    for attempt in count(1):
        try:
            return _attempt(session, partial, patience)
        except _PASSING as error:
            if attempt >= patience.attempts:
                raise
            wait = _wait(attempt, getattr(error, "seconds", 0), patience)
            log.info("%s: %s; again in %.0f s", partial.address, innermost(error), wait)
            time.sleep(wait)


def _attempt(session: requests.Session, partial: _Partial, patience: Patience) -> None:
    """Ask for what is missing, or for everything where the server can't go on."""
    validator = partial.validator
    headers = {"Range": f"bytes={partial.size}-", "If-Range": validator} if validator else {}
    with session.get(
        partial.address, headers=headers, stream=True, timeout=patience.seconds
    ) as response:
        goes_on = validator is not None and _goes_on(response, partial)
        if validator is not None and not goes_on and response.status_code in (206, 416):
            partial.discard()
            return _attempt(session, partial, patience)
        if not goes_on:
            _require_whole(response)
            partial.start(_validator(response.headers))
        total = _total(response)
        if total is not None and total > partial.most_bytes:
            most = partial.most_bytes
            raise _TooLargeError(f"{total} bytes are announced, and such a file has at most {most}")
        most = (
            partial.most_bytes if total is not None else min(partial.most_bytes, MOST_UNANNOUNCED)
        )
        _append(response, partial, patience, total, most)
    if total is not None and partial.size != total:
        raise _PassingError(f"{partial.size} of {total} bytes arrived")


def _goes_on(response: requests.Response, partial: _Partial) -> bool:
    """Whether the body is the rest of the same file, from where the partial one ends."""
    start = re.match(r"bytes (\d+)-\d+/\d+$", response.headers.get("Content-Range", ""))
    return (
        response.status_code == 206
        and start is not None
        and int(start[1]) == partial.size
        and _validator(response.headers) == partial.validator
    )


def _require_whole(response: requests.Response) -> None:
    """Raises an error, passing or not, unless the body is the whole file."""
    told = f"{response.status_code} {response.reason or ''}".strip()
    if response.status_code == 429 or response.status_code >= 500:
        raise _PassingError(told, _retry_after(response.headers.get("Retry-After", "0")))
    if response.status_code != 200:
        raise requests.HTTPError(told)


def _append(
    response: requests.Response,
    partial: _Partial,
    patience: Patience,
    total: int | None,
    most: int,
) -> None:
    """Append the body as it was sent, never decoded. Raises if it comes too slowly."""
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
                    raise _PassingError(f"only {received / seconds:.0f} bytes a second")
                log.info("%s: %.0f MB so far", partial.address, sink.tell() / 1e6)
                received, start = 0, time.monotonic()


def _bar(partial: _Partial, total: int | None) -> tqdm:
    """A bar of the bytes of a large file, where there is a terminal to draw it on."""
    hidden = None if total is not None and total >= LARGE else True  # None: off a terminal
    name = partial.path.name.removeprefix(".part-")
    return tqdm(None, name, total, initial=partial.size, unit="B", unit_scale=True, disable=hidden)


def _total(response: requests.Response) -> int | None:
    """Bytes of the whole file, where the server tells them."""
    name = "Content-Range" if response.status_code == 206 else "Content-Length"
    told = response.headers.get(name, "").rpartition("/")[2]
    return int(told) if told.isdecimal() else None


def _validator(headers: Mapping[str, str]) -> str | None:
    """A weak ETag promises no equal bytes, so it can't guard a resume."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified")


def _wait(attempt: int, asked: float, patience: Patience) -> float:
    """Seconds to wait after failure number ``attempt``, at least those that the server asked."""
    backoff = patience.first_wait * 2 ** (attempt - 1) * random.uniform(0.5, 1)
    return min(max(backoff, asked), patience.longest_wait)


def _retry_after(told: str) -> float:
    """Seconds, from seconds or a date; 0 for what is neither."""
    try:
        return urllib3.Retry().parse_retry_after(told)
    except (urllib3.exceptions.HTTPError, ValueError, OverflowError):
        return 0


def _unreachable_host(error: Exception) -> str | None:
    """The host, if ``error`` tells that no connection to it could be made."""
    if not isinstance(error, requests.ConnectionError) or error.request is None:
        return None
    inner = getattr(error.args[0], "reason", None)
    kinds = (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)
    if isinstance(error, kinds) or isinstance(inner, urllib3.exceptions.NewConnectionError):
        return urlsplit(str(error.request.url)).netloc
    return None
