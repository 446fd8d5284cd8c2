"""A member of a zip archive is extracted intact, or an error is raised, whatever the damage."""

import zipfile

import numpy as np
import pytest

from lookwhere.errors import StudyError
from lookwhere.io.archives import unzip_member

OTHER = np.random.default_rng(0).bytes(200_000)
MIDDLE = 100_000  # a place inside the last member


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "file"


def names(file):
    return sorted(path.name for path in file.parent.iterdir())


TEXT = b"[1, 2, 3]" * 10_000


@pytest.fixture
def archive(tmp_path):
    with zipfile.ZipFile(path := tmp_path / "archive.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("annotations/instances_train2017.json", TEXT)
        opened.writestr("annotations/instances_val2017.json", OTHER)
    return path


def test_unzip(archive, file):
    unzip_member(archive, "annotations/instances_train2017.json", file)
    assert file.read_bytes() == TEXT


def test_an_archive_that_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path, file):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened:
        opened.writestr("annotations/a.json", bytes(20_000_000))
    with pytest.raises(StudyError, match="a member of 20000000, more than 200 times its size"):
        unzip_member(bomb, "annotations/a.json", file)
    assert not file.parent.exists()


def test_unzip_missing_member_names_the_near_one(archive, file):
    message = "has no member 'instances_val2017.json'; did you mean 'annotations/instances_val2017"
    with pytest.raises(StudyError, match=message):
        unzip_member(archive, "instances_val2017.json", file)
    assert not file.exists()


def misname(data):
    """Mark the last member's name as UTF-8, which it is not."""
    at = data.rfind(b"PK\1\2")
    return data[: at + 9] + b"\x08" + data[at + 10 : at + 46] + b"\xa6" + data[at + 47 :]


DAMAGED = {
    "name": (misname, "invalid start byte"),
    "flipped": (lambda data: data[:MIDDLE] + bytes([data[MIDDLE] ^ 1]) + data[MIDDLE + 1 :], "CRC"),
    "cut short": (lambda data: data[:MIDDLE], "not a zip file"),
    "page": (lambda _: b"<html>", "not a zip file"),
    "empty": (lambda _: b"", "not a zip file"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGED.values(), ids=DAMAGED.keys())
def test_unzip_damaged(archive, file, damage, reason):
    archive.write_bytes(damage(archive.read_bytes()))
    message = (
        rf"^archive '{archive}' can't be unpacked to '{file}' \(.*{reason}.*\): fetch it again$"
    )
    with pytest.raises(StudyError, match=message):
        unzip_member(archive, "annotations/instances_val2017.json", file)
    assert not file.exists()
    assert not file.parent.exists() or not names(file)


def test_unzip_missing_archive(tmp_path, file):
    with pytest.raises(StudyError, match=r"nowhere\.zip' .*No such file"):
        unzip_member(tmp_path / "nowhere.zip", "member", file)


@pytest.mark.parametrize("seed", range(100))
def test_unzip_of_any_damage_is_right_or_an_error(tmp_path, file, seed):
    rng = np.random.default_rng(seed)
    with zipfile.ZipFile(path := tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("member", TEXT)
    data = bytearray(path.read_bytes())
    for place in rng.integers(0, len(data), rng.integers(1, 4)):
        data[place] = rng.integers(256)
    path.write_bytes(data[: rng.integers(len(data) * 9 // 10, len(data) * 11 // 10)])
    try:
        unzip_member(path, "member", file)
    except StudyError:
        assert not file.exists()
    else:
        assert file.read_bytes() == TEXT
