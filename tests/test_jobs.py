"""A job that fails reports what the user can fix in one line, and leaves no files."""

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
from lookwhere.io.atomic import atomic_file, atomic_folder
from lookwhere.io.logs import job
{before}
with job({log!r}):
    {first}
    with {kind}("result") as draft:
        {body}
"""


def run(folder, body, before="", kind="atomic_file", log="job.log", first="pass") -> str:
    """The output of a job that must fail; it may leave no files in ``folder``."""
    code = JOB.format(body=body, before=before, kind=kind, log=log, first=first)
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1, process.stderr
    assert {path.name for path in folder.iterdir()} <= {"job.log"}
    if log == "job.log":
        assert (folder / log).read_text().strip() in process.stderr
    return process.stderr


def test_a_study_error_is_reported_alone(tmp_path):
    output = run(tmp_path, "raise StudyError('image 7 is a dog: replace it')")
    assert output.endswith("Error: image 7 is a dog: replace it\n")
    assert len(output.splitlines()) == 1


def test_warnings_are_called_so_and_other_lines_are_not(tmp_path):
    lines = "import logging; log = logging.getLogger('lookwhere')"
    first = f"{lines}; log.warning('%d masks', 2); log.info('masks')"
    output = run(tmp_path, "raise StudyError('end')", first=first)
    texts = [line.partition(" ")[2] for line in output.splitlines()]
    assert texts == ["Warning: 2 masks", "masks", "Error: end"]


def test_an_error_in_the_code_is_reported_in_full(tmp_path):
    output = run(tmp_path, "[][1]")
    assert "please report it" in output
    assert "IndexError: list index out of range" in output


def test_an_error_of_the_system_that_names_no_file_is_reported_in_full(tmp_path):
    """It comes from a library, such as pyarrow on damaged bytes, not from the disk."""
    output = run(tmp_path, "pass", first="raise OSError('thrift')")
    assert "please report it" in output
    assert "OSError: thrift" in output


WRITERS = {
    "text": "draft.write_text('x' * 100_000)",
    "csv": f"{PANDAS}.to_csv(draft)",
    "parquet": f"{PANDAS}.to_parquet(draft)",
    "array": "np.save(draft.open('wb'), np.zeros(100_000))",
    "picture": "Image.effect_noise((300, 300), 99).save(draft, 'png')",
}


@pytest.mark.parametrize("body", WRITERS.values(), ids=WRITERS.keys())
def test_a_full_disk_is_reported_with_the_file(tmp_path, body):
    output = run(tmp_path, body, before=FULL)
    assert "Error: result: " in output
    assert "File too large" in output or "is the disk full?" in output
    assert "then rerun: finished jobs are kept" in output
    assert "Traceback" not in output


def test_a_full_disk_in_a_folder_of_results(tmp_path):
    output = run(tmp_path, "np.save(draft / 'map.npy', np.zeros(100_000))", FULL, "atomic_folder")
    assert "Error: result: " in output
    assert "is the disk full?" in output


def test_a_log_on_a_full_disk_hides_no_message(tmp_path):
    output = run(tmp_path, "raise StudyError('image 7 is a dog')", log="/dev/full")
    assert output.endswith("Error: image 7 is a dog\n")
    assert len(output.splitlines()) == 1


def test_lack_of_memory_is_reported(tmp_path):
    limit = "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))"
    output = run(tmp_path, "np.ones(1 << 40)", before=limit)
    assert "Error: not enough memory (Unable to allocate 8.00 TiB" in output
    assert "or choose smaller sizes, then rerun" in output
    assert "Traceback" not in output


def test_torchs_lack_of_memory_is_reported(tmp_path):
    message = "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you"
    output = run(tmp_path, f"raise RuntimeError({message!r})")
    assert "Error: not enough memory ([enforce fail" in output


def test_a_folder_without_permission_is_reported(tmp_path):
    (tmp_path / "job.log").touch(0o666)
    (tmp_path / "job.log").chmod(0o666)
    tmp_path.chmod(0o555)
    for parent in tmp_path.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)
    nobody = "os.geteuid() or (os.setgroups([]), os.setgid(65534), os.setuid(65534))"
    output = run(
        tmp_path, "draft.write_text('x')", before=nobody + "\nos.access('.', 2) and exit(9)"
    )
    assert "-result: Permission denied. Fix this (disk space, permission" in output
    assert "Traceback" not in output


def test_a_second_writer_of_the_same_folder_is_reported(tmp_path):
    """Two jobs write one result: the second removes the draft, so the first fails."""
    body = """(draft / 'one').touch()
        with atomic_folder('result') as other:
            (other / 'two').touch()
        (draft / 'three').touch()"""
    code = JOB.format(body=body, before="", kind="atomic_folder", log="job.log", first="pass")
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "three: No such file or directory. Fix this" in process.stderr
    assert "another run in this folder" in process.stderr
    assert [path.name for path in (tmp_path / "result").iterdir()] == ["two"]
