"""ImageNet-S: masks of ImageNet's images (Gao et al. 2022).

The annotations are a folder such as ``validation-segmentation``, with a folder per class (its
WordNet id), and the images one such as ``validation``. The code of a pixel is R + 256 G: 0 is the
background or another category, 1000 is left out of both sides, and a class has its place, from 1,
in the sorted list of the classes of the data set. The masks are semantic: all objects of the class
are one instance.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import image_names, mask_files
from lookwhere.datasets.base import Dataset, dataset, sample
from lookwhere.datasets.image_names import ImageNames
from lookwhere.datasets.pools import EMPTY, NO_IMAGE, Kind, Pool
from lookwhere.datasets.samples import ImageId, Sample
from lookwhere.errors import StudyError

IGNORED = 1000
CATEGORIES = "ImageNetS_categories_im*.txt"  # of the data set's repository
COMPLETE = (50, 300, 919)  # classes of ImageNet-S-50, ImageNet-S-300 and ImageNet-S


@dataset("imagenet_s", "ImageNet-S", annotations="folder", lists_images=True)
class ImageNetS(Dataset):
    """A folder of ImageNet-S' masks."""

    def __init__(self, annotations: Path, images: Path) -> None:
        self._annotations, self._images = annotations, images
        self._folders = sorted(
            entry.name
            for entry in annotations.iterdir()
            if entry.is_dir() and not entry.name.startswith(".")
        )

    def classes(self) -> Collection[str]:
        """The WordNet ids: the names of the folders."""
        return self._folders

    def images(self, classes: Sequence[str]) -> Mapping[str, Pool]:
        """The images of each class whose mask has a pixel of it."""
        codes = self._codes()
        return {name: self._pool(name, codes[name]) for name in classes}

    def samples(self, image_ids: Mapping[str, Sequence[ImageId]]) -> Iterable[Sample]:
        """The samples, each with one instance."""
        codes = self._codes()
        names = {name: self._names(name) for name in image_ids}
        for class_name, of_class in image_ids.items():
            for image_id in of_class:
                pixels = _codes_of(self._annotations / f"{image_id}.png")
                ignored = pixels == IGNORED
                yield sample(
                    image_id,
                    class_name,
                    file=names[class_name].file(str(image_id)),
                    instances=[pixels == codes[class_name]],
                    ignored=ignored if ignored.any() else None,
                )

    def _pool(self, class_name: str, code: int) -> Pool:
        names = self._names(class_name)
        left_out: dict[ImageId, str] = {}
        paths = [
            f"{class_name}/{image_names.without_suffix(file)}"
            for file in image_names.files_below(self._annotations / class_name, frozenset({".png"}))
        ]
        for path in paths:
            if path not in names.files:
                left_out[path] = NO_IMAGE
            elif not (_codes_of(self._annotations / f"{path}.png") == code).any():
                left_out[path] = EMPTY
        if paths and len(left_out) == len(paths) and NO_IMAGE in left_out.values():
            raise StudyError(
                f"no image below {str(self._images)!r} has the name of one of the {len(paths)} "
                f"masks of {class_name!r} (such as {paths[0]!r}): give the folder of the images, "
                "such as validation for validation-segmentation"
            )
        return Pool.of({path: [Kind.MASK] for path in paths}, self.choices, left_out)

    def _names(self, class_name: str) -> ImageNames:
        """The images of a class: paths begin with its folder."""
        return ImageNames.below(self._images, class_name)

    def _codes(self) -> dict[str, int]:
        """The code of each class, from the list of classes or from all folders."""
        places = [self._annotations, self._annotations.parent]
        lists = [file for place in places for file in sorted(place.glob(CATEGORIES))]
        for file in lists:
            listed = sorted(set(file.read_text("utf-8").split()))
            if set(self._folders) <= set(listed):
                return {name: number for number, name in enumerate(listed, 1)}
        if len(self._folders) in COMPLETE:
            return {name: number for number, name in enumerate(self._folders, 1)}
        raise StudyError(
            f"{str(self._annotations)!r} has {len(self._folders)} folders of classes, not "
            f"{' or '.join(map(str, COMPLETE))}, so that the codes of pixels are not known: put "
            "ImageNetS_categories_im919.txt (or im300, im50), the list of all classes in "
            "ImageNet-S' repository, in the folder"
        )


def _codes_of(file: Path) -> NDArray[np.uint16]:
    """The code (H, W) of each pixel of a mask."""
    picture = mask_files.picture(file, ("PNG",))
    if picture.mode not in ("RGB", "RGBA"):
        raise StudyError(
            f"mask {str(file)!r} has PIL's mode {picture.mode!r}, but the masks of ImageNet-S are "
            "RGB: use the format masks, or fetch it again"
        )
    pixels = np.asarray(picture).astype(np.uint16)
    return pixels[..., 0] + 256 * pixels[..., 1]
