"""The archive of annotations: fetched, damaged, or put there by hand."""

import zipfile
from pathlib import Path

import pytest

import fetch_annotations
from lookwhere.errors import StudyError
from lookwhere.io import download

MEMBER = "annotations/instances_train2017.json"


@pytest.fixture
def archive(tmp_path) -> Path:
    """An existing zip, so that nothing is fetched."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(MEMBER, "{}" * 1000)
    return path


@pytest.fixture
def fetched(archive, monkeypatch) -> Path:
    """The same zip, as if just downloaded."""
    content = archive.read_bytes()
    archive.unlink()
    monkeypatch.setattr(download, "fetch_all", lambda _: archive.write_bytes(content))
    return archive


def fetch(archive: Path) -> Path:
    annotations = archive.parent / "instances_train2017.json"
    fetch_annotations.main("http://127.0.0.1:9/all.zip", annotations)
    return annotations


def test_an_archive_put_there_by_hand_is_used_and_kept(archive):
    assert fetch(archive).read_text() == "{}" * 1000
    assert archive.exists()


def test_a_fetched_archive_is_removed_after_extraction(fetched):
    assert fetch(fetched).read_text() == "{}" * 1000
    assert not fetched.exists()


def test_a_damaged_archive_is_removed_so_that_the_next_run_fetches_it_again(archive, monkeypatch):
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 255
    archive.unlink()
    monkeypatch.setattr(download, "fetch_all", lambda _: archive.write_bytes(content))
    with pytest.raises(StudyError, match="can't be unpacked"):
        fetch(archive)
    assert list(archive.parent.iterdir()) == []
