"""Vector drawings in a unit frame, and their exact compositing into an image.

A drawing is data: an outline (polygons) and strokes. To paint one, ``moved`` poses it in pixels,
``flatten`` rounds its outline as a COCO file stores it, ``rasterise`` converts that to pycocotools'
mask, and ``render`` paints through this mask: the mask of the file is the set of painted pixels.
Frames have y downwards; colours are RGB, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

Points = NDArray[np.float64]  # (N, 2): x, y
Colour = tuple[float, float, float]

SUBPIXEL = 4  # bits of fraction in the coordinates that OpenCV draws


@dataclass(frozen=True)
class Stroke:
    """A filled polygon (width 0), or a line with its width in unit lengths."""

    points: Points
    colour: Colour
    width: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """Outline polygons and the strokes that fill them, in the unit frame."""

    outline: tuple[Points, ...]
    strokes: tuple[Stroke, ...]

    def moved(self, pose: NDArray[np.float64]) -> "Drawing":
        """The same drawing under a (2, 3) affine map; line widths follow its scale."""
        scale = float(np.sqrt(abs(np.linalg.det(pose[:, :2]))))
        return Drawing(
            tuple(apply(pose, polygon) for polygon in self.outline),
            tuple(Stroke(apply(pose, s.points), s.colour, s.width * scale) for s in self.strokes),
        )


def apply(pose: NDArray[np.float64], points: Points) -> Points:
    """Map (N, 2) points by a (2, 3) affine matrix."""
    return points @ pose[:, :2].T + pose[:, 2]


def affine(
    scale: float = 1.0, angle: float = 0.0, x: float = 0.0, y: float = 0.0, squeeze: float = 1.0
) -> NDArray[np.float64]:
    """Squeeze x, rotate by the angle in degrees, scale, then move: a (2, 3) matrix."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[scale * c * squeeze, -scale * s, x], [scale * s * squeeze, scale * c, y]])


def disc(
    x: float = 0.0,
    y: float = 0.0,
    radius: float = 1.0,
    tall: float = 1.0,
    start: float = 0.0,
    stop: float = 360.0,
) -> Points:
    """An ellipse, or the arc of it between two angles in degrees (clockwise from the right)."""
    t = np.radians(np.linspace(start, stop, 40, endpoint=stop - start < 360))
    return np.stack([x + radius * np.cos(t), y + radius * tall * np.sin(t)], axis=1)


def box(x: float, y: float, width: float, height: float, corner: float = 0.0) -> Points:
    """A rectangle around (x, y) with rounded corners of radius ``corner``."""
    a, b = width / 2 - corner, height / 2 - corner
    turns = np.radians(
        [[0, 30, 60, 90], [90, 120, 150, 180], [180, 210, 240, 270], [270, 300, 330, 360]]
    )
    centres = [(a, b), (-a, b), (-a, -b), (a, -b)]
    return np.array(
        [
            (x + cx + corner * np.cos(t), y + cy + corner * np.sin(t))
            for (cx, cy), quarter in zip(centres, turns, strict=True)
            for t in quarter
        ]
    )


def polygon(corners: int, radius: float = 1.0, turn: float = 0.0) -> Points:
    """A regular polygon around the origin; ``turn`` in degrees."""
    t = np.radians(turn + 360 * np.arange(corners) / corners)
    return radius * np.stack([np.cos(t), np.sin(t)], axis=1)


def line(*points: tuple[float, float]) -> Points:
    """Points (N, 2) as an array."""
    return np.array(points, dtype=np.float64)


