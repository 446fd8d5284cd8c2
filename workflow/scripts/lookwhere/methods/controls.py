"""Controls: maps that use no net. The concentration of a method that is not ahead of them is no
evidence that it uses the net.

centre  a Gaussian on the image's middle, whose standard deviation is a quarter of its height
        and of its width: objects are photographed in the middle (Judd et al. 2012)
sobel   the strength of the edges of the grey image, by Sobel's 3 x 3 filters: a map that shows
        edges looks right whatever the net has learned (Adebayo et al. 2018)
noise   independent normal noise, the same for a sample in every run: its concentration is the
        mask fraction, up to chance
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]


def centre(image: NDArray[np.uint8], sample: str) -> Map:
    """The centre prior (1, H, W) of an image (H, W, 3)."""
    height, width = image.shape[:2]
    rows, columns = _bell(height)[:, None], _bell(width)
    return (rows * columns)[None]


def sobel(image: NDArray[np.uint8], sample: str) -> Map:
    """The strength of the edges (1, H, W) of an image (H, W, 3)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.hypot(across, down)[None]


def noise(image: NDArray[np.uint8], sample: str) -> Map:
    """Noise (1, H, W), drawn from the id of the ``sample`` and the size of the image (H, W, 3)."""
    height, width = image.shape[:2]
    rng = np.random.default_rng([*sample.encode(), height, width])
    return rng.standard_normal((1, height, width), dtype=np.float32)


CONTROLS: dict[str, Callable[[NDArray[np.uint8], str], Map]] = {
    "centre": centre,
    "sobel": sobel,
    "noise": noise,
}


def _bell(length: int) -> Map:
    """A Gaussian (length,) on the middle, 1 there; a quarter of the length is its deviation."""
    offset = (np.arange(length, dtype=np.float32) - (length - 1) / 2) / (length / 4)
    return np.exp(-(offset**2) / 2)
