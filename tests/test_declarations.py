"""Declarations are read from the text of a file, which runs only when an entry is loaded."""

import sys

import pytest

from lookwhere import declarations
from lookwhere.declarations import USER_FILES, declared, load
from lookwhere.errors import StudyError

MINE = """
import no_such_package

@method("mine", "Mine", family="cam", needs=[1 + 1], cite="me")
def explain(run):
    return run
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a user's file, the only one with entries."""

    def write(text: str, name: str = "own.py"):
        file = tmp_path / name
        file.write_text(text)
        monkeypatch.setenv(USER_FILES, str(file))
        declarations.declarations.cache_clear()
        return file

    return write


def test_an_entry_is_read_without_running_its_file(own, tmp_path):
    file = own(MINE)
    [entry] = declared("method", tmp_path / "none").values()
    assert (entry.kind, entry.name, entry.label) == ("method", "mine", "Mine")
    assert (entry.file, entry.function) == (file, "explain")
    assert entry.options == {"family": "cam", "cite": "me"}  # without values that are not literals
    assert declared("metric", tmp_path / "none") == {}


def test_other_decorators_are_no_entries(own, tmp_path):
    of_others = '@cache\ndef f(): ...\n@method(NAME, "Label")\ndef g(): ...\n'
    own(of_others + '@x.method("a", "A")\ndef h(): ...')
    assert list(declared("method", tmp_path / "none")) == ["a"]


def test_a_name_that_is_declared_twice_is_an_error_that_names_both_files(own):
    own(MINE.replace('"mine"', '"grad_cam"'))
    folder = declarations.SCRIPTS / "lookwhere/methods"
    with pytest.raises(
        StudyError, match=r"'grad_cam' is declared twice, in .*cam.py' and .*own.py'"
    ):
        declared("method", folder)


@pytest.mark.parametrize("text", ["def f(:", "\0", "  x = 1", "1" * 5000])
def test_a_file_that_is_no_python_is_an_error(own, tmp_path, text):
    own(text)
    with pytest.raises(StudyError, match=r"own.py' can't be read as Python"):
        declared("method", tmp_path / "none")


def test_a_file_that_is_missing_is_an_error(own, tmp_path):
    own(MINE).unlink()
    with pytest.raises(StudyError, match="can't be read as Python"):
        declared("method", tmp_path / "none")


def test_a_file_that_fails_is_an_error_of_the_call(own, tmp_path):
    own(MINE)
    [entry] = declared("method", tmp_path / "none").values()
    with pytest.raises(StudyError, match=r"method '.*own.py' can't be run \(ModuleNotFoundError"):
        load(entry)


def test_a_file_is_run_once(own, tmp_path):
    own(
        "import sys\nsys.runs = getattr(sys, 'runs', 0) + 1\n"
        + MINE.replace("import no_such_package", "method = lambda *a, **k: lambda f: f")
    )
    [entry] = declared("method", tmp_path / "none").values()
    assert load(entry)(3) == 3
    assert load(entry) is load(entry)
    assert sys.runs == 1
    del sys.runs