def ribbon(centre: Points, width: float | NDArray[np.float64], shift: float = 0.0) -> Points:
    """The polygon around a centre line with a width at each point, shifted by ``shift`` widths."""
    along = np.gradient(centre, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    half = across * np.broadcast_to(np.asarray(width) / 2, len(centre))[:, None]
    return np.concatenate([centre + half * (1 + shift), (centre - half * (1 - shift))[::-1]])


# Letters and digits as lines, x in 0..1 and y in 0..2.
_S = line((0.95, 0.35), (0.7, 0.05), (0.3, 0.05), (0.05, 0.35), (0.05, 0.65), (0.3, 0.9))
_P = line((0, 2), (0, 0), (0.6, 0), (0.95, 0.25), (0.95, 0.8), (0.6, 1.05), (0, 1.05))
GLYPHS: dict[str, tuple[Points, ...]] = {
    "S": (np.concatenate([_S, (np.array([1, 2]) - _S)[::-1]]),),
    "T": (line((0, 0), (1, 0)), line((0.5, 0), (0.5, 2))),
    "O": (disc(0.5, 1, 0.48, 2.05, 0, 359.9),),
    "P": (_P,),
    "A": (line((0, 2), (0.5, 0), (1, 2)), line((0.2, 1.3), (0.8, 1.3))),
    "E": (line((1, 0), (0, 0), (0, 2), (1, 2)), line((0, 1), (0.8, 1))),
    "H": (line((0, 0), (0, 2)), line((1, 0), (1, 2)), line((0, 1), (1, 1))),
    "N": (line((0, 2), (0, 0), (1, 2), (1, 0)),),
    "X": (line((0, 0), (1, 2)), line((1, 0), (0, 2))),
    "Z": (line((0, 0), (1, 0), (0, 2), (1, 2)),),
    "1": (line((0.2, 0.4), (0.6, 0), (0.6, 2)),),
    "2": (line((0.05, 0.4), (0.3, 0), (0.75, 0), (0.95, 0.4), (0.9, 0.8), (0, 2), (1, 2)),),
    "3": (line((0, 0), (1, 0), (0.45, 0.8), (0.95, 1.2), (0.9, 1.7), (0.5, 2), (0, 1.75)),),
    "6": (
        line(
            (0.9, 0),
            (0.3, 0.6),
            (0, 1.3),
            (0.2, 1.9),
            (0.8, 1.9),
            (1, 1.4),
            (0.7, 0.95),
            (0.1, 1.1),
        ),
    ),
    "9": (
        line(
            (0.1, 2),
            (0.7, 1.4),
            (1, 0.7),
            (0.8, 0.1),
            (0.2, 0.1),
            (0, 0.6),
            (0.3, 1.05),
            (0.9, 0.9),
        ),
    ),
}


def text(
    letters: str, x: float, y: float, height: float, colour: Colour, width: float
) -> list[Stroke]:
    """Letters side by side, centred at (x, y), as lines of a width."""
    step = height * 0.78
    left = x - step * (len(letters) - 1) / 2 - height * 0.25
    poses = [affine(height / 2, x=left + i * step, y=y - height / 2) for i in range(len(letters))]
    return [
        Stroke(apply(pose, part), colour, width)
        for letter, pose in zip(letters, poses, strict=True)
        for part in GLYPHS[letter]
    ]


def flatten(outline: tuple[Points, ...]) -> tuple[tuple[float, ...], ...]:
    """COCO polygons: x0, y0, x1, y1, ... rounded to two decimals."""
    return tuple(tuple(float(v) for v in np.round(p, 2).ravel()) for p in outline)


def rasterise(
    polygons: tuple[tuple[float, ...], ...], height: int, width: int
) -> NDArray[np.bool_]:
    """pycocotools' (H, W) mask of COCO polygons."""
    parts = rle.frPyObjects([list(p) for p in polygons], height, width)
    mask: NDArray[np.bool_] = rle.decode(rle.merge(parts)).astype(bool)
    return mask


def render(
    image: NDArray[np.float32],
    drawing: Drawing,
    mask: NDArray[np.bool_],
    *,
    light: NDArray[np.float64],
    softness: float = 0.0,
) -> None:
    """Paint a drawing (in pixels) through its (H, W) mask into the (H, W, 3) image, in place.

    ``light`` (2,) points to the brighter side; ``softness`` blurs the inside, in pixels.
    """
    x, y, w, h = _frame(drawing, mask.shape)
    if w <= 0 or h <= 0:
        return
    layer = np.empty((h, w, 3), np.uint8)
    layer[:] = drawing.strokes[0].colour
    for stroke in drawing.strokes:
        _draw(layer, stroke, (x, y))
    lit = _lit(layer, light)
    if softness > 0:
        lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), softness), np.float32)
    inside = mask[y : y + h, x : x + w].astype(np.float32)
    # The outermost painted pixels are blended with the background, against jagged edges.
    alpha = (inside * (0.3 + 0.7 * cv2.blur(inside, (3, 3), borderType=cv2.BORDER_CONSTANT)))[
        ..., None
    ]
    patch = image[y : y + h, x : x + w]
    patch += alpha * (lit - patch)


def _frame(drawing: Drawing, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The part of an image of this shape that the drawing may touch: x, y, width, height."""
    corners = np.array([[f(p, 0) for p in drawing.outline] for f in (np.min, np.max)])
    low = np.clip(np.floor(corners[0].min(0)) - 1, 0, shape[1::-1]).astype(int)
    high = np.clip(np.ceil(corners[1].max(0)) + 1, 0, shape[1::-1]).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _draw(layer: NDArray[np.uint8], stroke: Stroke, origin: tuple[int, int]) -> None:
    """One stroke, anti-aliased, into a layer whose corner is at ``origin`` in the image."""
    # Pixel centres are at .5 in COCO's coordinates and at whole numbers in OpenCV's.
    points = np.round((stroke.points - np.array(origin) - 0.5) * (1 << SUBPIXEL)).astype(np.int32)
    if stroke.width > 0:
        thick = max(1, round(stroke.width))
        cv2.polylines(layer, [points], False, stroke.colour, thick, cv2.LINE_AA, SUBPIXEL)
    else:
        cv2.fillPoly(layer, [points], stroke.colour, cv2.LINE_AA, SUBPIXEL)


def _lit(layer: NDArray[np.uint8], light: NDArray[np.float64]) -> NDArray[np.float32]:
    """The (h, w, 3) layer, brighter towards the light."""
    h, w, _ = layer.shape
    ramp = np.linspace(-1, 1, w)[None] * light[0] + np.linspace(-1, 1, h)[:, None] * light[1]
    return np.asarray(layer * (1 + ramp)[..., None], np.float32)
