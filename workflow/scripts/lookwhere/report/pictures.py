"""Pictures of a single map: grey for print, and heat over the image with the mask's outline.

A map is shown *as seen*, its strength |I| (the largest channel) clipped at its 99.5th percentile,
or *as scored*, the energy that the concentration adds up, not clipped. Scaling is for display
alone; no number is computed from a picture.
"""

import cv2
import matplotlib as mpl
import matplotlib.colors
import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets.masks import Mask
from lookwhere.metrics.saliency import Saliency

GRID = 1000  # coordinates of a border, whatever the image's size
TOLERANCE = 1 / 400  # of a line to the mask's border, as a share of the image's longer side
OUTLINE = "#00c8a0"  # green: visible on photographs, on grey and on the heat
HEAT = np.float32(255) * mpl.colormaps["inferno"](np.arange(256))[:, :3].astype(np.float32)


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
    """The map (C, H, W) as seen: its strength as heat over the dimmed image (H, W, 3)."""
    return _over(strength(saliency), image)


def energy_level(saliency: NDArray, height: int, width: int) -> NDArray[np.float64]:
    """The energy of a map (C, H, W) at a size of (height, width), in [0, 1]: its maximum is 1.

    A pixel of a smaller picture is the mean energy of those that it covers: a single strong pixel
    keeps its share. A map that is all zero, or not finite, has none: zero everywhere.
    """
    pixels = Saliency(saliency).energy
    if not np.isfinite(pixels).all():
        return np.zeros((height, width))
    if pixels.shape != (height, width):
        resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        pixels = resized.astype(np.float64, copy=False)
    top = pixels.max()
    return pixels / top if top > 0 else pixels


def heat_as_scored(saliency: NDArray, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The map (C, H, W) as scored: its energy as heat over the dimmed image, which may be smaller.

    The energy is |I|^2, summed over the channels, as in the concentration. It is scaled to its
    maximum and not clipped.
    """
    return _over(energy_level(saliency, *image.shape[:2]), image)


def heat_colors(count: int) -> list[str]:
    """``count`` colours of the heat from level 0 to 1, as #rrggbbaa: alpha is its weight."""
    levels = np.linspace(0, 1, count)
    colors = mpl.colormaps["inferno"](levels, alpha=np.sqrt(levels))
    return [mpl.colors.to_hex(color, keep_alpha=True) for color in colors]


def _over(level: NDArray[np.float64], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A level (H, W) in [0, 1] as heat over the dimmed image (H, W, 3): 0 shows the image alone."""
    glow = HEAT[np.minimum((level * 256).astype(np.intp), 255)]
    luminance = image.mean(axis=2, keepdims=True, dtype=np.float32) * 0.6
    weight = np.sqrt(level, dtype=np.float32)[..., None]
    return np.rint(luminance + weight * (glow - luminance)).astype(np.uint8)


def borders(mask: Mask) -> list[NDArray[np.intp]]:
    """The borders of a mask (H, W), closed lines (n, 2) of x and y, on a grid of 1000 x 1000.

    They run through the centres of the mask's outermost pixels; a hole has its own border.
    """
    height, width = mask.shape
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = GRID / np.array([width, height])
    tolerance = TOLERANCE * max(mask.shape)
    lines = (cv2.approxPolyDP(contour, tolerance, closed=True)[:, 0] for contour in contours)
    return [np.rint((points + 0.5) * scale).astype(np.intp) for points in lines]


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
