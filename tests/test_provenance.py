"""Notes of settings, the folders of studies, and receipts of files that are no results."""

import json
import os
from contextvars import copy_context
from pathlib import Path

import pytest

from lookwhere.errors import StudyError
from lookwhere.io import provenance, receipts
from lookwhere.io.receipts import Digests

SETTINGS = {"growth": 0.2, "classes": ["信号", "dog"], "net": {"name": "a", "weights": None}}


def notes(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def test_equal_settings_share_a_note_and_others_do_not(tmp_path):
    first = provenance.note(tmp_path, SETTINGS)
    assert provenance.note(tmp_path, dict(reversed(SETTINGS.items()))) == first
    assert json.loads(first.read_text("utf-8")) == SETTINGS
    assert provenance.note(tmp_path, SETTINGS | {"growth": 0.9}) != first
    assert len(notes(tmp_path)) == 2


def test_an_old_note_is_not_written_again(tmp_path):
    """Its time shows that the results have these settings."""
    first = provenance.note(tmp_path, SETTINGS)
    os.utime(first, (1, 1))
    assert provenance.note(tmp_path, SETTINGS).stat().st_mtime == 1


def test_a_job_removes_the_notes_of_other_settings_of_its_rule_alone(tmp_path):
    other_rule = provenance.note(tmp_path / "dilate_more", SETTINGS)
    provenance.note(tmp_path / "dilate", SETTINGS)
    new = provenance.note(tmp_path / "dilate", SETTINGS | {"growth": 0.9})
    assert provenance.activate(new) == SETTINGS | {"growth": 0.9}
    assert notes(tmp_path) == sorted([other_rule, new])


@pytest.mark.parametrize("damage", ["", "{", '{"growth": 0.3}', "[]"])
def test_a_damaged_note_is_reported_with_the_way_out(tmp_path, damage):
    note = provenance.note(tmp_path, {"growth": 0.2})
    note.write_text(damage)
    with pytest.raises(StudyError, match="are damaged: delete this file and rerun"):
        provenance.activate(note)


@pytest.mark.parametrize(
    ("files", "foreign"),
    [
        ([], None),
        ([".study", "masks/my_mask.png"], None),
        (["masks/my_mask.png"], "masks"),
        (["notes.txt"], "notes.txt"),
        ([".gitkeep"], None),
        (["coco2017/.study", "coco2017/masks/1-dog.png"], None),
        (["coco2017/.study", "thesis/chapter.tex"], "thesis"),
        (["papers/one/.study", "papers/one/subset.csv"], None),
        (["papers/one/.study", "papers/two/subset.csv"], "papers"),
    ],
)
def test_a_folder_with_foreign_files_is_no_folder_of_results(tmp_path, files, foreign):
    results = tmp_path / "results"
    for name in files:
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).touch()
    assert provenance.foreign_content(results) == foreign
    if foreign is None:
        provenance.mark(results)
        (results / "masks").mkdir(exist_ok=True)
        (results / "masks/1-dog.png").touch()
        assert provenance.foreign_content(results) is None


def test_a_file_is_no_folder_of_results(tmp_path):
    (tmp_path / "results").write_text("mine")
    assert provenance.foreign_content(tmp_path / "results") == "results"


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / "images/dog.jpg"
    path.parent.mkdir()
    path.write_bytes(b"woof" * 1000)
    return path


def replace_in_old_time(path: Path, content: bytes) -> None:
    """Like ``cp -p``, or ``mv`` of an older file."""
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_digests_are_cached_until_the_file_changes_whatever_its_time(image, tmp_path, monkeypatch):
    memory = tmp_path / "sha256.json"
    digests = Digests(memory)
    first = digests.sha256(image)
    digests.save()
    with monkeypatch.context() as patch:
        patch.setattr(receipts.hashlib, "file_digest", None)  # it is not read again
        assert Digests(memory).sha256(image) == first
    replace_in_old_time(image, b"meow" * 1000)
    assert Digests(memory).sha256(image) != first
    replace_in_old_time(image, b"woof" * 1000)
    assert Digests(memory).sha256(image) == first


