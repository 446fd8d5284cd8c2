"""Torchvision's weights, fetched from a local server."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import fetch_weights
from lookwhere.errors import StudyError
from lookwhere.nets.classifiers import download_address

CONTENT = b"weights of a net" * 1000
HASH = hashlib.sha256(CONTENT).hexdigest()[:8]


@pytest.fixture
def server(tmp_path):
    """Serves the files of ``tmp_path/served`` at the address that it yields."""
    (tmp_path / "served").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Quiet, directory=tmp_path / "served")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture
def fetch(server, tmp_path, monkeypatch):
    """Fetch a file of the server, as torchvision's address."""

    def run(name: str) -> bytes:
        monkeypatch.setattr(fetch_weights, "download_address", lambda *_: f"{server}/{name}")
        fetch_weights.main("vgg19", "IMAGENET1K_V1", tmp_path / "weights.pth")
        return (tmp_path / "weights.pth").read_bytes()

    return run


def test_weights_arrive_whole(fetch, tmp_path):
    (tmp_path / "served" / f"vgg19-{HASH}.pth").write_bytes(CONTENT)
    assert fetch(f"vgg19-{HASH}.pth") == CONTENT


@pytest.mark.parametrize("served", [CONTENT[:-1], b""], ids=["wrong bytes", "empty"])
def test_weights_of_another_hash_are_refused(fetch, tmp_path, served):
    (tmp_path / "served" / f"vgg19-{HASH}.pth").write_bytes(served)
    with pytest.raises(StudyError, match=r"can't fetch .*its SHA-256 starts with"):
        fetch(f"vgg19-{HASH}.pth")
    assert not list(tmp_path.glob("*weights.pth*"))


def test_missing_weights_are_reported_with_a_path_for_them(fetch, tmp_path):
    with pytest.raises(StudyError, match=r"404.*put the file at .*weights\.pth by hand"):
        fetch("vgg19-00000000.pth")
    assert not list(tmp_path.glob("*weights.pth*"))


def test_addresses_are_torchvisions():
    address = download_address("squeezenet1_0", "IMAGENET1K_V1")
    assert address == "https://download.pytorch.org/models/squeezenet1_0-b66bff10.pth"


def test_unknown_weights_are_reported_with_the_valid_ones():
    with pytest.raises(StudyError, match="did you mean 'IMAGENET1K_V1'"):
        download_address("squeezenet1_0", "IMAGENET1K_V9")
