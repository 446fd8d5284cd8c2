"""What a file is that is not an image to read, by its first bytes, and the way out."""

import re
from typing import NamedTuple

from PIL import Image

HEAD = 1024  # bytes that show the kind of a file
CONVERT = "convert it to JPEG"


class FileKind(NamedTuple):
    """A kind of file: a pattern of its first bytes, its name, and the way out."""

    pattern: bytes
    name: str
    way_out: str


def _brands(*brands: bytes) -> bytes:
    """The pattern of ISO media files: photographs of phones and videos."""
    return rb".{4}ftyp(?:" + b"|".join(brands) + b")"


FRAME = "extract its frames as JPEG"
AGAIN = "fetch the image again"
KINDS = (
    FileKind(_brands(b"he[imv][cfsx]", b"mif1", b"msf1"), "a HEIC image", CONVERT),
    FileKind(_brands(b"avi[fs]"), "an AVIF image", CONVERT),
    FileKind(_brands(b"crx "), "a RAW file of a camera (CR3)", CONVERT),
    FileKind(_brands(b""), "not an image, but a video", FRAME),
    FileKind(rb"RIFF.{4}AVI |\x1aE\xdf\xa3", "not an image, but a video", FRAME),
    FileKind(rb"(?:\0\0\0\x0cJXL |\xff\x0a)", "a JPEG XL image", CONVERT),
    FileKind(
        rb"II\*\0.{4}CR|FUJIFILMCCD-RAW|II(?:RO|RS|U\0)|MMOR", "a RAW file of a camera", CONVERT
    ),
    FileKind(rb"8BPS", "not an image, but a Photoshop document", CONVERT),
    FileKind(rb"%PDF-", "not an image, but a PDF document", "export its picture as JPEG or PNG"),
    FileKind(rb"v/1\x01", "an OpenEXR image", "save it as 8 bit"),
    FileKind(
        rb".{128}DICM", "not an image, but a DICOM file", "export its picture as PNG of 8 bit"
    ),
    FileKind(rb"\x93NUMPY", "not an image, but a numpy array", "save it as PNG"),
    FileKind(rb"\x89HDF\r\n", "not an image, but an HDF5 file", "save its pictures as PNG"),
    FileKind(rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf", "not an image, but an archive", "unpack it"),
    FileKind(
        rb"version https://git-lfs", "not an image, but a pointer of Git LFS", "run: git lfs pull"
    ),
    FileKind(
        rb"(?i:\W*(?:<[?!][^>]*>\s*)*<svg\b)",
        "not an image, but an SVG drawing",
        "export it as PNG",
    ),
    FileKind(rb"(?i:\W*(?:<!doctype html|<html|<head))", "not an image, but a web page", AGAIN),
    FileKind(rb"\W*(?:<\?xml|<\w+>)", "not an image, but an XML document", AGAIN),
    FileKind(rb"\s*[\[{]\s*[\"{\[]", "not an image, but a JSON document", AGAIN),
    FileKind(
        rb"II[*+]\0|MM\0[*+]",
        "a TIFF that can't be read (of many bands, or of a camera)",
        "save it as JPEG, or PNG of 8 bit",
    ),
)
DNG_VERSION, NEW_SUBFILE_TYPE, PREVIEW = 50706, 254, 1  # tags of TIFF, and a value


def of_bytes(head: bytes) -> FileKind | None:
    """The kind of a file that begins with these bytes; None if no pattern fits.

    >>> of_bytes(b"%PDF-1.7").name
    'not an image, but a PDF document'
    """
    return next((k for k in KINDS if re.match(k.pattern, head[:HEAD], re.S)), None)


def of_image(file: Image.Image) -> FileKind | None:
    """The kind of an open image whose pixels are not those of the photograph.

    PIL reads a camera's RAW file as TIFF, of which the first picture may be a small preview.
    """
    tags = getattr(file, "tag_v2", {})
    if DNG_VERSION in tags or tags.get(NEW_SUBFILE_TYPE) == PREVIEW:
        return FileKind(b"", "a RAW file of a camera, of which only a preview can be read", CONVERT)
    return None
