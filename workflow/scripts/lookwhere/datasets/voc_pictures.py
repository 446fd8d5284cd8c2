"""The PNGs of PASCAL VOC: numbers of classes or instances by palette index, or by colour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lookwhere.datasets import mask_files
from lookwhere.datasets.voc_labels import VOID, VOID_INDEX, Colour, palette
from lookwhere.errors import StudyError

Key = tuple[int | None, Colour]  # a palette index, where there is one, and a colour
Numbers = NDArray[np.intp]  # (H, W)


@dataclass(frozen=True)
class Picture:
    """A PNG: its pixels, and the palette index and the colour of each value."""

    path: Path
    values: NDArray[np.integer]  # (H, W)
    keys: Mapping[int, Key]

    def numbered(self, numbers: Mapping[int, int]) -> Numbers:
        """The number of each pixel (H, W) by its value."""
        table = np.zeros(max(numbers, default=0) + 1, dtype=np.intp)
        table[list(numbers)] = list(numbers.values())
        return table[self.values.astype(np.intp)]


def read(path: Path) -> Picture:
    """Read a PNG. Raises StudyError if it is damaged, or has neither palette nor 8 bit colours."""
    file = mask_files.picture(path, ("PNG",))
    if file.mode in ("L", "P"):
        colours = file.getpalette("RGB") if file.mode == "P" else None
        present = [value for value, count in enumerate(file.histogram()) if count]
        return Picture(path, np.asarray(file), _keys(present, colours))
    if file.mode not in ("RGB", "RGBA"):
        raise StudyError(
            f"mask {str(path)!r} has PIL's mode {file.mode!r}: save it with a palette, or as 8 bit "
            "RGB"
        )
    codes = np.asarray(file.convert("RGB"), dtype=np.intp) @ (2**16, 2**8, 1)  # (H, W)
    values, unique = pd.factorize(codes.ravel())
    if len(unique) > mask_files.MAX_INSTANCES:
        raise StudyError(
            f"mask {str(path)!r} has {len(unique)} colours: it is a photograph, not a mask"
        )
    of_values = ((code >> 16, code >> 8 & 255, code & 255) for code in unique.tolist())
    keys = {value: (None, colour) for value, colour in enumerate(of_values)}
    return Picture(path, values.reshape(codes.shape), keys)


def _keys(indices: Iterable[int], colours: Sequence[int] | None) -> dict[int, Key]:
    """The indices with their ``colours``, those of a flat palette; without one they are greys."""
    greys = [value for value in range(256) for _ in range(3)]
    flat = greys if colours is None else [*colours, *greys[len(colours) :]]
    return {i: (i, (flat[3 * i], flat[3 * i + 1], flat[3 * i + 2])) for i in indices}


def instance_numbers(picture: Picture) -> dict[int, int]:
    """The number of the instance of each value: its palette index, or that of its colour."""
    indices = {colour: index for index, colour in enumerate(palette())}
    numbers = {
        value: indices.get(colour, len(indices) + value) if index is None else index
        for value, (index, colour) in picture.keys.items()
    }
    return {value: VOID if number == VOID_INDEX else number for value, number in numbers.items()}