def test_the_digest_of_a_folder_covers_names_and_contents(image, tmp_path):
    digests = Digests(tmp_path / "memory")
    known = {digests.of_path(image.parent)}
    (image.parent / "more").mkdir()
    assert digests.of_path(image.parent) in known  # a folder is not a file
    other = image.parent / "more/cat.jpg"
    for change in (lambda: other.write_bytes(b"a"), lambda: other.write_bytes(b"b")):
        change()
        assert digests.of_path(image.parent) not in known
        known.add(digests.of_path(image.parent))
    other.rename(image.parent / "more/dog.jpg")
    assert digests.of_path(image.parent) not in known
    assert digests.of_path(image) == digests.sha256(image)


def test_the_digest_of_annotations_leaves_out_the_images_among_them(image, tmp_path):
    """A folder of VOC's holds both: 100 MB of annotations, and 2 GB of images."""
    digests, root = Digests(tmp_path / "memory"), image.parent.parent
    (root / "masks").mkdir()
    (root / "masks/dog.png").write_bytes(b"a")
    of_all, of_masks = digests.of_path(root), digests.of_path(root, without=image.parent)
    image.write_bytes(b"another image")
    assert digests.of_path(root) != of_all
    assert digests.of_path(root, without=image.parent) == of_masks
    assert digests.of_path(root, without=root / "masks/../" / image.parent.name) == of_masks
    (root / "masks/dog.png").write_bytes(b"b")
    assert digests.of_path(root, without=image.parent) != of_masks
    assert digests.of_path(root, without=tmp_path / "elsewhere") == digests.of_path(root)
    assert digests.of_path(root, without=root) == digests.of_path(root)


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"a": 1', '{"/dog.jpg": 3}'])
def test_a_damaged_cache_is_ignored(image, tmp_path, content):
    memory = tmp_path / "sha256.json"
    expected = Digests(memory).sha256(image)
    memory.write_text(content.replace("/dog.jpg", str(image)))
    assert Digests(memory).sha256(image) == expected


def test_a_pipe_or_folder_counts_as_missing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nowhere", "."):
        assert Digests(tmp_path / "memory").sha256(tmp_path / name) == receipts.MISSING


@pytest.fixture
def receipt(image, tmp_path):
    """A function that writes the receipt of the image, as a job whose rule has this fingerprint."""
    path = tmp_path / "results/images.csv"

    def make(fingerprint):
        note = provenance.note(tmp_path / "results/provenance/select", {"fingerprint": fingerprint})
        copy_context().run(write, note)
        return path

    def write(note):
        provenance.activate(note)
        receipts.write(receipts.of_files(["dog.jpg"], image.parent), path)

    return make


def test_the_fingerprint_changes_with_the_files_and_then_stays(receipt, image, tmp_path):
    def fingerprint():
        digests = Digests(tmp_path / "memory")
        return receipts.fingerprint(tmp_path / "results/images.csv", image.parent, digests)

    assert fingerprint() is None  # no receipt yet
    receipt(fingerprint())
    assert fingerprint() is None
    replace_in_old_time(image, b"meow" * 1000)
    changed = fingerprint()
    assert changed is not None
    receipt(changed)
    assert fingerprint() == changed  # until the files change again
    known = {None, changed}
    for content in (b"woof" * 1000, b"meow" * 1000, None, b"woof" * 1000, None):  # there and back
        image.unlink(missing_ok=True)
        if content:
            image.write_bytes(content)
            os.utime(image, (1e9, 1e9))
        changed = fingerprint()
        assert changed not in known
        known.add(changed)
        receipt(changed)
        assert fingerprint() == changed


def test_a_damaged_receipt_changes_the_fingerprint(receipt, image, tmp_path):
    path = receipt(None)
    path.write_text(path.read_text("utf-8").replace("dog", "cat"), "utf-8")
    assert receipts.fingerprint(path, image.parent, Digests(tmp_path / "memory")) is not None


def test_the_pictures_of_panoptic_annotations_belong_to_them(tmp_path):
    file = tmp_path / "panoptic_val.json"
    file.write_text("{}")
    (tmp_path / "panoptic_val").mkdir()
    picture = tmp_path / "panoptic_val" / "1.png"
    picture.write_bytes(b"one")
    digests = Digests(tmp_path / "memory")
    before = digests.of_path(file)
    picture.write_bytes(b"another")
    assert digests.of_path(file) != before
