"""Zip archives: one member of one, whole or not at all."""

import shutil
import zipfile
import zlib
from pathlib import Path

from lookwhere.errors import StudyError, hint, innermost
from lookwhere.io.atomic import whole_file

MOST_TIMES = 200  # the size of an archive that its member may have; text is rarely 20 times it

# What zipfile raises for damage: its own error, and what it lets through.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


def check_zip(path: Path) -> None:
    """Raises StudyError if ``path`` is no zip archive, such as a page that says so."""
    if not zipfile.is_zipfile(path):
        raise StudyError(f"archive {str(path)!r} is not a zip")


def unzip_member(archive: Path, member: str, file: Path) -> None:
    """Extract one member of a zip to ``file``. Raises StudyError if it is damaged or missing."""
    try:
        with zipfile.ZipFile(archive) as opened:
            if member not in opened.namelist():
                names = hint(member, opened.namelist())
                raise StudyError(f"archive {str(archive)!r} has no member {member!r}; {names}")
            _require_sound_size(archive, opened.getinfo(member))
            with opened.open(member) as source, whole_file(file) as draft, draft.open("wb") as sink:
                shutil.copyfileobj(source, sink)  # to the end, where zipfile checks the CRC
    except DAMAGE as error:
        reason = f"archive {str(archive)!r} can't be unpacked to {str(file)!r} ({innermost(error)})"
        raise StudyError(f"{reason}: fetch it again") from None


def _require_sound_size(archive: Path, member: zipfile.ZipInfo) -> None:
    """No more bytes are written than the archive announces, and these must be plausible."""
    packed = archive.stat().st_size
    if member.file_size > MOST_TIMES * packed:
        raise StudyError(
            f"archive {str(archive)!r} of {packed} bytes holds a member of {member.file_size}, "
            f"more than {MOST_TIMES} times as many, which annotations never are: fetch it again, "
            "or unpack it by hand"
        )
