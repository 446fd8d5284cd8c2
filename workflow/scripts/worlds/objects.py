"""The six classes of the sample, each drawn with its own shape, colours and details.

Every function returns one instance in a unit frame (about -1 to 1, y downwards), upright.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from worlds.palette import FACES, HOUSINGS, LAMPS, REDS, VIVID, YELLOWS, pick, shade, tint
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
    text,
)

Artist = Callable[[np.random.Generator], Drawing]


def traffic_light(rng: np.random.Generator) -> Drawing:
    """Three lamps under visors in an upright housing; one is lit."""
    housing, wide = pick(rng, HOUSINGS, 6), rng.uniform(0.72, 0.88)
    body = box(0, 0, wide, 2, rng.uniform(0.05, 0.22))
    pole = box(0, rng.choice([-1, 1]) * 1.12, 0.16, 0.4)
    strokes = [Stroke(pole, (98, 100, 104)), Stroke(body, housing)]
    if rng.random() < 0.5:
        edge = box(0, 0, wide - 0.07, 1.93, 0.1)
        strokes.append(Stroke(np.concatenate([edge, edge[:1]]), shade(housing, 1.7), 0.04))
    lit, radius = rng.integers(3), rng.uniform(0.23, 0.27)
    for i, y in enumerate((-0.62, 0.0, 0.62)):
        strokes += _lamp(rng, y, radius, LAMPS[i], i == lit, shade(housing, 0.45))
    return Drawing((body, pole) if rng.random() < 0.6 else (body,), tuple(strokes))


def _lamp(
    rng: np.random.Generator, y: float, radius: float, colour: Colour, lit: bool, dark: Colour
) -> list[Stroke]:
    """A round lamp at height y with the visor above it."""
    glass = tint(rng, colour if lit else shade(colour, 0.36), 8)
    strokes = [Stroke(disc(0, y, radius * 1.16), dark), Stroke(disc(0, y, radius), glass)]
    if lit:
        glow = shade(tuple(0.45 * np.array(glass) + 0.55 * 255), 1.0)
        strokes.append(Stroke(disc(0, y + 0.03, radius * 0.52), glow))
    else:
        strokes.append(Stroke(disc(-0.06, y + 0.04, radius * 0.3), shade(glass, 1.5)))
    return [*strokes, Stroke(disc(0, y, radius * 1.1, 1, 195, 345), shade(dark, 0.6), 0.09)]


def stop_sign(rng: np.random.Generator) -> Drawing:
    """A red octagon with a white rim and the word STOP, often on its pole."""
    red, white = pick(rng, REDS, 8), tint(rng, (244, 242, 238), 5)
    plate = polygon(8, 1, 22.5)
    rim = rng.uniform(0.86, 0.92)
    pole = box(0, 1.25, 0.13, 0.85)
    strokes = [
        Stroke(pole, tint(rng, (140, 142, 146), 8)),
        Stroke(plate, white),
        Stroke(rim * plate, red),
        *text("STOP", 0, 0, rng.uniform(0.48, 0.54), white, rng.uniform(0.09, 0.12)),
    ]
    return Drawing((plate, pole) if rng.random() < 0.5 else (plate,), tuple(strokes))


def umbrella(rng: np.random.Generator) -> Drawing:
    """An open umbrella from the side: a ribbed canopy with scalloped edge, shaft and crook."""
    panels, dome, sag = int(rng.integers(5, 8)), rng.uniform(0.62, 0.9), rng.uniform(0.05, 0.12)
    rim = -np.cos(np.pi * np.arange(panels + 1) / panels)
    colours = _umbrella_colours(rng, panels)
    turn = np.linspace(0, np.pi / 2, 14)
    ribs = [np.stack([x * np.sin(turn), -dome * np.cos(turn)], axis=1) for x in rim]
    hems = [_hem(a, b, sag) for a, b in pairwise(rim)]
    canopy = np.concatenate([ribs[0], *hems, ribs[-1][::-1]])
    shaft, ferrule = _crook(rng), box(0, -dome - 0.06, 0.07, 0.22)
    handle = pick(rng, ((92, 60, 36), (44, 44, 48), (150, 110, 70)), 8)
    strokes = [Stroke(shaft, handle), Stroke(ferrule, handle)]
    for left, hem, right, colour in zip(ribs[:-1], hems, ribs[1:], colours, strict=True):
        strokes.append(Stroke(np.concatenate([left, hem, right[::-1]]), colour))
    strokes += [Stroke(rib, shade(colours[0], 0.55), 0.025) for rib in ribs[1:-1]]
    return Drawing((canopy, shaft, ferrule), tuple(strokes))


def _hem(left: float, right: float, sag: float) -> Points:
    """The lower edge of one panel: an arch between two rib ends."""
    t = np.linspace(0, 1, 8)
    arch = -sag * np.sin(np.pi * t) * min(1.0, (right - left) * 2)
    return np.stack([left + (right - left) * t, arch], axis=1)


def _crook(rng: np.random.Generator) -> Points:
    """Shaft and hooked handle as one polygon."""
    end = rng.uniform(0.75, 1.05)
    bend = disc(-0.16, end, 0.16, 1.1, 0, 170) * [rng.choice([-1, 1]), 1]
    return ribbon(np.concatenate([line((0, -0.2), (0, 0.3), (0, end - 0.05)), bend]), 0.085)


def _umbrella_colours(rng: np.random.Generator, panels: int) -> list[Colour]:
    """Panels alternate between two colours, or between two shades of one."""
    first = pick(rng, VIVID)
    second = pick(rng, VIVID) if rng.random() < 0.5 else shade(first, 0.72)
    fall = np.linspace(1.08, 0.82, panels)
    return [shade((first, second)[i % 2], fall[i]) for i in range(panels)]


def banana(rng: np.random.Generator) -> Drawing:
    """One to three bananas on a common stem."""
    return _hand(rng, int(rng.choice([1, 1, 2, 3])))


def _hand(rng: np.random.Generator, fruits: int) -> Drawing:
    """Bananas that hang from the origin side by side."""
    spread = rng.uniform(15, 24)
    return together([_fruit(rng, spread * i) for i in range(fruits)])


def bunch_of_bananas(rng: np.random.Generator) -> Drawing:
    """A heap of hands of bananas, which COCO would annotate as a crowd."""
    poses = [affine(1, rng.uniform(-12, 12), 0.8 * x, y) for y in (0, 0.5) for x in (0, 1, 2)]
    return together([_hand(rng, 4).moved(pose) for pose in poses])


def together(drawings: list[Drawing]) -> Drawing:
    """Several drawings of one frame as one, the last in front."""
    outline = tuple(p for d in drawings for p in d.outline)
    return Drawing(outline, tuple(s for d in drawings for s in d.strokes))


WIDTHS = (
    (0, 0.06, 0.13, 0.2, 0.4, 0.65, 0.86, 0.95, 1),
    (0.4, 0.34, 0.36, 0.66, 0.98, 1, 0.72, 0.34, 0.24),
)


def _fruit(rng: np.random.Generator, angle: float) -> Drawing:
    """One banana that hangs from the origin: a tapering arc with ridges, stem and dark tip."""
    span, plump = rng.uniform(85, 125), rng.uniform(0.4, 0.52)
    t = np.linspace(0, 1, 40)
    a = np.radians(span * t)
    arc = np.stack([1 - np.cos(a), np.sin(a)], axis=1)
    width = plump * np.interp(t, *WIDTHS)
    body, skin = ribbon(arc, width), pick(rng, YELLOWS, 8)
    strokes = [
        Stroke(body, shade(skin, 0.74)),
        Stroke(ribbon(arc, width * 0.8, 0.25), skin),
        Stroke(ribbon(arc, width * 0.26, 1.6), shade(skin, 1.15)),
        Stroke(ribbon(arc[8:-3], 0.03), shade(skin, 0.62)),
        Stroke(ribbon(arc[:5], width[:5]), (128, 122, 44)),
        Stroke(ribbon(arc[-3:], width[-3:] * 1.4), (62, 44, 26)),
        *_speckles(rng, arc, width, shade(skin, 0.5)),
    ]
    return Drawing((body,), tuple(strokes)).moved(affine(angle=angle))


def _speckles(
    rng: np.random.Generator, arc: Points, width: NDArray[np.float64], colour: Colour
) -> list[Stroke]:
    """Ripe spots strewn along the arc."""
    at = rng.integers(9, 36, rng.integers(0, 9))
    off = rng.uniform(-0.3, 0.3, (len(at), 2)) * width[at, None]
    return [Stroke(disc(x, y, rng.uniform(0.012, 0.03)), colour) for x, y in arc[at] + off]


def pizza(rng: np.random.Generator) -> Drawing:
    """A pizza with crust and toppings, cut, often with a slice missing."""
    wobble = 1 + 0.02 * np.sin(np.radians(9) * np.arange(40) * rng.integers(3, 7))
    missing = rng.uniform(35, 75) if rng.random() < 0.6 else 0.0
    rim = disc(stop=360.0 - missing) * (wobble[:, None] if missing == 0 else 1)
    outline = np.concatenate([rim, [[0, 0]]]) if missing else rim
    crust = pick(rng, ((206, 146, 74), (188, 124, 60), (216, 164, 96)), 8)
    cheese = pick(rng, ((246, 206, 104), (240, 190, 84), (250, 220, 140)), 8)
    strokes = [
        Stroke(disc(0, 0, 1.05), crust),
        Stroke(disc(0, 0, 0.93), shade(crust, 0.8)),
        Stroke(disc(0, 0, 0.85), tint(rng, (200, 70, 34))),
        Stroke(disc(0, 0, 0.79), cheese),
        *_toppings(rng),
    ]
    cuts = np.radians(rng.uniform(0, 60) + 60 * np.arange(3))
    strokes += [
        Stroke(line((-np.cos(c), -np.sin(c)), (np.cos(c), np.sin(c))), shade(crust, 0.7), 0.025)
        for c in cuts
    ]
    turn = affine(angle=rng.uniform(0, 360))
    return Drawing((outline,), tuple(strokes)).moved(turn)


def _toppings(rng: np.random.Generator) -> list[Stroke]:
    """Salami, olives and basil, strewn evenly over the cheese."""
    strokes: list[Stroke] = []
    golden = np.radians(137.5)
    for i in range(int(rng.integers(11, 17))):
        reach, turn = 0.68 * np.sqrt((i + 0.5) / 15), i * golden + rng.normal(0, 0.15)
        strokes += _topping(rng, min(reach, 0.68) * np.cos(turn), min(reach, 0.68) * np.sin(turn))
    return strokes


def _topping(rng: np.random.Generator, x: float, y: float) -> list[Stroke]:
    """One topping at (x, y)."""
    kind = rng.choice(3, p=(0.55, 0.2, 0.25))
    if kind == 0:
        size, red = rng.uniform(0.12, 0.16), tint(rng, (182, 46, 34), 8)
        spots = [disc(x + dx, y + dy, 0.022) for dx, dy in rng.uniform(-0.07, 0.07, (3, 2))]
        meat = [Stroke(disc(x, y, size), shade(red, 0.7)), Stroke(disc(x, y, size * 0.82), red)]
        return [*meat, *(Stroke(s, shade(red, 1.4)) for s in spots)]
    if kind == 1:
        return [Stroke(disc(x, y, 0.065, 1, 0, 359.9), (38, 36, 40), 0.055)]
    leaf = disc(x, y, 0.11, rng.uniform(0.4, 0.6))
    return [
        Stroke(leaf, tint(rng, (58, 122, 52))),
        Stroke(line((x - 0.1, y), (x + 0.1, y)), (34, 84, 36), 0.02),
    ]


def clock(rng: np.random.Generator) -> Drawing:
    """A wall clock, round or square, or an alarm clock with bells and feet."""
    kind = rng.choice(["round", "square", "alarm"], p=(0.5, 0.2, 0.3))
    rim, face = pick(rng, VIVID), pick(rng, FACES, 5)
    ink: Colour = (30, 30, 36) if sum(face) > 380 else (238, 236, 228)
    case = box(0, 0, 1.9, 1.9, 0.2) if kind == "square" else disc()
    dial = 0.84 * case
    strokes = [Stroke(case, rim), Stroke(dial * 1.05, shade(rim, 0.6)), Stroke(dial, face)]
    strokes += [*_numerals(rng, ink), *_hands(rng, ink)]
    if kind != "alarm":
        return Drawing((case,), tuple(strokes))
    parts = _bells()
    dark = [Stroke(p, shade(rim, 0.8)) for p in parts]
    return Drawing((*parts, case), (*dark, *strokes))


def _bells() -> list[Points]:
    """The bells and feet of an alarm clock."""
    bell, foot = disc(0, -1.22, 0.42, 0.62), box(0, 1.08, 0.2, 0.4, 0.05)
    return [apply(affine(angle=a), p) for p in (bell, foot) for a in (-33, 33)]


def _numerals(rng: np.random.Generator, ink: Colour) -> list[Stroke]:
    """Twelve ticks, with the quarters in digits on most dials."""
    digits = rng.random() < 0.6
    strokes: list[Stroke] = []
    for hour in range(12):
        direction = np.array([np.sin(np.pi * hour / 6), -np.cos(np.pi * hour / 6)])
        if digits and hour % 3 == 0:
            x, y = 0.6 * direction
            strokes += text(str(hour or 12), x, y, 0.24, ink, 0.05)
        else:
            inner = 0.6 if hour % 3 == 0 else 0.66
            strokes.append(Stroke(np.stack([inner * direction, 0.77 * direction]), ink, 0.05))
    return strokes


def _hands(rng: np.random.Generator, ink: Colour) -> list[Stroke]:
    """Hour and minute hand at a random time, and a red second hand on some clocks."""
    minutes = rng.uniform(0, 720)
    pointers = [(minutes / 720, 0.4, 0.11, ink), (minutes / 60, 0.64, 0.08, ink)]
    if rng.random() < 0.4:
        pointers.append((rng.random(), 0.68, 0.03, (206, 44, 40)))
    strokes = [
        Stroke(np.array([[0, 0], [np.sin(2 * np.pi * f), -np.cos(2 * np.pi * f)]]) * reach, c, w)
        for f, reach, w, c in pointers
    ]
    return [*strokes, Stroke(disc(0, 0, 0.08), pointers[-1][3])]


ARTISTS: dict[str, Artist] = {
    "traffic light": traffic_light,
    "stop sign": stop_sign,
    "umbrella": umbrella,
    "banana": banana,
    "pizza": pizza,
    "clock": clock,
}
