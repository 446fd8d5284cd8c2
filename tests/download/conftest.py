"""The fixtures of tests of downloads."""

import socket
import threading

import pytest

from lookwhere.io import download

from .server import Server


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


@pytest.fixture
def lookups(monkeypatch):
    """The hosts that were looked up; no name resolves."""
    asked = []

    def fail(host, *_):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    return asked
