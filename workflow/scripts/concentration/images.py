"""Images: from a file to the net's input.

The input is RGB, resized with PIL's bilinear filter (antialiased, as in torchvision's own ImageNet
evaluation), scaled to [0, 1], and normalised with ImageNet's mean and standard deviation. The size
``original`` leaves the image untouched; a number n gives n x n pixels, aspect ratio not kept.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from .errors import StudyError

ORIGINAL = "original"
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def read(path: Path, width: int, height: int) -> Image.Image:
    """The image as RGB, in the orientation in which its pixels are stored (COCO's convention).

    Raises StudyError if it is missing, damaged, or not of the annotated ``width`` and ``height``.
    """
    try:
        with Image.open(path) as file:
            image = _rgb(file)
    except FileNotFoundError:
        raise StudyError(f"image {str(path)!r} does not exist: check dataset.images") from None
    except UnidentifiedImageError:
        raise StudyError(f"{str(path)!r} is not an image: replace the file") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise StudyError(f"image {str(path)!r} can't be read ({error}): replace it") from None
    if image.size != (width, height):
        raise StudyError(
            f"image {str(path)!r} is {image.width} x {image.height} pixels, but its annotation "
            f"says {width} x {height}: image and annotations are not of the same dataset"
        )
    return image


def input_shape(size: str, height: int, width: int) -> tuple[int, int]:
    """(height, width) of the net's input for an image of ``height`` x ``width`` pixels."""
    return (height, width) if size == ORIGINAL else (int(size), int(size))


def in_words(size: str) -> str:
    """``original size`` or ``224 x 224 pixels``."""
    return "original size" if size == ORIGINAL else f"{size} x {size} pixels"


def resize(image: Image.Image, size: str) -> Image.Image:
    """The image at the input size."""
    height, width = input_shape(size, image.height, image.width)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def normalise(image: Image.Image) -> NDArray[np.float32]:
    """The net's input (3, H, W) from an RGB image."""
    pixels = np.asarray(image, dtype=np.float32) / 255  # (H, W, 3)
    return np.ascontiguousarray(((pixels - MEAN) / STD).transpose(2, 0, 1))


def _rgb(file: Image.Image) -> Image.Image:
    if file.mode.startswith("I;16"):  # PIL would clip 16 bits to white: keep the upper 8
        file = Image.fromarray((np.asarray(file) >> 8).astype(np.uint8))
    elif file.mode in ("I", "F"):
        raise OSError(f"its pixels, of PIL's mode {file.mode!r}, have no known range")
    return file.convert("RGB")
