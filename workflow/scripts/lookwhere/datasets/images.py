"""Images: from a file to RGB pixels, in the view that the annotations fit."""

import hashlib
import io
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from lookwhere.datasets import depth, file_kinds, orientation
from lookwhere.datasets.file_kinds import FileKind
from lookwhere.datasets.orientation import UPRIGHT, View
from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError
from lookwhere.io import receipts

# Raster formats. PIL reads others by starting a program (PostScript: Ghostscript).
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM")
MAX_BYTES = 2**31  # of an image's file
MAX_SECONDS = 60  # to decode an image
DAMAGE = (  # errors of PIL on damaged files
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class ImageFolder:
    """The images of a study, with the SHA-256 of those in the study's receipt."""

    root: Path
    sha256: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def listed(cls, root: str, receipt: str) -> "ImageFolder":
        """The folder ``root`` with the digests of ``receipt``."""
        return cls(Path(root), receipts.read(Path(receipt)))

    def read(self, sample: Sample) -> Image.Image:
        """``read`` the image of a sample, at its size, which ``max_pixels`` may have reduced.

        Raises StudyError as ``read`` does, or if the image changed since it was listed.
        """
        path = self.root / sample.file
        content = read_bytes(path)
        expected = self.sha256.get(sample.file)
        if expected is not None and expected != hashlib.sha256(content).hexdigest():
            raise StudyError(f"image {str(path)!r} changed while the study ran: rerun")
        image = _decode(path, content, *sample.file_size, sample.exif)
        size = sample.width, sample.height
        return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def checker(width: int, height: int, exif: str = UPRIGHT) -> Callable[[Path], None]:
    """A check that raises unless a file is a whole image of ``width`` x ``height`` pixels."""

    def check(path: Path) -> None:
        read(path, width, height, exif)

    return check


def read(path: Path, width: int, height: int, exif: str = UPRIGHT) -> Image.Image:
    """The image as RGB, in the view that is annotated.

    Parameters
    ----------
    path
        The file of the image.
    width, height
        The annotated size.
    exif
        The view, ``upright`` (turned as the EXIF orientation says) or ``stored`` (not turned),
        where the annotated size fits both.

    Raises
    ------
    StudyError
        If the file is missing, damaged, no image, or of another size in both views.
    """
    return _decode(path, read_bytes(path), width, height, exif)


def size(path: Path, exif: str = UPRIGHT) -> tuple[int, int]:
    """The size (width, height) of an image in the view ``exif``, from its header alone.

    Raises StudyError as ``read`` does, if the header reveals the error.
    """
    with _header(path) as file:
        return orientation.sizes(file)[exif]


def view(path: Path, width: int, height: int, exif: str = UPRIGHT) -> View:
    """The view in which ``read`` returns an image, from its header alone.

    Raises StudyError as ``read`` does, if the header reveals the error.
    """
    with _header(path) as file:
        return orientation.view(file, path, width, height, exif)


@contextmanager
def _header(path: Path) -> Iterator[Image.Image]:
    """The image file at ``path``, of which only what is asked for is read."""
    with _named_errors(path), _regular_file(path).open("rb") as source, _opened(path, source) as f:
        yield f


def read_bytes(path: Path) -> bytes:
    """The content of a regular file: a pipe or a device might never end."""
    with _named_errors(path):
        return _regular_file(path).read_bytes()


def _regular_file(path: Path) -> Path:
    """``path``, or an OSError if reading it might not end."""
    status = path.stat()
    if not path.is_file():
        raise OSError("not a regular file")
    if status.st_size > MAX_BYTES:
        raise OSError(f"{status.st_size / 1e9:.1f} GB is too large")
    return path


class _Timed(io.BytesIO):
    """Bytes that can be read for ``seconds``, while an image is decoded."""

    def __init__(self, content: bytes, seconds: float) -> None:
        super().__init__(content)
        self._seconds, self._end = seconds, time.monotonic() + seconds

    def read(self, size: int | None = -1) -> bytes:
        if time.monotonic() > self._end:
            raise OSError(f"decoding takes more than {self._seconds:g} s")
        return super().read(size)


def _decode(path: Path, content: bytes, width: int, height: int, exif: str) -> Image.Image:
    with _opened(path, _Timed(content, MAX_SECONDS)) as file:
        seen = orientation.view(file, path, width, height, exif)
        return orientation.turn(depth.rgb(file, content, path), seen, file)


@contextmanager
def _opened(path: Path, source: IO[bytes]) -> Iterator[Image.Image]:
    """The image file of the ``source``. Errors name its ``path``, what it is, and the way out."""
    with _named_errors(path):
        try:
            file = Image.open(source, formats=FORMATS)
        except (UnidentifiedImageError, RuntimeError):  # the latter of a HEIC, read as AVIF
            source.seek(0)
            kind = file_kinds.of_bytes(source.read(file_kinds.HEAD))
            raise StudyError(_not_an_image(path, kind)) from None
        with file:
            if kind := file_kinds.of_image(file):
                raise StudyError(_not_an_image(path, kind))
            depth.require_known_range(file, path)
            yield file


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Raise errors of the system, and of damaged content, as StudyErrors that name the ``path``."""
    try:
        yield
    except FileNotFoundError:
        raise StudyError(f"image {str(path)!r} does not exist: check dataset.images") from None
    except DAMAGE as error:
        raise StudyError(f"image {str(path)!r} can't be read ({error}): replace it") from None


def _not_an_image(path: Path, kind: FileKind | None) -> str:
    if kind is None:
        return f"{str(path)!r} is not an image ({', '.join(FORMATS)} are read): replace the file"
    return f"{str(path)!r} is {kind.name}: {kind.way_out}"
