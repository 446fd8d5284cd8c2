"""Small marks with one of six symbols: square badges, and round emblems for objects.

Like objects, they are drawn in a unit frame (-1 to 1, y downwards). Badges and emblems have symbols
of their own, in random colours: the shape of the symbol alone tells one from another.
"""

import numpy as np

from worlds.palette import pick
from worlds.pen import (
    Colour,
    Drawing,
    Points,
    Stroke,
    affine,
    apply,
    box,
    disc,
    line,
    polygon,
    ribbon,
)

Symbol = tuple[Points, ...]  # filled polygons

DARK = ((40, 44, 60), (92, 24, 60), (20, 70, 60), (96, 48, 20), (44, 40, 110))
LIGHT = ((250, 248, 240), (252, 226, 120), (180, 236, 246), (250, 200, 190), (200, 246, 180))


def _ring() -> Points:
    return ribbon(disc(0, 0, 0.5, 1, 0, 360), 0.28)


def _star() -> Points:
    """Five points."""
    outer, inner = polygon(5, 0.85, -90), polygon(5, 0.36, -54)
    return np.stack([outer, inner], axis=1).reshape(10, 2)


BADGES: dict[str, Symbol] = {
    "plus": (box(0, 0, 1.4, 0.42), box(0, 0, 0.42, 1.4)),
    "ring": (_ring(),),
    "triangle": (line((0, -0.75), (0.75, 0.6), (-0.75, 0.6)),),
    "bars": tuple(box(0, y, 1.4, 0.26) for y in (-0.52, 0.0, 0.52)),
    "dots": tuple(disc(x, y, 0.26) for x in (-0.42, 0.42) for y in (-0.42, 0.42)),
    "slash": (line((-0.7, 0.7), (-0.7, 0.2), (0.2, -0.7), (0.7, -0.7), (0.7, -0.2), (-0.2, 0.7)),),
}

EMBLEMS: dict[str, Symbol] = {
    "star": (_star(),),
    "half": (disc(0, 0, 0.72, 1, 0, 180),),
    "hourglass": (line((-0.6, -0.62), (0.6, -0.62), (-0.6, 0.62), (0.6, 0.62)),),
    "posts": tuple(box(x, 0, 0.28, 1.1) for x in (-0.42, 0.42)),
    "arrow": (
        line(
            (0, -0.8),
            (0.62, -0.08),
            (0.2, -0.08),
            (0.2, 0.7),
            (-0.2, 0.7),
            (-0.2, -0.08),
            (-0.62, -0.08),
        ),
    ),
    "disc": (disc(0, 0, 0.42),),
}


def badge(rng: np.random.Generator, kind: int) -> Drawing:
    """A square badge with a light rim, upright, with one of ``BADGES``, by its number."""
    return _signed(rng, box(0, 0, 2, 2), list(BADGES.values())[kind], 0)


def emblem(rng: np.random.Generator, kind: int) -> Drawing:
    """A round emblem with a light rim, with one of ``EMBLEMS``, by its number."""
    return _signed(rng, disc(), list(EMBLEMS.values())[kind], 10)


def _signed(rng: np.random.Generator, plate: Points, symbol: Symbol, turn: float) -> Drawing:
    """A plate with a rim and a symbol turned by up to ``turn`` degrees, light on dark."""
    dark, light = pick(rng, DARK, 8), pick(rng, LIGHT, 5)
    colours: tuple[Colour, Colour] = (dark, light)
    pose = affine(angle=turn * rng.uniform(-1, 1))
    return Drawing(
        (plate,),
        (
            Stroke(plate, colours[1]),
            Stroke(0.88 * plate, colours[0]),
            *(Stroke(apply(pose, part), colours[1]) for part in symbol),
        ),
    )
