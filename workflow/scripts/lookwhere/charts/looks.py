"""Colours by family and generated markers: no two methods of a study look the same.

A further method has the colour of its family that is furthest from all in use. So methods that a
study appends do not change the others.
"""

import colorsys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, count, product

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

from lookwhere.methods import registry
from lookwhere.methods.names import METHODS

Marker = str | tuple[int, int, float]
Style = tuple[str, Marker]

# The methods of the thesis have its colours.
OF_THESIS: dict[str, Style] = {
    "backpropagation": ("#0173b2", "o"),
    "deconvolution": ("#56b4e9", "s"),
    "guided_backpropagation": ("#029e73", "D"),
    "grad_cam": ("#d55e00", "^"),
    "guided_grad_cam": ("#cc78bc", "v"),
}
SHAPES: tuple[Marker, ...] = ("<", ">", "d", "p", (4, 1, 0), "h", (3, 1, 0), (6, 1, 0))
OF_CONTROLS: tuple[Marker, ...] = ("P", "X", "*")
# Between which hues (degrees) the colours of a family lie; all of the wheel for other families.
HUES = {
    "gradient": (155, 225),
    "cam": (-50, 36),
    "path": (72, 150),
    "perturbation": (230, 295),
    "class_free": (40, 66),
}
LIGHTNESSES, SATURATIONS = np.linspace(0.15, 0.8, 14).tolist(), (0.95, 0.7, 0.45)
DARKEST, LIGHTEST = 0.32, 0.77  # in Oklab, where black is 0 and white is 1
LIGHTNESS_WEIGHT = 1.6  # relative to hue and saturation: print may be grey
OTHERS_WEIGHT = 2  # of distances to other families, which may be as much closer
# From linear red, green and blue to the responses of the eye, and on to lightness, a and b
# (Ottosson 2020, "A perceptual color space for image processing": Oklab).
TO_RESPONSES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def of_methods(methods: Iterable[str]) -> dict[str, Style]:
    """Colour and marker of each method."""
    methods = list(methods)
    styles = {name: style for name, style in OF_THESIS.items() if name in methods}
    markers = chain(SHAPES, _polygons(0))
    families = [registry.family(METHODS[name]) for name in OF_THESIS]
    used = list(_places([colour for colour, _ in OF_THESIS.values()]))
    for name in methods:
        if name not in styles:
            family = registry.family(METHODS[name])
            colours, places = _colours(family)
            distances = np.linalg.norm(places[:, None] - np.array(used), axis=2)
            distances[:, [other != family for other in families]] *= OTHERS_WEIGHT
            furthest = int(distances.min(axis=1).argmax())
            families.append(family)
            used.append(places[furthest])
            styles[name] = colours[furthest], next(markers)
    return {name: styles[name] for name in methods}


def of_controls(controls: Iterable[str]) -> dict[str, Style]:
    """Grey and marker of each control."""
    controls = list(controls)
    greys = np.linspace(0.35, 0.75, len(controls))
    markers = chain(OF_CONTROLS, _polygons(7))
    return {
        name: (f"{grey:.2f}", marker)
        for name, grey, marker in zip(controls, greys, markers, strict=False)
    }


@cache
def _colours(family: str) -> tuple[list[str], NDArray[np.float64]]:
    """The n colours of a family, as #rrggbb, that are visible on white; their places (n, 3)."""
    first, last = HUES.get(family, (0, 330))
    hues = np.linspace(first, last, 2 + (last - first) // 12)
    colours = [
        to_hex(colorsys.hls_to_rgb(hue / 360 % 1, *rest))
        for hue, *rest in product(hues, LIGHTNESSES, SATURATIONS)
    ]
    places = _places(colours)
    lightness = places[:, 0] / LIGHTNESS_WEIGHT
    visible = np.flatnonzero((lightness > DARKEST) & (lightness < LIGHTEST))
    return [colours[place] for place in visible], places[visible]


def _polygons(turn: float) -> Iterator[Marker]:
    """Polygons and stars of more and more points, each turned further."""
    return ((3 + number // 2, number % 2, 15 * number + turn) for number in count(4))


def _places(colours: Sequence[str]) -> NDArray[np.float64]:
    """The places (n, 3) of n colours in Oklab, its first axis, lightness, stretched."""
    parts = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(parts > 0.04045, ((parts + 0.055) / 1.055) ** 2.4, parts / 12.92)
    return np.cbrt(linear @ TO_RESPONSES.T) @ TO_LAB.T * (LIGHTNESS_WEIGHT, 1, 1)
