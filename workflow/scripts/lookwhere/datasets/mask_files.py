"""Masks in picture files: from a file to a mask per instance.

Black is the background, and every other value or colour is one instance. So a binary mask (0 and 1,
0 and 255, one bit) is one instance, an indexed or coloured one several. The exceptions:

- More than three grey values beside white, on no more pixels than the (nearly) white ones, are
  smooth edges: pixels in the upper half of the range are the instance. White beside other values
  that are not so is an error: 255 may mark a border that does not count.
- Pixels in the upper half are the instance in any grey JPEG, because compression changes values.
- An alpha channel that varies is the mask: opaque pixels are one instance, whatever their colour.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, UnidentifiedImageError

from lookwhere.datasets.masks import Mask
from lookwhere.errors import StudyError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".pgm"})
NOISE = 32  # the largest change of a value by compression
MAX_BYTES = 2**28  # of a file
MAX_INSTANCES = 1000  # a picture of more values or colours is no mask
EDGES = 4  # grey values of smooth edges, at least
WHITES = {"L": 255, "I;16": 65535, "I": 65535}  # by mode
FAULTS = (OSError, SyntaxError, ValueError, TypeError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Instances:
    """The instances of a mask file."""

    masks: tuple[Mask, ...]  # (H, W) each, with at least a pixel
    shape: tuple[int, int]  # (height, width)
    is_grey: bool = False  # whether grey values were divided into black and white


def picture(path: Path, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """The decoded picture of a file, in its own mode: the pixels of ``P`` are indices.

    Raises StudyError if it is missing, too large, damaged, or has several frames.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("not a regular file")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise OSError(f"{size / 1e6:.0f} MB is too large")
        with Image.open(io.BytesIO(path.read_bytes()), formats=formats) as file:
            if (frames := getattr(file, "n_frames", 1)) > 1:
                raise OSError(f"it has {frames} frames: save each as a file of its own")
            file.load()
            return file
    except FileNotFoundError:
        raise StudyError(f"mask {str(path)!r} does not exist: check dataset.annotations") from None
    except UnidentifiedImageError:
        raise StudyError(
            f"mask {str(path)!r} is not a picture ({', '.join(formats)} are read): replace it"
        ) from None
    except FAULTS as error:
        raise StudyError(f"mask {str(path)!r} can't be read ({error}): replace it") from None


def instances(path: Path) -> Instances:
    """The instances of the mask in a file, by the rules of this module.

    Raises StudyError as ``picture`` does, or if the picture is no mask, or an ambiguous one.
    """
    file = picture(path)
    shape = file.height, file.width
    is_jpeg = file.format == "JPEG"
    try:
        if (alpha := _alpha(file)) is not None:
            return _of_values(alpha >= 128, [1], shape)
        file = _plain(file, NOISE if is_jpeg else 0)
        if file.mode == "RGB":
            return _of_colours(file, shape, is_jpeg)
        return _of_grey(np.asarray(file), WHITES[file.mode], shape, is_jpeg)
    except ValueError as error:
        raise StudyError(f"mask {str(path)!r} {error}") from None


def _alpha(file: Image.Image) -> NDArray | None:
    """The alpha channel (H, W), if it varies."""
    if "A" not in file.getbands() and "transparency" not in file.info:
        return None
    alpha = np.asarray(file.convert("RGBA").getchannel("A"))
    return alpha if alpha.min() != alpha.max() else None


def _plain(file: Image.Image, noise: int) -> Image.Image:
    """The picture as 8 or 16 bits of grey, or as RGB if channels differ by more than ``noise``."""
    if file.mode in WHITES:
        return file
    if file.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(file).astype(np.uint16))
    if file.mode in ("1", "LA"):
        return file.convert("L")
    if file.mode not in ("P", "PA", "RGB", "RGBA"):
        raise ValueError(
            f"has pixels of PIL's mode {file.mode!r}, which masks do not have: save it as a "
            "grey or RGB PNG"
        )
    colours = file.convert("RGB")
    red, green, blue = colours.split()
    differences = (np.asarray(ImageChops.difference(red, other)) for other in (green, blue))
    return red if max(each.max() for each in differences) <= noise else colours


def _of_colours(file: Image.Image, shape: tuple[int, int], is_jpeg: bool) -> Instances:
    if is_jpeg:
        raise ValueError(
            "is a JPEG with colours, which compression blurs: save the mask as PNG, black and "
            "white or a colour an instance"
        )
    colours: Any = file.getcolors(MAX_INSTANCES + 1)  # (count, colour) pairs
    if colours is None:
        raise ValueError(f"has more than {MAX_INSTANCES} colours: it is a photograph, not a mask")
    red, green, blue = (np.asarray(channel).astype(np.uint32) for channel in file.split())
    values = red << 16 | green << 8 | blue
    return _of_values(values, [r << 16 | g << 8 | b for _, (r, g, b) in colours], shape)


def _of_grey(values: NDArray, white: int, shape: tuple[int, int], is_jpeg: bool) -> Instances:
    if values.min() < 0 or values.max() > white:
        raise ValueError(
            f"has values from {values.min()} to {values.max()}: number the instances from 1"
        )
    counts = np.bincount(values.ravel())
    pixels = {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    others = [value for value in pixels if 0 < value < white]
    if is_jpeg and others:
        if NOISE < max(pixels) <= white // 2:
            raise ValueError(
                f"is a JPEG whose brightest value is {max(pixels)}, and compression changes "
                "values: save the mask as PNG"
            )
        return _threshold(values, white, shape)
    if others and white in pixels:
        if _are_edges(pixels, white):
            return _threshold(values, white, shape)
        listed = ", ".join(map(str, others[:5]))
        raise ValueError(
            f"has white ({white}) beside other values ({listed}), which may be smooth edges, "
            "instances, or a border that does not count: save it black and white, or number the "
            f"instances from 1 (below {white})"
        )
    if len(pixels) > MAX_INSTANCES + 1:
        raise ValueError(f"has {len(pixels)} grey values: more than {MAX_INSTANCES} instances")
    return _of_values(values, list(pixels), shape)


def _are_edges(pixels: Mapping[int, int], white: int) -> bool:
    """Whether values beside white, each with its number of pixels, are those of smooth edges."""
    grey = {value: count for value, count in pixels.items() if 0 < value < white - NOISE}
    is_white = sum(count for value, count in pixels.items() if value >= white - NOISE)
    return not grey or (len(grey) >= EDGES and sum(grey.values()) <= is_white)


def _threshold(values: NDArray, white: int, shape: tuple[int, int]) -> Instances:
    mask = values > white // 2
    return Instances((mask,) if mask.any() else (), shape, is_grey=True)


def _of_values(values: NDArray, present: Sequence[int], shape: tuple[int, int]) -> Instances:
    """An instance of each of the values but 0; those ``present`` are listed, and maybe others."""
    instances = (values == value for value in sorted(present) if value)
    return Instances(tuple(mask for mask in instances if mask.any()), shape)
