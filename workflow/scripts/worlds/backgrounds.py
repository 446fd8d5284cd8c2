"""Backgrounds: textures, and distractors with the objects' colours and outlines.

Distractors differ from objects in structure alone: octagons without the word, boxes without three
lamps, discs without hands or toppings, arcs that do not taper, domes without ribs.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from worlds.objects import Artist
from worlds.palette import FACES, HOUSINGS, LAMPS, REDS, VIVID, YELLOWS, pick, shade
from worlds.pen import GLYPHS, Drawing, Stroke, affine, box, disc, line, polygon, ribbon, text

Field = NDArray[np.float32]  # (H, W), 0 to 1
Texture = Callable[[np.random.Generator, int, int], Field]


def background(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """A textured (H, W, 3) background, 0 to 255; some have a horizon between two textures."""
    image = _textured(rng, _any(rng), height, width)
    if rng.random() < 0.4:
        edge = int(height * rng.uniform(0.3, 0.7))
        image[edge:] = _textured(rng, _any(rng), height - edge, width)
    return _grained(rng, image)


def ground(rng: np.random.Generator, kind: int, height: int, width: int) -> NDArray[np.float32]:
    """A (H, W, 3) background, 0 to 255, of one of ``TEXTURES``, by its number."""
    return _grained(rng, _textured(rng, TEXTURES[kind], height, width))


def _grained(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The (H, W, 3) image with noise at two scales."""
    height, width, _ = image.shape
    grain = noise(rng, height, width, 2) + noise(rng, height, width, 5) - 1
    return np.clip(image + 60 * rng.uniform(0.3, 1.0) * grain[..., None], 0, 255)


def _any(rng: np.random.Generator) -> Texture:
    return TEXTURES[rng.integers(len(TEXTURES))]


def _textured(
    rng: np.random.Generator, kind: Texture, height: int, width: int
) -> NDArray[np.float32]:
    """A texture in a palette of three colours: (H, W, 3)."""
    texture = kind(rng, height, width)
    texture = np.asarray(cv2.GaussianBlur(texture, (3, 3), 0.5), np.float32)
    stops = np.array(_palette(rng), dtype=np.float32)
    table = np.stack(
        [np.interp(np.linspace(0, 2, 256), range(3), stops[:, c]) for c in range(3)], 1
    )
    return table.astype(np.float32)[np.clip(texture * 255, 0, 255).astype(np.uint8)]


def _palette(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """A dark, a middle and a light colour of one hue, sometimes with a second hue."""
    hues = (
        (120, 128, 132),
        (112, 140, 84),
        (150, 112, 84),
        (92, 132, 160),
        (176, 150, 110),
        (130, 104, 140),
    )
    base = pick(rng, hues, 9)
    other = pick(rng, hues, 9) if rng.random() < 0.4 else base
    return [shade(base, rng.uniform(0.35, 0.6)), base, shade(other, rng.uniform(1.3, 1.6))]


def noise(rng: np.random.Generator, height: int, width: int, grain: float) -> Field:
    """Smooth noise with features of ``grain`` pixels."""
    coarse = rng.random((int(height / grain) + 2, int(width / grain) + 2), dtype=np.float32)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.float32)


def clouds(rng: np.random.Generator, height: int, width: int) -> Field:
    """Noise at five scales."""
    octaves = [noise(rng, height, width, 2.0**k) for k in range(1, 6)]
    return np.asarray(0.5 + 0.6 * np.sum([o - 0.5 for o in octaves], axis=0), np.float32)


def _grid(rng: np.random.Generator, height: int, width: int) -> tuple[Field, Field]:
    """Coordinates in pixels, turned and slightly warped."""
    angle = np.radians(rng.uniform(-25, 25) + rng.choice([0, 90]))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    bend = rng.uniform(0, 10) * (noise(rng, height, width, 60) - 0.5)
    u = np.cos(angle) * x + np.sin(angle) * y + bend
    return u.astype(np.float32), (np.cos(angle) * y - np.sin(angle) * x + bend).astype(np.float32)


def stripes(rng: np.random.Generator, height: int, width: int) -> Field:
    """Sharp stripes of uneven width and tone."""
    u, _ = _grid(rng, height, width)
    tones = rng.random(512).astype(np.float32)
    return tones[(u / rng.uniform(5, 14)).astype(np.int32) % 512]


