"""Receipts: tables of files that are no results (images, annotations, weights), with their SHA-256.

The files are the user's, or were fetched; no job replaces or removes them. ``fingerprint`` compares
a receipt with the content of the files, whatever their times.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

from lookwhere.errors import StudyError
from lookwhere.io import provenance, results
from lookwhere.io.atomic import atomic_file

MISSING = "missing"
MEMORY = Path(".snakemake/sha256.json")  # in the folder in which the workflow runs


class Digests:
    """SHA-256 of files, cached in the file ``memory`` as long as their status is the same.

    The status is size, inode, mtime and ctime. The ctime can't be set, so replaced bytes are
    detected even where the old mtime was restored.
    """

    def __init__(self, memory: Path = MEMORY) -> None:
        self._memory = memory
        self._known: dict[str, list[Any]] = {}
        self._changed = False
        with suppress(OSError, ValueError):
            known = json.loads(memory.read_text("utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def sha256(self, path: Path) -> str:
        """The SHA-256 of a file, or ``missing`` where no regular file can be read."""
        try:
            status = path.stat()
            state = [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
            key = str(path.absolute())
            entry = self._known.get(key)
            if isinstance(entry, list) and entry[:-1] == state:
                return str(entry[-1])
            if not path.is_file():  # a read from a pipe would block
                return MISSING
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError):
            return MISSING
        self._known[key] = [*state, digest]
        self._changed = True
        return digest

    def of_path(self, path: Path, without: Path | None = None) -> str:
        """``sha256``; for several files the SHA-256 of their names and digests.

        These are the files below a folder, a CSV file and the masks that it lists, or a JSON file
        and the PNG files in the folder of its name, as COCO's panoptic annotations have. The folder
        ``without``, if it lies below, is left out.
        """
        if path.is_dir():
            files = sorted(_files(path, None if without is None else without.resolve()))
            names = [file.relative_to(path).as_posix() for file in files]
        elif masks := _pictures_of(path):
            files, names = [path, *(path.parent / mask for mask in masks)], ["", *masks]
        else:
            return self.sha256(path)
        digests = [[name, self.sha256(file)] for name, file in zip(names, files, strict=True)]
        return hashlib.sha256(json.dumps(digests).encode()).hexdigest()

    def save(self) -> None:
        """Write the cache, unless permission is denied."""
        if self._changed and self._memory.parent.is_dir():
            with suppress(OSError), atomic_file(self._memory) as draft:
                draft.write_text(json.dumps(self._known), "utf-8")
            self._changed = False


def folder_of(path: Path) -> Path:
    """The folder of the name of a JSON file, packed or not; another file's is its own path.

    >>> folder_of(Path("panoptic.v1.json.gz")).name
    'panoptic.v1'
    """
    return path.with_name(re.sub(r"(?i)(?<=.)(\.json(\.gz|\.zip)?|\.zip)$", "", path.name))


def _pictures_of(path: Path) -> list[str]:
    """The pictures that belong to a file of annotations, relative to its folder."""
    if (folder := folder_of(path)) != path:
        return sorted(f"{folder.name}/{file.name}" for file in folder.glob("*.png"))
    if path.suffix.lower() != ".csv":
        return []
    with suppress(OSError, ValueError, csv.Error), path.open(encoding="utf-8-sig") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        names = {mask.strip() for row in rows if (mask := row.get("mask"))}
        return sorted(name.replace("\\", "/") for name in names)
    return []


def require(path: Path, sha256: str | None, without: Path | None = None) -> None:
    """Raise StudyError unless ``Digests.of_path`` is this SHA-256; None is any."""
    if sha256 is not None and Digests().of_path(path, without) != sha256:
        raise StudyError(f"{str(path)!r} changed while the study ran: rerun")


def of_files(names: Iterable[str], folder: Path = Path()) -> list[dict[str, str]]:
    """The rows of a receipt of the files called ``names`` below ``folder``."""
    digests = Digests()
    rows = [{"file": name, "sha256": digests.sha256(folder / name)} for name in names]
    digests.save()
    return rows


def write(files: Iterable[Mapping[str, Any]], path: str | Path) -> None:
    """Write the receipt of ``files``, a row each, with at least ``file`` and ``sha256``."""
    rows = list(files)
    with results.checked_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as sink:
        table = csv.DictWriter(sink, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def read(path: Path) -> dict[str, str]:
    """The SHA-256 of every file that a receipt lists, by name. Raises StudyError if damaged."""
    text = results.read(path).decode("utf-8")
    return {row["file"]: row["sha256"] for row in csv.DictReader(StringIO(text, newline=""))}


def fingerprint(path: Path, folder: Path, digests: Digests) -> str | None:
    """A hash that changes with the files of the receipt at ``path``, which lie below ``folder``.

    While they match the receipt it is the ``fingerprint`` in the receipt's note, else another. As a
    setting of the rule that writes the receipt it makes changed files change the settings.
    """
    if not path.exists():
        return None
    try:
        files, before = read(path), results.settings_of(path).get("fingerprint")
    except StudyError:  # a damaged receipt, which is written again
        return provenance.short_hash(hashlib.sha256(path.read_bytes()).hexdigest())
    now = {name: digests.sha256(folder / name) for name in files}
    return before if now == files else provenance.short_hash([before, now])


def _files(folder: Path, without: Path | None) -> Iterator[Path]:
    """All files below a folder, not following links to folders, without those of one folder."""
    for entry in folder.iterdir():
        if not entry.is_dir():
            yield entry
        elif not entry.is_symlink() and entry.resolve() != without:
            yield from _files(entry, without)
