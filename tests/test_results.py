"""Results are verified when they are read: damaged, changed, missing or of other settings."""

import json
import os
from contextvars import copy_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lookwhere.errors import StudyError
from lookwhere.io import provenance, results
from lookwhere.io.results import checked_file, checked_folder

SALIENCY = np.random.default_rng(0).random((3, 40, 50), dtype=np.float32)
TABLE = pd.DataFrame({"class": ["7", "NA", "dog"], "mean": [0.5, 0.25, np.nan]})


@pytest.fixture
def map_file(tmp_path) -> Path:
    """A map in a folder of a shard's maps."""
    folder = tmp_path / "results/saliency/1-1"
    with checked_folder(folder) as draft:
        np.save(draft / "1-dog.npy", SALIENCY)
    return folder / "1-dog.npy"


class Code:
    """Unpickling this object creates a file."""

    def __reduce__(self):
        return open, ("ran", "w")


def half_zero(path):
    """Damage by a power loss before the last blocks are on the disk."""
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    path.write_bytes(content[:half] + bytes(len(content) - half))


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1000] ^= 4
    path.write_bytes(content)


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut in the header": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "cut in the numbers": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "half zero": half_zero,
    "one bit": flip,
    "text": lambda path: path.write_text("no numbers"),
    "code": lambda path: np.save(path, np.array([Code()], dtype=object)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_corrupt_map_is_reported_with_the_way_out(damage, map_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(results.read_array(map_file, map_file.parent), SALIENCY)
    status = map_file.stat()
    damage(map_file)
    if map_file.exists():  # a damaged disk does not change a file's time
        os.utime(map_file, ns=(status.st_atime_ns, status.st_mtime_ns))
    message = r"1-dog\.npy' (is missing|was damaged).*: delete the folder .*1-1' and rerun"
    with pytest.raises(StudyError, match=message):
        results.read_array(map_file, map_file.parent)
    assert not (tmp_path / "ran").exists()


def test_code_with_the_right_checksum_is_not_run_either(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with checked_folder(tmp_path / "maps") as draft:
        np.save(draft / "1-dog.npy", np.array([Code()], dtype=object))
    with pytest.raises(StudyError, match="can't be read"):
        results.read_array(tmp_path / "maps/1-dog.npy", tmp_path / "maps")
    assert not (tmp_path / "ran").exists()


WRITERS = {
    "measures.parquet": lambda draft: TABLE.to_parquet(draft),
    "subset.csv": lambda draft: TABLE.to_csv(draft, index=False),
    "showcase.json": lambda draft: draft.write_text(json.dumps(["1-dog"])),
}


def read(path):
    return results.read_json(path) if path.suffix == ".json" else results.read_table(path)


@pytest.mark.parametrize(("name", "write"), WRITERS.items(), ids=WRITERS.keys())
def test_no_flipped_bit_of_a_file_is_read(name, write, tmp_path):
    path = tmp_path / name
    with checked_file(path) as draft:
        write(draft)
    read(path)
    intact = path.read_bytes()
    for bit in range(0, 8 * len(intact), max(1, len(intact) // 50) * 8 + 3):
        content = bytearray(intact)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with pytest.raises(StudyError, match=rf"damaged or changed.*delete '.*{name}' and rerun"):
            read(path)


@pytest.mark.parametrize(("name", "write"), WRITERS.items(), ids=WRITERS.keys())
def test_a_truncated_file_and_one_without_a_checksum_are_reported(name, write, tmp_path):
    path = tmp_path / name
    with checked_file(path) as draft:
        write(draft)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(StudyError, match=rf"{name}' was damaged .*delete '.*{name}' and rerun"):
        read(path)
    write(path)
    path.with_name(f".{name}.checksum").unlink()
    with pytest.raises(StudyError, match=rf"{name}' has no checksum: delete '.*{name}' and rerun"):
        read(path)
    path.unlink()
    with pytest.raises(StudyError, match=rf"{name}' is missing"):
        read(path)


def test_texts_of_a_table_stay_texts(tmp_path):
    with checked_file(tmp_path / "subset.csv") as draft:
        TABLE.to_csv(draft, index=False)
    assert results.read_table(tmp_path / "subset.csv")["class"].tolist() == ["7", "NA", "dog"]


@pytest.fixture
def job(tmp_path):
    """A function that writes a result as a job with these settings."""

    def make(path: Path, settings: dict) -> None:
        note = provenance.note(tmp_path / "results/provenance/gather", settings)
        copy_context().run(write, path, note)

    def write(path: Path, note: Path):
        provenance.activate(note)
        with checked_file(path) as draft:
            TABLE.to_parquet(draft)

    return make


def test_a_result_of_other_settings_is_refused(job, tmp_path):
    path = tmp_path / "results/measures.parquet"
    job(path, {"seed": 0})
    results.read_table(path)
    assert results.settings_of(path) == {"seed": 0}
    foreign, checksum = path.read_bytes(), path.with_name(".measures.parquet.checksum").read_bytes()
    job(path, {"seed": 1})
    results.read_table(path)
    path.write_bytes(foreign)  # copied from another study, with its checksum
    path.with_name(".measures.parquet.checksum").write_bytes(checksum)
    with pytest.raises(StudyError, match="was made with other settings than this study's: delete"):
        results.read_table(path)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_note_is_younger_than_a_result_of_other_settings_alone(tmp_path, kind):
    notes = tmp_path / "provenance/rule"
    note = provenance.note(notes, {"a": 1})
    result = tmp_path / "result"

    def make():
        provenance.activate(note)
        if kind == "file":
            with checked_file(result) as draft:
                draft.write_text("made")
        else:
            with checked_folder(result) as draft:
                (draft / "file").write_text("made")

    copy_context().run(make)
    os.utime(note, (1e9, 1e9))
    results.outdate(result, note)
    assert note.stat().st_mtime == 1e9
    other = provenance.note(notes, {"a": 2})
    os.utime(other, (1e9, 1e9))
    results.outdate(result, other)
    assert other.stat().st_mtime > result.stat().st_mtime
