"""Geometry: the image and its ground truth go to the net's input by the same transform.

``sizes`` defines it. Images are resized by PIL's bilinear filter (antialiased, as in torchvision's
own evaluation of ImageNet), masks by nearest neighbours; both align the centres of pixels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookwhere.datasets import masks, sizes

# Red, green and blue of padding: ImageNet's mean colour, which is 0 in the net's input, but for
# the rounding to whole levels (at most 0.01).
PADDING = (124, 116, 104)  # ImageNet's mean


def transform(image: Image.Image, size: str) -> Image.Image:
    """The RGB image at an input size."""
    place = sizes.place(size, image.height, image.width)
    rows, columns = place.resized
    resized = image.resize((columns, rows), Image.Resampling.BILINEAR)
    if place.shape == place.resized:
        return resized
    (top, left), (height, width) = place.corner, place.shape
    placed = Image.new("RGB", (width, height), PADDING)
    placed.paste(resized, (left, top))
    return placed


def transform_mask(mask: NDArray[Any], size: str, padding: int = 0) -> NDArray[Any]:
    """A mask or dilation index of the image (H, W), at an input size.

    ``padding`` is the value of pixels outside the image.
    """
    place = sizes.place(size, *mask.shape)
    resized = masks.resize(mask, *place.resized)
    if place.shape == place.resized:
        return resized
    lengths = zip(place.corner, place.resized, place.shape, strict=True)
    (rows, own_rows), (columns, own_columns) = (_overlap(*length) for length in lengths)
    placed = np.full(place.shape, padding, dtype=mask.dtype)
    placed[rows, columns] = resized[own_rows, own_columns]
    return placed


def _overlap(start: int, length: int, room: int) -> tuple[slice, slice]:
    """Where a line of ``length`` pixels from ``start`` lies in ``room`` pixels, and its part."""
    first, end = max(start, 0), min(start + length, room)
    return slice(first, end), slice(first - start, end - start)