def bricks(rng: np.random.Generator, height: int, width: int) -> Field:
    """A wall of bricks, each in its own tone, with light joints."""
    u, v = _grid(rng, height, width)
    tall = rng.uniform(9, 18)
    row = np.floor(v / tall)
    column = u / (tall * 2.2) + 0.5 * (row % 2)
    tones = 0.15 + 0.5 * rng.random(1024).astype(np.float32)
    tone = tones[(row * 37 + np.floor(column)).astype(np.int32) % 1024]
    joint = (v / tall % 1 < 0.14) | (column % 1 < 0.06)
    return np.asarray(np.where(joint, 0.95, tone), np.float32)


def checks(rng: np.random.Generator, height: int, width: int) -> Field:
    """A chequered cloth or tiled floor."""
    u, v = _grid(rng, height, width)
    cell = rng.uniform(8, 20)
    odd = (np.floor(u / cell) + np.floor(v / cell)) % 2
    return np.asarray(0.15 + 0.7 * odd, np.float32)


def foliage(rng: np.random.Generator, height: int, width: int) -> Field:
    """Overlapping leaves, each in its own tone."""
    field = np.full((height, width), 60, np.uint8)
    size = rng.uniform(7, 15)
    count = int(2.2 * height * width / size**2)
    xy = (rng.random((count, 2)) * (width, height)).astype(int)
    angles, tones = rng.uniform(0, 360, count), rng.integers(10, 250, count)
    axes = (int(size), int(size * rng.uniform(0.3, 0.6)))
    for p, angle, tone in zip(xy.tolist(), angles.tolist(), tones.tolist(), strict=True):
        cv2.ellipse(field, p, axes, angle, 0, 360, tone, -1, cv2.LINE_AA)
    return np.asarray(field / 255, np.float32)


def pebbles(rng: np.random.Generator, height: int, width: int) -> Field:
    """Round stones with dark gaps: the distance to the nearest of many points."""
    size = rng.uniform(9, 18)
    seeds = np.full((height, width), 255, np.uint8)
    count = int(height * width / size**2)
    seeds[rng.integers(height, size=count), rng.integers(width, size=count)] = 0
    far, label = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    tones = 0.35 + 0.65 * rng.random(count + 1).astype(np.float32)
    return np.asarray(tones[label % (count + 1)] * np.clip(1.25 - far / size, 0, 1), np.float32)


TEXTURES: tuple[Texture, ...] = (
    clouds,
    stripes,
    bricks,
    checks,
    foliage,
    pebbles,
)


def blank_sign(rng: np.random.Generator) -> Drawing:
    """An octagon with rim, with a bar, other letters or nothing instead of the word."""
    colour = pick(rng, REDS) if rng.random() < 0.6 else pick(rng, VIVID)
    plate = polygon(int(rng.choice([6, 8, 8, 8])), 1, 22.5)
    strokes = [Stroke(plate, (240, 238, 234)), Stroke(0.88 * plate, colour)]
    kind = rng.integers(4)
    if kind == 0:
        strokes.append(Stroke(box(0, 0, 1.3, 0.34), (240, 238, 234)))
    elif kind == 1:
        strokes += text(rng.choice(list("AEHNXZ")), 0, 0, 1.0, (240, 238, 234), 0.16)
    elif kind == 2:
        strokes += [Stroke(k * plate, c) for k, c in ((0.6, (240, 238, 234)), (0.42, colour))]
    return Drawing((plate,), tuple(strokes))


def empty_housing(rng: np.random.Generator) -> Drawing:
    """A box like a traffic light's with windows, slats, or one lamp."""
    case = box(0, 0, rng.uniform(0.7, 1.1), 2, 0.12)
    strokes = [Stroke(case, pick(rng, HOUSINGS, 6)), Stroke(0.9 * case, pick(rng, HOUSINGS, 12))]
    colour, kind = pick(rng, LAMPS), rng.integers(3)
    if kind == 0:
        strokes.append(Stroke(disc(0, rng.choice([-0.6, 0, 0.6]), 0.26), colour))
    elif kind == 1:
        strokes += [Stroke(box(0, y, 0.5, 0.3), colour) for y in (-0.7, -0.23, 0.23, 0.7)]
    else:
        strokes += [Stroke(box(0, y, 0.62, 0.09), colour) for y in np.linspace(-0.8, 0.8, 7)]
    return Drawing((case,), tuple(strokes))


