"""An unfinished scene, and what is done to it: distractors, objects in free space, exposure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worlds.backgrounds import DISTRACTORS
from worlds.pen import Drawing, affine, flatten, rasterise, render

TURN = {
    "traffic light": 12,
    "stop sign": 12,
    "umbrella": 30,
    "banana": 180,
    "pizza": 180,
    "clock": 15,
}
GAP = 7  # pixels of ground between two objects, at least


@dataclass
class Easel:
    """An unfinished scene: the (H, W, 3) picture and the (H, W) mask of its objects."""

    image: NDArray[np.float32]
    occupied: NDArray[np.bool_]
    light: NDArray[np.float64]
    softness: float

    def paint(self, drawing: Drawing, mask: NDArray[np.bool_]) -> None:
        """Paint a drawing (in pixels) through its mask, and keep others away from it."""
        render(self.image, drawing, mask, light=self.light, softness=self.softness)
        margin = np.ones((2 * GAP + 1, 2 * GAP + 1), np.uint8)
        self.occupied |= cv2.dilate(mask.astype(np.uint8), margin).astype(bool)


def lighting(rng: np.random.Generator) -> NDArray[np.float64]:
    """The direction (2,) of the brighter side; its length is the strength."""
    angle = rng.uniform(0, 2 * np.pi)
    return rng.uniform(0.05, 0.28) * np.array([np.cos(angle), np.sin(angle)])


def place_distractor(rng: np.random.Generator, easel: Easel) -> None:
    """Paint a distractor anywhere, also across the border."""
    height, width = easel.occupied.shape
    drawing = DISTRACTORS[rng.integers(len(DISTRACTORS))](rng)
    scale = np.sqrt(height * width) * rng.uniform(0.05, 0.13)
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    placed = drawing.moved(affine(scale, rng.uniform(-40, 40), x, y, rng.uniform(0.8, 1.1)))
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(p - 0.5).astype(np.int32) for p in placed.outline], 1)
    render(easel.image, placed, mask.astype(bool), light=easel.light, softness=easel.softness)


def posed(rng: np.random.Generator, drawing: Drawing, category: str) -> Drawing:
    """Rotate and squeeze a drawing, and scale its outline to area 1, centred at the origin."""
    mirror = rng.choice([-1, 1]) if category in ("banana", "umbrella") else 1
    pose = affine(1, TURN[category] * rng.uniform(-1, 1), squeeze=mirror * rng.uniform(0.8, 1))
    turned = drawing.moved(pose)
    points = np.concatenate(turned.outline)
    low, high = points.min(0), points.max(0)
    fine = 100 / (high - low).max()
    grid = flatten(tuple((p - low) * fine for p in turned.outline))
    area = rasterise(grid, 100, 100).sum() / fine**2
    x, y = -(low + high) / 2 / np.sqrt(area)
    return turned.moved(affine(1 / np.sqrt(area), x=x, y=y))


def somewhere(
    rng: np.random.Generator, drawing: Drawing, area: float, height: int, width: int
) -> NDArray[np.float64] | None:
    """A random pose inside the image with this area in pixels; None if the drawing does not fit."""
    scale = float(np.sqrt(area))
    reach = np.concatenate(drawing.outline).max(0) * scale + 1
    space = np.array([width, height]) - 2 * reach
    if (space < 0).any():
        return None
    # A beta distribution with its mass at the ends, since objects lie wholly inside.
    x, y = reach + space * rng.beta(0.7, 0.7, 2)
    return affine(scale, x=x, y=y)


def expose(rng: np.random.Generator, easel: Easel, greyscale: bool) -> NDArray[np.uint8]:
    """Apply falloff of light, and brightness, contrast and noise of a camera."""
    height, width, _ = easel.image.shape
    ramp = np.linspace(-1, 1, width)[None] * easel.light[0]
    ramp = 1 + ramp + np.linspace(-1, 1, height)[:, None] * easel.light[1]
    gain, middle = rng.uniform(0.8, 1.12), rng.uniform(100, 145)
    exposed = (easel.image * ramp[..., None].astype(np.float32) - 128) * np.float32(gain) + middle
    exposed += rng.standard_normal((height, width, 1), dtype=np.float32) * rng.uniform(1, 7)
    image: NDArray[np.uint8] = np.clip(exposed, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8) if greyscale else image
