"""What a file is that is no COCO instances file, with the way out."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

HEAD = 4096  # bytes that show the kind of a file
EXPORT = "export it as COCO with polygons or masks"
CONVERT = "convert it to a COCO instances file"
UNPACK = "an archive: unpack it"

# Patterns of the first bytes, in order.
BYTES = (
    (rb"\s*$", "empty: fetch it again"),
    (rb"version https://git-lfs", "a pointer of Git LFS: run git lfs pull"),
    (rb"(?i)\s*<(!doctype html|html|head)", "a web page: fetch the file again"),
    (rb"\s*<", "XML: dataset.format: voc reads the folder of PASCAL VOC's XML files"),
    (rb"PK[\3\5]|\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!|.{257}ustar", UNPACK),
    (rb"\xff\xd8\xff|\x89PNG", "an image: give the annotations as dataset.annotations"),
    (rb"\x80[\2-\5]|\x89HDF|PAR1|\x93NUMPY", f"an array or a table: {CONVERT}"),
    (rb"\s*[\[{]\s*'", "a Python literal: write it by json.dump"),
    (rb"(\d+( -?[\d.]+){4,}\s*\n?)+", f"labels of YOLO: {CONVERT}"),
    (rb"[^\n{\[]*MaskPath", "a table: dataset.format: openimages reads the folder of its masks"),
    (rb"[^\n{\[]*\bmask\b[^\n]*\n", "a table: dataset.format: masks reads one of masks"),
    (rb"[^\n{\[]*,[^\n{\[]*,[^\n]*\n", "a table: dataset.format: boxes reads one of boxes"),
)


def of_bytes(content: bytes) -> str | None:
    """What a file is that is not JSON; None if it may be damaged JSON.

    >>> of_bytes(b"version https://git-lfs.github.com/spec/v1")
    'a pointer of Git LFS: run git lfs pull'
    """
    head = content[:HEAD]
    for pattern, kind in BYTES:
        if re.match(pattern, head, re.DOTALL):
            return kind
    return f"JSON lines: {CONVERT}" if _is_json(content.split(b"\n", 1)[0]) else None


def of_json(content: Any) -> str | None:
    """What JSON is that is no COCO instances file; None if no known kind.

    >>> of_json({"shapes": [], "imagePath": "36.jpg"}).partition(":")[0]
    'an annotation of labelme'
    """
    return of_annotations(content) or _first_kind(content, FILES)


def of_annotations(content: Any) -> str | None:
    """What the annotations in COCO's JSON are, if not of instances."""
    annotations = content.get("annotations") if isinstance(content, dict) else None
    return _first_kind(annotations, ANNOTATIONS)


def _first_kind(content: Any, kinds: Sequence[tuple[Callable[[Any], bool], str]]) -> str | None:
    return next((kind for is_kind, kind in kinds if is_kind(content)), None)


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _has(*keys: str) -> Callable[[Any], bool]:
    """Whether an object has all of the ``keys``."""
    return lambda content: isinstance(content, dict) and all(key in content for key in keys)


def _list_of(*keys: str) -> Callable[[Any], bool]:
    """Whether the first entry of a list has all of the ``keys``."""
    has = _has(*keys)
    return lambda content: isinstance(content, list) and bool(content) and has(content[0])


def _is_via(content: Any) -> bool:
    """VGG Image Annotator: a project, or its annotations alone, an object for each image."""
    entries = list(content.values())[:1] if isinstance(content, dict) else []
    return _has("_via_img_metadata")(content) or any(map(_has("filename", "regions"), entries))


ANNOTATIONS = (
    (_list_of("segments_info"), "COCO panoptic: use dataset.format: panoptic"),
    (_list_of("caption"), "captions: give the instances file of these images"),
)
FILES = (
    (_has("videos"), f"annotations of videos: extract the frames, and {CONVERT}"),
    (
        _list_of("image_id", "score"),
        "a list of results of a detector: give the instances file that it was run on",
    ),
    (
        _list_of("image_id", "category_id"),
        "a list of annotations: add the lists of images and categories that it belongs to",
    ),
    (_list_of("image", "annotations"), f"annotations of CreateML: {EXPORT}"),
    (_list_of("data", "annotations"), f"annotations of Label Studio: {EXPORT}"),
    (_has("shapes", "imagePath"), f"an annotation of labelme: {CONVERT}"),
    (_is_via, f"annotations of VIA: {EXPORT}"),
    (
        _has("image", "annotations"),
        "an image of SA-1B, whose masks have no classes: merge its files into one, with categories",
    ),
    (_has("objects", "size"), f"an annotation of Supervisely: {EXPORT}"),
    (_has("type", "features"), f"GeoJSON: {CONVERT}"),
)
