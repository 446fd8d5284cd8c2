"""Controls: maps that do not depend on the net, which a method should beat.

The concentration of a method that is not ahead of them is no evidence that it uses the net.
A control is a function of an image and the id of its sample, below a decorator that declares it.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lookwhere import declarations
from lookwhere.errors import StudyError, is_out_of_memory
from lookwhere.methods.names import CONTROLS

Map = NDArray[np.float32]
Draw = Callable[[NDArray[np.uint8], str], Map]


def control(name: str, label: str, *, cite: str | None = None) -> Callable[[Draw], Draw]:
    """Declare the function below as a control.

    All arguments are literals: they are read without running the file.

    Parameters
    ----------
    name, label
        Its name in code and in the column ``method``; and in print.
    cite
        The key of its paper in ``docs/references.bib``.

    Notes
    -----
    The function takes the image (H, W, 3), uint8, at the size of the maps, and the id of the
    sample. It returns a map (1, H, W).
    """
    return lambda function: function


def maps(image: NDArray[np.uint8], sample: str, names: Sequence[str]) -> dict[str, Map]:
    """The control maps (1, H, W), float32, of an image (H, W, 3), by name.

    Raises StudyError if a control fails, or returns another shape.
    """
    return {name: _map(CONTROLS[name], image, sample) for name in names}


@control("centre", "Centre prior", cite="judd2012benchmark")
def centre(image: NDArray[np.uint8], sample: str) -> Map:
    """A centred Gaussian; its standard deviations are a quarter of the height and of the width.

    Objects are photographed in the centre (Judd et al. 2012).
    """
    height, width = image.shape[:2]
    rows, columns = _bell(height)[:, None], _bell(width)
    return (rows * columns)[None]


@control("sobel", "Sobel edges", cite="adebayo2018sanity")
def sobel(image: NDArray[np.uint8], sample: str) -> Map:
    """The strength of the edges of the grey image, by Sobel's 3 x 3 filters.

    A map that shows edges looks right whatever the net has learned (Adebayo et al. 2018).
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.hypot(across, down)[None]


@control("noise", "Random noise")
def noise(image: NDArray[np.uint8], sample: str) -> Map:
    """Independent normal noise, the same for a sample and a size in every run.

    Its concentration is the mask fraction, up to chance.
    """
    height, width = image.shape[:2]
    rng = np.random.default_rng([*sample.encode(), height, width])
    return rng.standard_normal((1, height, width), dtype=np.float32)


def _map(entry: declarations.Declaration, image: NDArray[np.uint8], sample: str) -> Map:
    function = declarations.load(entry)
    way = f"fix {entry.function!r} in {str(entry.file)!r}"
    try:
        saliency = np.asarray(function(image, sample), dtype=np.float32)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(f"control {entry.name!r} fails ({reason}): {way}") from error
    shape = 1, *image.shape[:2]
    if saliency.shape != shape:
        raise StudyError(f"control {entry.name!r} is of shape {saliency.shape}, not {shape}: {way}")
    return saliency


def _bell(length: int) -> Map:
    """A centred Gaussian (length,) of maximum 1 and standard deviation length / 4."""
    offset = (np.arange(length, dtype=np.float32) - (length - 1) / 2) / (length / 4)
    return np.exp(-(offset**2) / 2)
