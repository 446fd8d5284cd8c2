"""The colours of objects and distractors. RGB, 0 to 255."""

import numpy as np

from worlds.pen import Colour

HOUSINGS = ((32, 34, 38), (24, 52, 44), (60, 62, 66), (196, 156, 36), (44, 44, 40))
LAMPS = ((236, 40, 36), (252, 184, 28), (40, 204, 96))
REDS = ((196, 24, 32), (214, 34, 34), (176, 28, 36), (224, 52, 44))
VIVID = (
    (214, 48, 52),
    (238, 130, 36),
    (242, 200, 48),
    (62, 156, 84),
    (38, 140, 170),
    (48, 84, 170),
    (122, 70, 156),
    (222, 96, 146),
    (240, 236, 224),
    (44, 48, 60),
)
YELLOWS = ((246, 208, 52), (252, 222, 88), (232, 190, 40), (206, 204, 70))
FACES = ((248, 246, 236), (240, 232, 208), (226, 236, 240), (36, 40, 52), (250, 250, 250))


def tint(rng: np.random.Generator, colour: Colour, spread: float = 14.0) -> Colour:
    """A random colour near ``colour``."""
    return shade(tuple(np.array(colour) + rng.normal(0, spread, 3)), 1.0)


def shade(colour: Colour | tuple[float, ...], factor: float) -> Colour:
    """A colour scaled by ``factor`` and clipped to 0 to 255."""
    r, g, b = (float(v) for v in np.clip(np.array(colour) * factor, 0, 255))
    return r, g, b


def pick(rng: np.random.Generator, colours: tuple[Colour, ...], spread: float = 14.0) -> Colour:
    """A random one of ``colours``, tinted."""
    return tint(rng, colours[rng.integers(len(colours))], spread)