def wheel(rng: np.random.Generator) -> Drawing:
    """A disc like a clock's or a pizza's with rings, spokes, sectors or dots in rows."""
    rim, face = pick(rng, VIVID), pick(rng, (*FACES, (246, 206, 104), (200, 70, 34)), 8)
    strokes = [Stroke(disc(), rim), Stroke(disc(0, 0, 0.84), face)]
    kind, ink = rng.integers(4), pick(rng, VIVID)
    if kind == 0:
        strokes += [Stroke(disc(0, 0, r), c) for r, c in ((0.62, ink), (0.44, face), (0.22, rim))]
    elif kind == 1:
        spokes = int(rng.integers(3, 8))
        ends = polygon(2 * spokes, 0.84, rng.uniform(0, 90))
        strokes += [Stroke(np.stack([a, -a]), ink, 0.09) for a in ends[:spokes]]
    elif kind == 2:
        strokes += [Stroke(box(0, y, 1.1, 0.13), ink) for y in (-0.45, -0.15, 0.15, 0.45)]
    return Drawing((disc(),), tuple(strokes)).moved(affine(angle=rng.uniform(0, 360)))


def arc(rng: np.random.Generator) -> Drawing:
    """A bow of constant width, plain, lined or banded, often in a banana's yellow."""
    centre = disc(0, 0, 1, 1, 0, rng.uniform(80, 230))
    width = rng.uniform(0.2, 0.42)
    colour = pick(rng, YELLOWS) if rng.random() < 0.6 else pick(rng, VIVID)
    bow = ribbon(centre, width)
    strokes = [Stroke(bow, colour), Stroke(ribbon(centre, width * 0.4), shade(colour, 0.7))]
    if rng.random() < 0.5:
        strokes += [
            Stroke(ribbon(centre[i : i + 3], width), pick(rng, VIVID)) for i in (4, 14, 24, 34)
        ]
    return Drawing((bow,), tuple(strokes))


def dome(rng: np.random.Generator) -> Drawing:
    """Half a disc, banded like a rainbow or striped upright, without ribs, hem or shaft."""
    half = disc(0, 0, 1, rng.uniform(0.6, 0.95), 180, 360)
    a, b = pick(rng, VIVID), pick(rng, VIVID)
    strokes = [Stroke(half, a)]
    if rng.random() < 0.5:
        strokes += [Stroke(k * half, c) for k, c in ((0.8, b), (0.6, a), (0.4, b))]
    else:
        strokes += [Stroke(box(x, -0.5, 0.16, 1.2), b) for x in (-0.7, -0.35, 0.0, 0.35, 0.7)]
    return Drawing((half,), tuple(strokes))


def placard(rng: np.random.Generator) -> Drawing:
    """A board with letters, the stop sign's among them."""
    letters = "".join(rng.choice(list(GLYPHS), rng.integers(1, 4)))
    board = box(0, 0, 0.5 + 0.75 * len(letters), 1.3, 0.1)
    ground, ink = pick(rng, VIVID), pick(rng, FACES, 5)
    strokes = [Stroke(board, ink), Stroke(0.9 * board, ground)]
    return Drawing((board,), (*strokes, *text(letters, 0, 0, 0.8, ink, 0.14)))


def pole(rng: np.random.Generator) -> Drawing:
    """A banded pole or a walking stick."""
    a, b = pick(rng, VIVID), pick(rng, VIVID)
    rod = box(0, 0, 0.22, 2)
    bands = [Stroke(box(0, y, 0.3, 0.2), b) for y in np.arange(-0.8, 1, 0.4)]
    if rng.random() < 0.4:
        bend = np.concatenate([line((0, 1), (0, 0), (0, -0.7)), disc(0.2, -0.7, 0.2, 1, 180, 350)])
        rod = ribbon(bend, 0.12)
    return Drawing((rod,), (Stroke(rod, a), *bands))


def confetti(rng: np.random.Generator) -> Drawing:
    """A patch strewn with dots and chips in the colours of lamps and toppings."""
    patch = polygon(int(rng.integers(3, 6)), 1, rng.uniform(0, 90))
    strokes = [Stroke(patch, pick(rng, VIVID)), Stroke(0.86 * patch, pick(rng, (*VIVID, *FACES)))]
    for x, y in rng.uniform(-0.6, 0.6, (12, 2)):
        chip = disc(x, y, 0.12) if rng.random() < 0.5 else box(x, y, 0.2, 0.2)
        strokes.append(Stroke(chip, pick(rng, (*LAMPS, *REDS, *VIVID))))
    return Drawing((patch,), tuple(strokes))


DISTRACTORS: tuple[Artist, ...] = (
    blank_sign,
    empty_housing,
    wheel,
    arc,
    dome,
    placard,
    pole,
    confetti,
)
