"""Sizes: the shape of the net's input for an image of any shape.

======== ================================================== ================ ============
size     the image is resized to                            then             aspect ratio
======== ================================================== ================ ============
original                                                                     kept
n        n x n pixels                                                        lost
short-n  n pixels on the shorter side                                        kept
crop-n   n * 256 / 224 pixels, rounded, on the shorter side its centre n x n kept
pad-n    n pixels on the longer side                        padded to n x n  kept
======== ================================================== ================ ============

``crop-n`` is torchvision's own evaluation of ImageNet (256 and 224 pixels, or 342 and 299). This
module is arithmetic, which the Snakefile needs as well; ``geometry`` transforms images and masks.
"""

from dataclasses import dataclass

ORIGINAL = "original"
# The form of a size. $ alone allows a final line break.
SIZE = r"^(original|((short|crop|pad)-)?[1-9][0-9]{0,3})$(?!\n)"

Shape = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Placement:
    """An image is resized and placed on the centre of the input, which crops or pads it."""

    resized: Shape
    shape: Shape  # of the input

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the resized image in the input, below 0 where it is cropped.

        Half pixels are rounded as by torchvision's ``CenterCrop``.
        """
        (rows, columns), (height, width) = self.resized, self.shape
        return round((height - rows) / 2), round((width - columns) / 2)


def place(size: str, height: int, width: int) -> Placement:
    """The placement of an image of ``height`` x ``width`` pixels at a size (see ``SIZE``)."""
    if size == ORIGINAL:
        return Placement((height, width), (height, width))
    kind, n = _parts(size)
    square = n, n
    if kind == "short":
        shape = _with_shorter(n, height, width)
        return Placement(shape, shape)
    if kind == "crop":
        return Placement(_with_shorter(round(n * 256 / 224), height, width), square)
    if kind == "pad":
        return Placement(_with_longer(n, height, width), square)
    return Placement(square, square)


def input_shape(size: str, height: int, width: int) -> Shape:
    """(height, width) of the net's input for an image of ``height`` x ``width`` pixels."""
    return place(size, height, width).shape


def shorter_side(size: str) -> int | None:
    """The shorter side of inputs, in pixels; None where it is that of the image."""
    return None if size == ORIGINAL else _parts(size)[1]


def label(size: str) -> str:
    """The size in words: ``original size``, ``224 x 224 pixels``, ``224 x 224 pixels, cropped``."""
    if size == ORIGINAL:
        return "original size"
    kind, n = _parts(size)
    square = f"{n} x {n} pixels"
    labels = {
        "": square,
        "short": f"{n} pixels on the shorter side",
        "crop": f"{square}, cropped",
        "pad": f"{square}, padded",
    }
    return labels[kind]


def _parts(size: str) -> tuple[str, int]:
    """Kind and n: of ``crop-224`` crop and 224. A plain number has the kind ``""``."""
    kind, _, n = size.rpartition("-")
    return kind, int(n)


def _with_shorter(n: int, height: int, width: int) -> Shape:
    """The shape of the image with n pixels on its shorter side, as by torchvision's ``Resize``."""
    longer = int(n * max(height, width) / min(height, width))
    return (n, longer) if height <= width else (longer, n)


def _with_longer(n: int, height: int, width: int) -> Shape:
    """The shape of the image with n pixels on its longer side, and at least one on the other."""
    shorter = max(1, round(n * min(height, width) / max(height, width)))
    return (shorter, n) if height <= width else (n, shorter)
