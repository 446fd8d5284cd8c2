"""Pictures of a single map: grey for print, and heat over the image with the mask's outline.

Both show the map's strength |I| (the largest channel), cut at its 99.5th percentile: scaling is for
the eye alone and no number is computed from a picture.
"""

import cv2
import matplotlib as mpl
import matplotlib.colors
import numpy as np
from numpy.typing import NDArray

from .masks import Mask

OUTLINE = "#00c8a0"  # green: visible on photographs, on grey and on the heat


def strength(saliency: NDArray) -> NDArray[np.float64]:
    """|I| of a map (C, H, W), its largest channel, in [0, 1]: (H, W).

    A map that is all zero, or not finite, has none: zero everywhere.
    """
    magnitude = np.abs(saliency.astype(np.float64)).max(axis=0)
    if not magnitude.any() or not np.isfinite(magnitude).all():
        return np.zeros_like(magnitude)
    top = np.percentile(magnitude, 99.5) or magnitude.max()
    return np.clip(magnitude / top, 0, 1)


def grey(saliency: NDArray) -> NDArray[np.uint8]:
    """The map (C, H, W) as (H, W, 3): white where it is zero, black where it is strong."""
    level = np.rint(255 * (1 - strength(saliency))).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=2)


def heat(saliency: NDArray, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The map (C, H, W) as heat over the dimmed image (H, W, 3)."""
    level = strength(saliency)
    glow = mpl.colormaps["inferno"](level)[..., :3] * 255
    luminance = image.mean(axis=2, keepdims=True) * 0.6
    weight = np.sqrt(level)[..., None]
    return np.rint(weight * glow + (1 - weight) * luminance).astype(np.uint8)


def overlay(saliency: NDArray, image: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """The heat of a map (C, H, W) over the image (H, W, 3), with the mask's outline."""
    return outline(heat(saliency, image), mask)


def outline(image: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """The image (H, W, 3) with the border of the mask (H, W) drawn on it."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(image.shape[:2]) / 220))
    color = [round(255 * part) for part in mpl.colors.to_rgb(OUTLINE)]
    picture = image.copy()
    cv2.drawContours(picture, contours, -1, color, thickness)
    return picture
