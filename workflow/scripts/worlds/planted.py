"""Scenes with planted cues: an object, a part of it, a mark and a background, each one of six.

Each cue has a value from 0 to 5: the kind of object, the symbol of the emblem on it, the symbol of
the badge in a corner, the texture of the background. In a *world* the class of a scene is the value
of one cue (or of two that agree) and the other cues are random, so that a net which learns the
class has one reason to answer as it does. Masks are exact: the object holds the part, the mark
touches neither, and the background is all but object and mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from worlds import coco
from worlds.backgrounds import ground
from worlds.easel import Easel, expose, lighting, place_distractor, posed, somewhere
from worlds.emblems import badge, emblem
from worlds.objects import ARTISTS
from worlds.pen import Drawing, affine, apply, flatten, rasterise

CUES = ("object", "part", "mark", "background")
VALUES = 6
SIDE = 192  # pixels
WORLDS: dict[str, tuple[str, ...]] = {
    "object": ("object",),
    "part": ("part",),
    "patch": ("mark",),
    "context": ("background",),
    "both": ("object", "mark"),
}
BADGE = 15  # half its side, in pixels
EMBLEM = (10, 14)  # least and largest radius, in pixels

Values = Mapping[str, int]  # by cue
Mask = NDArray[np.bool_]  # (H, W)
Polygons = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PlantedScene:
    """A picture (H, W, 3) uint8, and by cue its value, mask and polygons (none of background)."""

    image: NDArray[np.uint8]
    values: Values
    masks: Mapping[str, Mask]
    polygons: Mapping[str, Polygons]


def of_world(rng: np.random.Generator, world: str) -> tuple[dict[str, int], int]:
    """Values of the cues as in training, and the class: the cues of the world agree."""
    label = int(rng.integers(VALUES))
    values = {cue: int(rng.integers(VALUES)) for cue in CUES}
    return values | dict.fromkeys(WORLDS[world], label), label


def agreeing(rng: np.random.Generator) -> dict[str, int]:
    """All cues show the same class."""
    return dict.fromkeys(CUES, int(rng.integers(VALUES)))


def swapped(rng: np.random.Generator) -> dict[str, int]:
    """All cues show different classes: an answer tells which cue a net follows."""
    return dict(zip(CUES, rng.permutation(VALUES).tolist(), strict=False))


def draw(rng: np.random.Generator, values: Values) -> PlantedScene:
    """Draw a scene whose cues have these values."""
    light = lighting(rng)
    image = ground(rng, values["background"], SIDE, SIDE)
    easel = Easel(image, np.zeros((SIDE, SIDE), bool), light, rng.choice([0.0, 0.4]))
    for _ in range(rng.integers(3, 8)):
        place_distractor(rng, easel)
    mark, mark_polygons = _paint_mark(rng, easel, values["mark"])
    thing, thing_polygons, part, part_polygons = _paint_object(rng, easel, values)
    masks = {"object": thing, "part": part, "mark": mark, "background": ~(thing | mark)}
    polygons = {"object": thing_polygons, "part": part_polygons, "mark": mark_polygons}
    return PlantedScene(
        expose(rng, easel, False),
        dict(values),
        {cue: masks[cue] for cue in CUES},
        polygons | {"background": ()},
    )


def _paint_mark(rng: np.random.Generator, easel: Easel, kind: int) -> tuple[Mask, Polygons]:
    """Paint the badge into a random corner."""
    inset = BADGE + rng.uniform(3, 8, 2)
    x, y = np.where(rng.random(2) < 0.5, inset, SIDE - inset)
    return _paint(easel, badge(rng, kind).moved(affine(BADGE, x=x, y=y)))


def _paint_object(
    rng: np.random.Generator, easel: Easel, values: Values
) -> tuple[Mask, Polygons, Mask, Polygons]:
    """Paint the object in free space, where its emblem has room, and the emblem on it."""
    name = list(ARTISTS)[values["object"]]
    while True:
        drawing = posed(rng, ARTISTS[name](rng), name)
        pose = somewhere(rng, drawing, rng.uniform(0.06, 0.14) * SIDE**2, SIDE, SIDE)
        if pose is None:
            continue
        polygons = flatten(tuple(apply(pose, p) for p in drawing.outline))
        mask = rasterise(polygons, SIDE, SIDE)
        distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
        depth = np.asarray(distance, np.float32)
        if depth.max() > EMBLEM[0] + 2 and not (mask & easel.occupied).any():
            easel.paint(drawing.moved(pose), mask)
            return mask, polygons, *_paint_part(rng, easel, depth, values["part"])


def _paint_part(
    rng: np.random.Generator, easel: Easel, depth: NDArray[np.float32], kind: int
) -> tuple[Mask, Polygons]:
    """Paint the emblem inside the object; ``depth`` (H, W) is the distance to its border."""
    radius = min(EMBLEM[1], float(depth.max()) - 2)
    rows, columns = np.nonzero(depth >= radius + 2)
    pick = rng.integers(len(rows))
    x, y = columns[pick] + 0.5, rows[pick] + 0.5
    return _paint(easel, emblem(rng, kind).moved(affine(radius, x=x, y=y)))


def _paint(easel: Easel, drawing: Drawing) -> tuple[Mask, Polygons]:
    """Paint a drawing (in pixels), and return its mask and polygons."""
    polygons = flatten(drawing.outline)
    mask = rasterise(polygons, SIDE, SIDE)
    easel.paint(drawing, mask)
    return mask, polygons


def draw_sample(images: int, seed: int) -> list[PlantedScene]:
    """Draw the images of the study: in each all cues agree, and the classes come in turn."""
    return [
        draw(np.random.default_rng([seed, i]), dict.fromkeys(CUES, i % VALUES))
        for i in range(images)
    ]


def coco_instances(scenes: list[PlantedScene]) -> dict[str, Any]:
    """The content of a COCO instances file whose categories are the cues."""
    categories = [coco.Category(i, cue, "cue") for i, cue in enumerate(CUES, 1)]
    instances = [
        coco.Instance(i, category.id, scene.masks[category.name], scene.polygons[category.name])
        for i, scene in enumerate(scenes, 1)
        for category in categories
    ]
    return coco.instances_file([s.image.shape[:2] for s in scenes], instances, categories)
