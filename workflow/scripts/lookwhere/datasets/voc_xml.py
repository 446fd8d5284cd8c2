"""Annotations of an image as XML, in the form of PASCAL VOC, which ImageNet shares."""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from lookwhere.errors import StudyError

MAX_BYTES = 10_000_000  # of a file
MAX_PIXELS = 2**28  # of an image; the size of a larger one is read from its file
CORNERS = ("xmin", "ymin", "xmax", "ymax")

Size = tuple[int, int]  # (width, height)


@dataclass(frozen=True)
class Object:
    """An object of the image."""

    name: str  # empty where it has none
    corners: tuple[float | None, ...]  # CORNERS in the file's own convention; None: no number
    is_difficult: bool


@dataclass(frozen=True)
class Annotation:
    """The content of a file."""

    root: str  # the tag of its root: annotation
    size: Size | None  # of the image, where the file has a possible one
    objects: tuple[Object, ...]


def read(path: Path) -> Annotation:
    """Read the annotation of an image.

    Raises StudyError if the file can't be read, is larger than 10 MB, no whole XML, or has a
    document type, whose entities could expand without bound.
    """
    root = _parse(path)
    return Annotation(root.tag, _size(root), tuple(map(_object, root.findall("object"))))


def _parse(path: Path) -> Element:
    """The root element of an XML file."""
    builder, parser = TreeBuilder(), expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        if path.exists() and not path.is_file():
            raise OSError("not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("more than 10 MB")
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except FileNotFoundError:
        raise StudyError(f"annotations {str(path)!r} do not exist") from None
    except (OSError, ValueError, LookupError, expat.ExpatError) as error:
        raise StudyError(
            f"annotations {str(path)!r} can't be read as XML ({error}): replace the file"
        ) from None


def _refuse(*_: object) -> None:
    raise ValueError("a document type is not read")


def _size(root: Element) -> Size | None:
    width, height = (round(_number(root, f"size/{side}") or 0) for side in ("width", "height"))
    possible = min(width, height) > 0 and width * height <= MAX_PIXELS
    return (width, height) if possible else None


def _object(element: Element) -> Object:
    return Object(
        (element.findtext("name") or "").strip(),
        tuple(_number(element, f"bndbox/{corner}") for corner in CORNERS),
        (element.findtext("difficult") or "").strip() == "1",
    )


def _number(element: Element, path: str) -> float | None:
    """The finite number of the element at a path; None if there is none."""
    try:
        number = float(element.findtext(path) or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
