"""The depth of an image's pixels: RGB of 8 bits, from files of other modes and of 16 bits.

A file of 16 bits keeps its upper 8. Many cameras and microscopes yield 8 to 14 bits, which tools
store in the lower bits of 16: PIL reads such files dark, or nearly black. Where the largest value
needs no more than 14 bits, the range is the fewest bits that hold it, and a warning names the file.
A sound photograph of 16 bits has such values only if all of it is darker than 1/4 of white.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from lookwhere.errors import StudyError
from lookwhere.io.logs import log

LOW_BITS = 14  # the most bits in which the values of a 16-bit file are taken for its whole range
JPEG2000_SIZE, JPEG2000_DEPTH = b"\xff\x51", 40  # the marker, and where the depth is after it
KINDS = {"F": "float", "I": "signed or 32-bit"}  # by PIL's mode


def require_known_range(file: Image.Image, path: Path) -> None:
    """Raise StudyError, which names the ``path``, if the range of the pixels is not known."""
    if file.mode in KINDS and not _is_16_bit_pgm(file):
        what = f"holds {KINDS[file.mode]} pixels without a known range"
        raise StudyError(f"image {str(path)!r} {what}: save it as 8 bit")


def rgb(file: Image.Image, content: bytes, path: Path) -> Image.Image:
    """The RGB image of an open ``file`` of this ``content``; warnings name the ``path``."""
    if file.mode.startswith("I"):
        shallow = _to_8_bits(np.asarray(file).astype(np.uint16), _declared_bits(file), path)
        return Image.fromarray(shallow).convert("RGB")
    deep = _is_deep(file, content)
    image = file.convert("RGB")
    if deep and np.asarray(image).max() < 2 ** (LOW_BITS - 8):  # PIL keeps the upper 8 bits
        return Image.fromarray(_to_8_bits(_deep_rgb(content, image, path), 16, path))
    return image


def _to_8_bits(pixels: NDArray[np.uint16], bits: int, path: Path) -> NDArray[np.uint8]:
    """The upper 8 of the bits that are in use; any shape."""
    highest = int(pixels.max())
    if bits == 16 and 0 < highest < 2**LOW_BITS:
        bits = max(8, highest.bit_length())
        log.warning(
            "image %r has 16 bits, but its largest value is %d: read as %d bits",
            str(path),
            highest,
            bits,
        )
    return (pixels >> (bits - 8)).astype(np.uint8)


def _deep_rgb(content: bytes, image: Image.Image, path: Path) -> NDArray[np.uint16]:
    """The 16-bit RGB (H, W, 3) of a file, whose upper bits are the pixels of ``image``."""
    channels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if channels is not None and channels.dtype == np.uint16 and channels.ndim == 3:
        deep = channels[..., 2::-1].astype(np.uint16)  # from BGR or BGRA
        levels = np.asarray(image).astype(np.intp)
        if np.abs(deep // 257 - levels).max() <= 1:  # formats differ in how PIL rounds to 8 bits
            return deep
    what = f"holds at most {LOW_BITS} bits in channels of 16"
    raise StudyError(f"image {str(path)!r} {what}: save it as 8 bit")


def _declared_bits(file: Image.Image) -> int:
    """The bits of a grey pixel; PIL reads TIFF's packed 12."""
    tags = getattr(file, "tag_v2", {})
    return int(tags.get(ExifTags.Base.BitsPerSample, (16,))[0])


def _is_deep(file: Image.Image, content: bytes) -> bool:
    """Whether an image of several channels stores 16 bits for each, of which PIL keeps 8."""
    if file.format == "PNG":
        return content[24] == 16  # in its header
    if file.format == "JPEG2000":
        depth = content.find(JPEG2000_SIZE) + JPEG2000_DEPTH  # of the first channel
        return depth < len(content) and content[depth] & 127 == 15
    if file.format == "PPM" and isinstance(file, ImageFile):
        decoding = file.tile[0].args  # (mode, largest value), unless that is 255
        return isinstance(decoding, tuple) and decoding[-1] == 2**16 - 1
    tags = getattr(file, "tag_v2", {})
    return 16 in tags.get(ExifTags.Base.BitsPerSample, ())


def _is_16_bit_pgm(file: Image.Image) -> bool:
    return file.format == "PPM" and file.mode == "I"
