"""COCO's files: JSON, plain, in gzip or in a zip archive."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from lookwhere.datasets import annotation_kinds
from lookwhere.errors import StudyError
from lookwhere.io import archives

Instances = dict[str, Any]
LISTS = ("images", "annotations", "categories")
LISTED = 5  # members of an archive in a message


def read(path: Path) -> Instances:
    """Read a COCO instances file. Raises StudyError if it is missing, truncated, or not one."""
    content = load(path)
    for key in LISTS:
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            what = f"annotations {str(path)!r} have no list {key!r}: not a COCO instances file"
            kind = annotation_kinds.of_json(content)
            raise StudyError(f"{what}, but {kind}" if kind else what)
    if kind := annotation_kinds.of_annotations(content):
        raise StudyError(f"annotations {str(path)!r} are no COCO instances file, but {kind}")
    return content


def load(path: Path) -> Any:
    """The content of a JSON file. Raises StudyError if it is missing, truncated, or not JSON."""
    content = _unpacked(path)
    try:
        with uncollected():
            return json.loads(content)
    except (ValueError, RecursionError) as error:  # also of endless numbers and nesting
        kind = annotation_kinds.of_bytes(content)
        way_out = f"the file is {kind}" if kind else "correct it, or fetch the file again"
        raise StudyError(
            f"annotations {str(path)!r} are not whole JSON ({error}): {way_out}"
        ) from None


def _unpacked(path: Path) -> bytes:
    """The bytes of a file, or those that it packs."""
    try:
        if path.exists() and not path.is_file():
            raise StudyError(f"annotations {str(path)!r} can't be read (not a regular file)")
        with path.open("rb") as file:
            head = file.read(len(archives.ZIP))
        if head == archives.ZIP:
            return archives.read_member(path, _member(path))
        return archives.read_gzip(path) if head.startswith(archives.GZIP) else path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"annotations {str(path)!r} do not exist") from None
    except OSError as error:
        raise StudyError(f"annotations {str(path)!r} can't be read ({error.strerror})") from None


def _member(archive: Path) -> str:
    """The instances file of a zip: its only JSON file, or the only one of the name."""
    names = [PurePosixPath(name) for name in archives.members(archive)]
    files = [name for name in names if name.suffix.lower() == ".json" and name.name[0] != "."]
    instances = [name for name in files if name.name.startswith("instances")]
    for candidates in (files, instances):
        if len(candidates) == 1:
            return str(candidates[0])
    listed = ", ".join(repr(str(name)) for name in files[:LISTED])
    more = f" and {len(files) - LISTED} more" if len(files) > LISTED else ""
    what = f"holds {len(files)} JSON files ({listed}{more})" if files else "holds no JSON file"
    raise StudyError(
        f"annotations {str(archive)!r}: the archive {what}: unpack it, and give one COCO instances "
        "file as dataset.annotations"
    )


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage within, nor what is created: millions of lists would be scanned often."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
