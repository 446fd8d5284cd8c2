"""Deletion and insertion: what the net makes of an image that loses, or gains, the map's pixels.

With p the target's probability, x the image, b a baseline and S_k the share k of the pixels of most
energy (Petsiuk et al. 2018: RISE, section 4.2):

    deletion  = area under p(x outside of S_k, b on S_k) over k in [0, 1]
    insertion = area under p(b outside of S_k, x on S_k) over k in [0, 1]

The paper deletes to the mean colour and inserts into a blurred image; here each is there on both
baselines. The mean colour is what the net's input subtracts (``input.mean``), not that of the
study's images. Pixels are ordered by their energy, |I|^2 summed over channels, as they are for
concentration; the paper's maps have one channel and no sign. Ties are in random order, the same for
all maps of a sample. Deletion and insertion on one baseline are equal on average for a map of
random order, so that their difference has a level of chance: 0.
"""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lookwhere.metrics.order import area, replaced, strongest_first
from lookwhere.metrics.registry import metric
from lookwhere.metrics.saliency import Saliency

if TYPE_CHECKING:
    from lookwhere.methods.passes import Passes

Image = NDArray[np.float32]

DEVIATION, SIDE = 5, 224  # pixels, of the blur of an image whose shorter side has ``SIDE``


@metric(
    "deletion",
    "Deletion",
    needs=("map", "passes"),
    bounds=(0, 1),
    better="lower",
    cite="petsiuk2018rise",
)
def deletion(saliency: Saliency, passes: "Passes", *, steps: int = 32) -> float:
    """The mean probability while the pixels of most energy become the mean colour.

    ``steps`` + 1 forward passes.
    """
    return _deleted(saliency, passes, _mean(passes.image), steps)


@metric(
    "deletion_blur",
    "Deletion (blur)",
    needs=("map", "passes"),
    bounds=(0, 1),
    better="lower",
    cite="petsiuk2018rise",
)
def deletion_blur(saliency: Saliency, passes: "Passes", *, steps: int = 32) -> float:
    """As ``deletion``, while they become those of the blurred image."""
    return _deleted(saliency, passes, blurred(passes.image), steps)


@metric(
    "insertion",
    "Insertion",
    needs=("map", "passes"),
    bounds=(0, 1),
    better="higher",
    cite="petsiuk2018rise",
)
def insertion(saliency: Saliency, passes: "Passes", *, steps: int = 32) -> float:
    """The mean probability while the pixels of most energy replace those of the blurred image.

    ``steps`` + 1 forward passes.
    """
    return _inserted(saliency, passes, blurred(passes.image), steps)


@metric(
    "insertion_mean",
    "Insertion (mean colour)",
    needs=("map", "passes"),
    bounds=(0, 1),
    better="higher",
    cite="petsiuk2018rise",
)
def insertion_mean(saliency: Saliency, passes: "Passes", *, steps: int = 32) -> float:
    """As ``insertion``, into the mean colour."""
    return _inserted(saliency, passes, _mean(passes.image), steps)


def blurred(image: Image) -> Image:
    """The image (C, H, W), blurred by the kernel of RISE's authors.

    It is a unit impulse in the middle of 11 pixels, blurred by a Gaussian of deviation 5 that is
    mirrored at their ends, for 224 x 224; here in proportion to the shorter side, but not below
    a deviation of 1, so that small images are blurred too. The image is mirrored at its border,
    which theirs darkens.
    """
    deviation = max(1, DEVIATION * min(image.shape[1:]) / SIDE)
    impulse = np.zeros(2 * round(deviation) + 1)
    impulse[len(impulse) // 2] = 1
    kernel = gaussian_filter1d(impulse, deviation)
    border = cv2.BORDER_REFLECT_101
    return np.stack(
        [cv2.sepFilter2D(channel, -1, kernel, kernel, borderType=border) for channel in image]
    )


def _mean(image: Image) -> Image:
    """The mean colour, which the net's input subtracts: 0 of a normalised image."""
    return np.zeros_like(image)


def _deleted(saliency: Saliency, passes: "Passes", baseline: Image, steps: int) -> float:
    order = strongest_first(saliency.energy, passes.generator())
    return area(passes.probabilities(replaced(passes.image, baseline, order, steps)))


def _inserted(saliency: Saliency, passes: "Passes", baseline: Image, steps: int) -> float:
    order = strongest_first(saliency.energy, passes.generator())
    return area(passes.probabilities(replaced(baseline, passes.image, order, steps)))
