"""The images of a COCO instances file: ids, files, sizes and licences."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookwhere.datasets import coco_names, images
from lookwhere.datasets.coco_annotations import Annotation
from lookwhere.datasets.samples import ImageId, canonical
from lookwhere.errors import StudyError

Entry = dict[str, Any]
MAX_PIXELS = 178_956_970  # PIL reads no larger image
# LVIS: classes of which an image has further instances, without annotation, and classes that it
# lacks, so that an annotation contradicts.
EXCLUDED = {
    "not_exhaustive_category_ids": "not exhaustively annotated (not_exhaustive_category_ids)",
    "neg_category_ids": "annotated, but listed as without the class (neg_category_ids)",
}
UNLISTED = "images that the annotations do not list"


@dataclass(frozen=True)
class Images:
    """The entries of images, by id. Those without a valid id belong to no annotation."""

    entries: Mapping[ImageId, Entry]
    repeated: Mapping[ImageId, int]  # ids of entries that differ
    files: Mapping[str, int]  # how many images have a file of this key

    @classmethod
    def of(cls, listed: Sequence[Any]) -> "Images":
        """Index the entries; those that are equal in what is read are one image."""
        entries: dict[ImageId, Entry] = {}
        repeated: Counter[ImageId] = Counter()
        for entry in listed:
            image_id = canonical(entry.get("id")) if isinstance(entry, dict) else None
            if image_id is not None and _differ(entries.setdefault(image_id, entry), entry):
                repeated[image_id] += 1
        files = Counter(coco_names.key(entry) for entry in entries.values())
        return cls(entries, repeated, files)

    def require_unique(self, image_ids: Iterable[ImageId]) -> None:
        """Raise StudyError if one of the ids has several images."""
        for image_id in image_ids:
            if image_id in self.repeated:
                times = 1 + self.repeated[image_id]
                raise StudyError(
                    f"image {image_id} is listed {times} times, with different values: list it once"
                )

    def left_out(
        self, image_ids: Collection[ImageId], category: ImageId | None
    ) -> dict[ImageId, str]:
        """The images, of these, that can't be drawn for a category, with the reason."""
        reasons = {image_id: UNLISTED for image_id in image_ids if image_id not in self.entries}
        for key, reason in EXCLUDED.items():
            for image_id in image_ids:
                listed = self.entries.get(image_id, {}).get(key)
                if listed and isinstance(listed, list) and category in map(canonical, listed):
                    reasons[image_id] = reason
        return reasons

    def file(self, image_id: ImageId, folder: Path) -> str:
        """The path of an image below ``folder``. Raises StudyError if another image has it, too."""
        entry = self.entries[image_id]
        name = coco_names.file_name(entry, f"image {image_id}", folder)
        if self.files[coco_names.key(entry)] > 1:  # masks would lie on the pixels of another image
            rivals = [
                other
                for other, each in self.entries.items()
                if coco_names.key(each) == coco_names.key(entry)
                and coco_names.file_name(each, f"image {other}", folder) == name
            ]
            if len(rivals) > 1:
                raise StudyError(
                    f"{len(rivals)} images have the file name {name!r}: give each its own"
                )
        return name


def size(
    entry: Entry, annotations: Sequence[Annotation], file: Path, exif: str
) -> tuple[int, int, bool]:
    """The (width, height) of an image, of its entry or run lengths, and whether they are there.

    Else the size is that of its ``file`` in the view ``exif``. Raises StudyError if none has a
    size, or if it is too large.
    """
    width, height = (_pixels(entry.get(key)) for key in ("width", "height"))
    annotated = (width, height) if width and height else _size_of_runs(annotations)
    width, height = annotated or _size_of_file(entry, file, exif)
    if width * height > MAX_PIXELS:
        raise StudyError(
            f"image {entry['id']} has {width} x {height} pixels, more than can be read: "
            "leave it out, or make it smaller"
        )
    return width, height, annotated is not None


def licences(listed: Any) -> dict[str, str]:
    """Names of licences by id. They are informative: a faulty one is unknown."""
    return {
        str(canonical(entry.get("id"))): entry["name"]
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
        and canonical(entry.get("id")) is not None
        and coco_names.is_text(entry.get("name"))
    }


def _differ(one: Entry, other: Entry) -> bool:
    """Whether entries differ in more than a licence or a date, as those of merged files do."""
    keys = ("width", "height", *EXCLUDED)
    return one != other and (
        coco_names.key(one) != coco_names.key(other)
        or any(one.get(key) != other.get(key) for key in keys)
    )


def _pixels(value: Any) -> int:
    """A number of pixels: 481, 481.0 or "481"; 0 if it is none."""
    number = canonical(value)
    return number if isinstance(number, int) else 0


def _size_of_runs(annotations: Sequence[Annotation]) -> tuple[int, int] | None:
    for annotation in annotations:
        runs = annotation.get("segmentation")
        size = runs.get("size") if isinstance(runs, dict) else None
        if isinstance(size, list) and len(size) == 2 and all(map(_pixels, size)):
            return _pixels(size[1]), _pixels(size[0])
    return None


def _size_of_file(entry: Entry, file: Path, exif: str) -> tuple[int, int]:
    try:
        return images.size(file, exif)
    except StudyError as error:
        sizes = f"width {entry.get('width')!r} and the height {entry.get('height')!r}"
        raise StudyError(
            f"image {entry['id']} has the {sizes}, and its file yields none: {error}"
        ) from None
