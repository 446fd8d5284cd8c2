"""Images: from a file to the net's input.

The input is RGB, resized (``geometry``), scaled to [0, 1], and normalised with ImageNet's mean and
standard deviation.
"""

import hashlib
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError
from lookwhere.io import receipts

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


# Raster formats. PIL reads others by starting a program (PostScript: Ghostscript).
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "JPEG2000", "PPM")
MAX_BYTES = 2**31  # of an image's file
MAX_SECONDS = 60  # to decode an image


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
        """``read`` the image of a sample. Raises StudyError if it changed since it was listed."""
        path = self.root / sample.file
        content = read_bytes(path)
        expected = self.sha256.get(sample.file)
        if expected is not None and expected != hashlib.sha256(content).hexdigest():
            raise StudyError(f"image {str(path)!r} changed while the study ran: rerun")
        return _decode(path, content, sample.width, sample.height)


def checker(width: int, height: int) -> Callable[[Path], None]:
    """A check that raises unless a file is a whole image of ``width`` x ``height`` pixels."""

    def check(path: Path) -> None:
        read(path, width, height)

    return check


def read(path: Path, width: int, height: int) -> Image.Image:
    """The image as RGB, in the orientation of its stored pixels (COCO's convention).

    Raises StudyError if it is missing, damaged, or not of the annotated ``width`` and ``height``.
    """
    return _decode(path, read_bytes(path), width, height)


def read_bytes(path: Path) -> bytes:
    """The content of a regular file: a pipe or a device might never end."""
    try:
        status = path.stat()
        if not path.is_file():
            raise StudyError(f"image {str(path)!r} can't be read (not a regular file): replace it")
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / 1e9:.1f} GB"
            raise StudyError(f"image {str(path)!r} can't be read ({size} is too large): replace it")
        return path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"image {str(path)!r} does not exist: check dataset.images") from None
    except OSError as error:
        raise StudyError(f"image {str(path)!r} can't be read ({error}): replace it") from None


class _Timed(io.BytesIO):
    """Bytes that can be read for ``seconds``, while an image is decoded."""

    def __init__(self, content: bytes, seconds: float) -> None:
        super().__init__(content)
        self._seconds, self._end = seconds, time.monotonic() + seconds

    def read(self, size: int | None = -1) -> bytes:
        if time.monotonic() > self._end:
            raise OSError(f"decoding takes more than {self._seconds:g} s")
        return super().read(size)


def _decode(path: Path, content: bytes, width: int, height: int) -> Image.Image:
    try:
        with Image.open(_Timed(content, MAX_SECONDS), formats=FORMATS) as file:
            _require_size(path, file.size, width, height)
            return _rgb(file)
    except UnidentifiedImageError:
        kinds = ", ".join(FORMATS)
        raise StudyError(
            f"{str(path)!r} is not an image ({kinds} are read): replace the file"
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise StudyError(f"image {str(path)!r} can't be read ({error}): replace it") from None


def _require_size(path: Path, size: tuple[int, int], width: int, height: int) -> None:
    if size != (width, height):
        raise StudyError(
            f"image {str(path)!r} is {size[0]} x {size[1]} pixels, but its annotation "
            f"has {width} x {height}: image and annotations are not of the same dataset"
        )


def normalise(image: Image.Image) -> NDArray[np.float32]:
    """The net's input (3, H, W) from an RGB image."""
    pixels = np.asarray(image, dtype=np.float32) / 255  # (H, W, 3)
    return np.ascontiguousarray(((pixels - MEAN) / STD).transpose(2, 0, 1))


def _rgb(file: Image.Image) -> Image.Image:
    if file.mode.startswith("I;16"):  # PIL would clip 16 bits to white: keep the upper 8
        file = Image.fromarray((np.asarray(file) >> 8).astype(np.uint8))
    elif file.mode in ("I", "F"):
        raise OSError(f"its pixels, of PIL's mode {file.mode!r}, have no known range")
    return file.convert("RGB")
