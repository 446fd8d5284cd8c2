"""Pools: the images from which the samples of a class are drawn, and what is left out of them.

One rule for all formats. An image is drawn only if every instance of the class in it has a region:
a mask, or, where the study takes boxes, a box.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from lookwhere.datasets.samples import ImageId


class Kind(StrEnum):
    """What an annotation has."""

    MASK = "mask"
    BOX = "box"  # and no mask
    CROWD = "crowd"  # a mask of an uncounted group
    NONE = "none"  # neither mask nor box


@dataclass(frozen=True)
class Choices:
    """How a study takes annotations that are no mask of one instance, and turned images."""

    boxes: Literal["leave_out", "use"] = "leave_out"
    crowds: Literal["leave_out", "count", "skip_image"] = "leave_out"
    exif: Literal["upright", "stored"] = "upright"

    def takes(self, kind: Kind) -> bool:
        """Whether annotations of a kind are instances of a sample."""
        return (
            kind is Kind.MASK
            or (kind is Kind.BOX and self.boxes == "use")
            or (kind is Kind.CROWD and self.crowds == "count")
        )


# Why an image is left out, and the way to have it.
NO_REGION = "without mask and box"
BOXES = "boxes without a mask"
CROWDS = "crowds"
EMPTY = "masks without a pixel"
NO_IMAGE = "masks without an image"
WAYS = {
    NO_REGION: "export polygons, masks or boxes",
    BOXES: "dataset.boxes: use takes a box as the region",
    CROWDS: "they are no part of regions; dataset.crowds: count takes them as instances",
}
REASONS = {Kind.BOX: BOXES, Kind.NONE: NO_REGION, Kind.CROWD: CROWDS}


@dataclass(frozen=True)
class Pool(Collection[ImageId]):
    """The ids of the images that can be drawn for a class, and counts of what is left out."""

    image_ids: tuple[ImageId, ...]
    kinds: Mapping[Kind, int] = field(default_factory=dict)  # annotations
    left_out: Mapping[str, int] = field(default_factory=dict)  # images, by reason

    @classmethod
    def of(
        cls,
        contents: Mapping[ImageId, Collection[Kind]],
        choices: Choices,
        left_out: Mapping[ImageId, str] | None = None,
    ) -> "Pool":
        """The pool of the ``contents`` of each image, a kind per annotation of the class.

        ``left_out`` holds images that the format leaves out, with the reason.
        """
        further = left_out or {}
        reasons = {
            image_id: further.get(image_id) or _reason(kinds, choices)
            for image_id, kinds in contents.items()
        }
        return cls(
            tuple(image_id for image_id, reason in reasons.items() if not reason),
            Counter(kind for kinds in contents.values() for kind in kinds),
            Counter(filter(None, reasons.values())),
        )

    def __contains__(self, image_id: object) -> bool:
        return image_id in self.image_ids

    def __iter__(self) -> Iterator[ImageId]:
        return iter(self.image_ids)

    def __len__(self) -> int:
        return len(self.image_ids)

    def sentences(self, class_name: str, choices: Choices) -> Iterator[str]:
        """What is left out, with the way to have it."""
        total = sum(self.kinds.values())
        for kind, reason in REASONS.items():
            if (count := self.kinds.get(kind, 0)) and not choices.takes(kind):
                what = f"{count} of {total} annotations of {class_name!r} are {reason}"
                yield f"{what}: {self._left_out(reason)} ({WAYS[reason]})"
        for reason in self.left_out:
            if reason not in WAYS:
                yield f"{class_name!r}: {reason}: {self._left_out(reason)}"

    def _left_out(self, reason: str) -> str:
        """``120 images left out``."""
        images = self.left_out.get(reason, 0)
        return f"{images} image{'' if images == 1 else 's'} left out"


def _reason(kinds: Iterable[Kind], choices: Choices) -> str | None:
    """Why an image with annotations of these ``kinds`` is left out; None if it can be drawn."""
    present = set(kinds)
    if Kind.NONE in present:
        return NO_REGION
    if Kind.BOX in present and choices.boxes != "use":
        return BOXES
    if Kind.CROWD in present and choices.crowds == "skip_image":
        return CROWDS
    if any(choices.takes(kind) for kind in present):
        return None
    return CROWDS
