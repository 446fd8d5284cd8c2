"""Archives: zip, of which one member is extracted, whole or not at all, and gzip."""

import gzip
import shutil
import zipfile
import zlib
from pathlib import Path

from lookwhere.errors import StudyError, hint, root_cause
from lookwhere.io.atomic import atomic_file

MAX_RATIO = 200  # of the size of a member to that of its archive; text rarely exceeds 20

ZIP, GZIP = b"PK\3\4", b"\x1f\x8b"  # the first bytes
# Errors of zipfile on damaged archives: its own, and those of the modules that it calls.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


def check_zip(path: Path) -> None:
    """Raise StudyError if ``path`` is no zip archive (but, say, a server's error page)."""
    if not zipfile.is_zipfile(path):
        raise StudyError(f"archive {str(path)!r} is not a zip")


def unzip_member(archive: Path, member: str, file: Path) -> None:
    """Extract one member of a zip to ``file``. Raises StudyError if it is damaged or missing."""
    try:
        with zipfile.ZipFile(archive) as members:
            if member not in members.namelist():
                names = hint(member, members.namelist())
                raise StudyError(f"archive {str(archive)!r} has no member {member!r}; {names}")
            _require_plausible_size(archive, members.getinfo(member))
            with (
                members.open(member) as source,
                atomic_file(file) as draft,
                draft.open("wb") as sink,
            ):
                shutil.copyfileobj(source, sink)  # to the end, where zipfile checks the CRC
    except DAMAGE as error:
        reason = (
            f"archive {str(archive)!r} can't be unpacked to {str(file)!r} ({root_cause(error)})"
        )
        raise StudyError(f"{reason}: fetch it again") from None


def members(archive: Path) -> list[str]:
    """The names of the files in a zip. Raises StudyError if it is damaged."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return [name for name in opened.namelist() if not name.startswith("__MACOSX/")]
    except DAMAGE as error:
        raise _unreadable(archive, error) from None


def read_member(archive: Path, member: str) -> bytes:
    """The content of one member of a zip. Raises StudyError if it is damaged or implausible."""
    try:
        with zipfile.ZipFile(archive) as opened:
            _require_plausible_size(archive, opened.getinfo(member))
            return opened.read(member)
    except DAMAGE as error:
        raise _unreadable(archive, error) from None


def read_gzip(path: Path) -> bytes:
    """The content of a gzip file. Raises StudyError if it is damaged or implausibly large."""
    packed = path.stat().st_size
    try:
        with gzip.open(path) as file:
            content = file.read(MAX_RATIO * packed + 1)
    except DAMAGE as error:
        raise _unreadable(path, error) from None
    if len(content) > MAX_RATIO * packed:
        raise _implausible(path, packed, f"more than {len(content) - 1}")
    return content


def _require_plausible_size(archive: Path, member: zipfile.ZipInfo) -> None:
    """zipfile writes no more bytes than a member announces: this number must be plausible."""
    packed = archive.stat().st_size
    if member.file_size > MAX_RATIO * packed:
        raise _implausible(archive, packed, member.file_size)


def _implausible(archive: Path, packed: int, size: int | str) -> StudyError:
    return StudyError(
        f"archive {str(archive)!r} of {packed} bytes holds a member of {size}, more than "
        f"{MAX_RATIO} times its size, which annotations never are: fetch it again, or unpack it by "
        "hand"
    )


def _unreadable(archive: Path, error: Exception) -> StudyError:
    cause = root_cause(error)
    return StudyError(f"archive {str(archive)!r} can't be read ({cause}): fetch it again")
