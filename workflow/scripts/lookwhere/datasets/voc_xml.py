"""Annotations of an image as XML, in the form of PASCAL VOC, which ImageNet shares."""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from lookwhere.errors import StudyError

MAX_BYTES = 10_000_000  # of a file


@dataclass(frozen=True)
class Box:
    """An object of the image: its box, in the file's own convention."""

    name: str
    left: float  # xmin
    top: float  # ymin
    right: float  # xmax
    bottom: float  # ymax


@dataclass(frozen=True)
class Annotation:
    """The content of a file."""

    width: int  # of the image; 0 where it has none
    height: int
    boxes: tuple[Box, ...]


def read(path: Path) -> Annotation:
    """Read the annotation of an image.

    Raises StudyError if the file can't be read, is too large, no whole XML, has a document type
    (whose entities could expand without bound), or an object without name or box.
    """
    root = parse(path)
    try:
        return Annotation(
            int(float(root.findtext("size/width") or 0)),
            int(float(root.findtext("size/height") or 0)),
            tuple(_box(element) for element in root.findall("object")),
        )
    except (ValueError, OverflowError) as error:
        raise StudyError(f"annotations {str(path)!r}: {error}") from None


def parse(path: Path) -> Element:
    """The root element of an XML file, of at most 10 MB and without a document type."""
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


def _box(element: Element) -> Box:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError("an object has no name: add it, or remove the object")
    return Box(
        name,
        left=_number(element, name, "xmin"),
        top=_number(element, name, "ymin"),
        right=_number(element, name, "xmax"),
        bottom=_number(element, name, "ymax"),
    )


def _number(element: Element, name: str, key: str) -> float:
    text = element.findtext(f"bndbox/{key}")
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"object {name!r} has the {key} {text!r}, not a number: correct it")
    return number
