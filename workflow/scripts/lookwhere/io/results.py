"""Results that later jobs read: written with checksums, and verified when they are read.

``.NAME.checksum`` beside a file, or ``.checksum`` in a folder, holds the CRC-32 of every file and
the name of its note (see ``provenance``). A file that is damaged, has other settings, or was not
written by a job is refused, with the way out.
"""

import csv
import io
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.errors import StudyError
from lookwhere.io import provenance
from lookwhere.io.atomic import atomic_file, atomic_folder, sync

if TYPE_CHECKING:
    import pandas as pd

CHECKSUM = ".checksum"


@contextmanager
def checked_file(path: str | Path) -> Iterator[Path]:
    """``atomic_file`` with a checksum, which appears before the file."""
    with atomic_file(path) as draft:
        yield draft
        seal = _seal({draft.name: _crc32(draft)})
        with atomic_file(_beside(Path(path))) as checksum:
            checksum.write_text(seal, "utf-8")


@contextmanager
def checked_folder(path: str | Path) -> Iterator[Path]:
    """``atomic_folder`` with a checksum of every file in it."""
    with atomic_folder(path) as draft:
        yield draft
        files = sorted(file for file in draft.rglob("*") if file.is_file())
        sums = {file.relative_to(draft).as_posix(): _crc32(file) for file in files}
        if draft.exists():  # else another job has taken over, and atomic_folder fails
            (draft / CHECKSUM).write_text(_seal(sums), "utf-8")


def read(path: Path) -> bytes:
    """The content of a result. Raises StudyError as ``verify`` does."""
    verify(path)
    return path.read_bytes()


def verify(path: Path, folder: Path | None = None) -> None:
    """Compare a result, or a file in the result ``folder``, with its checksum and its settings.

    Raises StudyError, with the way out, if it is missing, damaged, or of other settings.
    """
    what = folder or path
    name = path.relative_to(folder).as_posix() if folder else path.name
    try:
        actual = _crc32(path)
        seal = json.loads((folder / CHECKSUM if folder else _beside(path)).read_text("utf-8"))
        expected, made_of = seal["crc32"].get(name), seal["made_of"]
    except FileNotFoundError as error:
        missing = "is missing" if str(error.filename) == str(path) else "has no checksum"
        raise unusable(path, missing, what) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unusable(path, f"can't be read ({error})", what) from None
    if actual != expected:
        raise unusable(path, "was damaged or changed after it was written", what)
    note = provenance.find(path, made_of) if made_of else None
    if note and not note.exists():
        raise unusable(path, "was made with other settings than this study's", what)


def foreign_files(path: Path) -> list[Path]:
    """The files at ``path`` (a file or a folder) that no job wrote, or that changed since."""
    if not path.exists():
        return []
    folder = path if path.is_dir() else None
    files = [path] if folder is None else [f for f in path.rglob("*") if not f.name.startswith(".")]
    try:
        seal = json.loads((folder / CHECKSUM if folder else _beside(path)).read_text("utf-8"))
        sums = dict(seal["crc32"])
    except (OSError, ValueError, KeyError, TypeError):
        return files
    names = {file: file.relative_to(folder or path.parent).as_posix() for file in files}
    return [f for f, name in names.items() if not f.is_file() or sums.get(name) != _crc32(f)]


def outdate(path: Path, note: Path) -> None:
    """Make ``note`` newer than the result, a file or folder, unless the result refers to it.

    So the result is recomputed, even with a wrong clock or a note from before the result.
    """
    if not path.exists():
        return
    try:
        made_of = json.loads(_seal_file(path).read_text("utf-8"))["made_of"]
    except (OSError, ValueError, KeyError, TypeError):
        made_of = None  # it can't be verified when it is read
    age = path.stat().st_mtime
    if made_of != provenance.name_of(note) and note.stat().st_mtime <= age:
        os.utime(note, (age + 1, age + 1))


def settings_of(path: Path) -> dict[str, Any]:
    """The settings of the note of a result; none if no job wrote it."""
    made_of = json.loads(_beside(path).read_text("utf-8"))["made_of"]
    note = provenance.find(path, made_of) if made_of else None
    return provenance.read(note) if note and note.exists() else {}


def read_json(path: Path) -> Any:
    """The content of a JSON result."""
    with _refused(path):
        return json.loads(read(path))


TEXT = ["sample", "image_id", "class", "file"]  # columns, whatever their values look like


def read_table(path: Path) -> "pd.DataFrame":
    """The table of a parquet or csv result. In a csv, names and ids stay text."""
    import pandas as pd  # slow to import, and the Snakefile reads no tables

    with _refused(path):
        content = io.BytesIO(read(path))
        if path.suffix == ".parquet":
            return pd.read_parquet(content)
        return pd.read_csv(content, dtype=dict.fromkeys(TEXT, str), keep_default_na=False)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a csv result, as text."""
    with _refused(path):
        text = read(path).decode("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))


def read_array(path: Path, folder: Path) -> NDArray:
    """The array of a ``.npy`` file in the result ``folder``; code in it is never run."""
    with _refused(path, folder):
        verify(path, folder)
        return np.load(path, allow_pickle=False)


def write_array(path: Path, array: NDArray) -> None:
    """Write the array as a ``.npy`` file, and flush it to disk."""
    np.save(path, array)
    sync(path)


def unusable(path: Path, reason: str, what: Path | None = None) -> StudyError:
    """The error for a corrupt result; ``what`` is the output that Snakemake takes for complete."""
    what = what or path
    kind = "the folder " if what.is_dir() else ""
    return StudyError(
        f"result {str(path)!r} {reason}: delete {kind}{str(what)!r} and rerun, which recomputes it"
    )


@contextmanager
def _refused(path: Path, folder: Path | None = None) -> Iterator[None]:
    """Raise StudyError for content that matches its checksum but not its format."""
    try:
        yield
    except (OSError, ValueError, EOFError, KeyError) as error:  # pyarrow's are ValueErrors
        raise unusable(path, f"can't be read ({error})", folder or path) from None


def _seal_file(path: Path) -> Path:
    return path / CHECKSUM if path.is_dir() else _beside(path)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}{CHECKSUM}")


def _seal(sums: dict[str, str]) -> str:
    return json.dumps({"made_of": provenance.current_note.get(), "crc32": sums}, indent=1)


def _crc32(path: Path) -> str:
    """CRC-32 in hexadecimal, computed in chunks."""
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            value = zlib.crc32(chunk, value)
    return f"{value:08x}"


def csv_text(table: "pd.DataFrame") -> str:
    """The table as csv. pandas does not quote carriage returns, at which readers end the row."""
    texts = table.select_dtypes(exclude="number")
    broken = any("\r" in str(value) for column in texts for value in texts[column].unique())
    quoting = csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL
    return table.to_csv(index=False, lineterminator="\n", quoting=quoting)
