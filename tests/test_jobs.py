"""A job that fails says why in one line where the user can mend it, and leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"

FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"  # no file may grow beyond
NUMPY = "np.save(draft, np.zeros(100_000))"
PANDAS = "pd.DataFrame({'a': np.random.rand(100_000)})"
JOB = """
import resource, os
from pathlib import Path
import numpy as np
import pandas as pd
from PIL import Image
from lookwhere.errors import StudyError
from lookwhere.io.atomic import whole_file, whole_folder
from lookwhere.io.logs import job
{before}
with job({log!r}):
    {first}
    with {kind}("result") as draft:
        {body}
"""


def run(folder, body, before="", kind="whole_file", log="job.log", first="pass") -> str:
    """What a job prints that must fail; in ``folder``, where nothing of it may stay."""
    code = JOB.format(body=body, before=before, kind=kind, log=log, first=first)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert {path.name for path in folder.iterdir()} <= {"job.log"}
    if log == "job.log":
        assert (folder / log).read_text().strip() in done.stderr
    return done.stderr


def test_a_study_error_is_told_alone(tmp_path):
    said = run(tmp_path, "raise StudyError('image 7 is a dog: replace it')")
    assert said.endswith("Error: image 7 is a dog: replace it\n")
    assert len(said.splitlines()) == 1


def test_a_fault_of_ours_is_told_in_full(tmp_path):
    said = run(tmp_path, "[][1]")
    assert "please report it" in said
    assert "IndexError: list index out of range" in said


def test_an_error_of_the_system_that_names_no_file_is_told_in_full(tmp_path):
    """It is of a library, such as pyarrow on damaged bytes: not the disk's."""
    said = run(tmp_path, "pass", first="raise OSError('thrift')")
    assert "please report it" in said
    assert "OSError: thrift" in said


WRITERS = {
    "text": "draft.write_text('x' * 100_000)",
    "csv": f"{PANDAS}.to_csv(draft)",
    "parquet": f"{PANDAS}.to_parquet(draft)",
    "array": "np.save(draft.open('wb'), np.zeros(100_000))",
    "picture": "Image.effect_noise((300, 300), 99).save(draft, 'png')",
}


@pytest.mark.parametrize("body", WRITERS.values(), ids=WRITERS.keys())
def test_a_full_disk_is_told_with_the_file(tmp_path, body):
    said = run(tmp_path, body, before=FULL)
    assert "Error: result: " in said
    assert "File too large" in said or "is the disk full?" in said
    assert "then start again: what is finished is kept" in said
    assert "Traceback" not in said


def test_a_full_disk_in_a_folder_of_results(tmp_path):
    said = run(tmp_path, "np.save(draft / 'map.npy', np.zeros(100_000))", FULL, "whole_folder")
    assert "Error: result: " in said
    assert "is the disk full?" in said


def test_a_log_on_a_full_disk_hides_no_message(tmp_path):
    said = run(tmp_path, "raise StudyError('image 7 is a dog')", log="/dev/full")
    assert said.endswith("Error: image 7 is a dog\n")
    assert len(said.splitlines()) == 1


def test_a_want_of_memory_is_told(tmp_path):
    limit = "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))"
    said = run(tmp_path, "np.ones(1 << 40)", before=limit)
    assert "Error: not enough memory (Unable to allocate 8.00 TiB" in said
    assert "or choose smaller sizes, then start again" in said
    assert "Traceback" not in said


def test_torchs_want_of_memory_is_told(tmp_path):
    message = "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you"
    said = run(tmp_path, f"raise RuntimeError({message!r})")
    assert "Error: not enough memory ([enforce fail" in said


def test_a_folder_without_permission_is_told(tmp_path):
    (tmp_path / "job.log").touch(0o666)
    (tmp_path / "job.log").chmod(0o666)
    tmp_path.chmod(0o555)
    for parent in tmp_path.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)
    nobody = "os.geteuid() or (os.setgroups([]), os.setgid(65534), os.setuid(65534))"
    said = run(tmp_path, "draft.write_text('x')", before=nobody + "\nos.access('.', 2) and exit(9)")
    assert "-result: Permission denied. Mend that (disk space, permission" in said
    assert "Traceback" not in said


def test_a_second_writer_of_the_same_folder_is_told(tmp_path):
    """Two jobs that make one result: the second empties the draft, so the first can't go on."""
    body = """(draft / 'one').touch()
        with whole_folder('result') as other:
            (other / 'two').touch()
        (draft / 'three').touch()"""
    code = JOB.format(body=body, before="", kind="whole_folder", log="job.log", first="pass")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "three: No such file or directory. Mend that" in done.stderr
    assert "another run in this folder" in done.stderr
    assert [path.name for path in (tmp_path / "result").iterdir()] == ["two"]
