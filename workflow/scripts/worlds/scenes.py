"""The sample's scenes: objects of six COCO categories on textured ground, with exact polygons.

A scene is drawn back to front: texture, distractors, objects, light. Objects do not overlap, lie
anywhere in the image and cover about 3 to 15 % of it each. The mask of an object's polygons by
pycocotools is exactly the set of its painted pixels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worlds import coco
from worlds.backgrounds import background
from worlds.easel import Easel, expose, lighting, place_distractor, posed, somewhere
from worlds.objects import ARTISTS, Artist, bunch_of_bananas
from worlds.pen import apply, flatten, rasterise

CATEGORIES: dict[str, int] = {
    "traffic light": 10,
    "stop sign": 13,
    "umbrella": 28,
    "banana": 52,
    "pizza": 59,
    "clock": 85,
}
SUPERCATEGORIES = ("outdoor", "outdoor", "accessory", "food", "food", "indoor")
SIZES = ((240, 320), (320, 240), (225, 300), (300, 225), (256, 256), (216, 288), (288, 216))


@dataclass(frozen=True)
class SceneObject:
    """One instance: its category and COCO polygons (x0, y0, x1, y1, ... in pixels)."""

    category: str
    polygons: tuple[tuple[float, ...], ...]
    iscrowd: bool = False

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """The (H, W) mask of the polygons."""
        return rasterise(self.polygons, height, width)


@dataclass(frozen=True)
class Scene:
    """A picture, (H, W, 3) or greyscale (H, W) uint8, and its objects."""

    image: NDArray[np.uint8]
    objects: tuple[SceneObject, ...]


def draw_scene(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] | None = None,
    greyscale: bool = False,
    crowd: bool = False,
) -> Scene:
    """Draw a scene of two to four classes; ``size`` is (height, width), by default one of SIZES."""
    height, width = size or SIZES[rng.integers(len(SIZES))]
    light = lighting(rng)
    occupied = np.zeros((height, width), bool)
    easel = Easel(background(rng, height, width), occupied, light, rng.choice([0.0, 0.4, 0.7]))
    for _ in range(rng.integers(16, 26)):
        place_distractor(rng, easel)
    objects = _place_objects(rng, easel, crowd)
    return Scene(expose(rng, easel, greyscale), tuple(objects))


def _place_objects(rng: np.random.Generator, easel: Easel, crowd: bool) -> list[SceneObject]:
    """Paint two to four classes, sometimes one twice; a crowd comes with a single banana."""
    classes = [str(c) for c in rng.permutation(list(CATEGORIES))[: rng.integers(2, 5)]]
    if crowd:
        classes = ["banana", *(c for c in classes if c != "banana")][:3]
    elif rng.random() < 0.15:
        classes.append(classes[0])
    artists = [(c, ARTISTS[c], False) for c in classes]
    if crowd:
        artists = [("banana", bunch_of_bananas, True), *artists]
    objects = [_place(rng, easel, *artist) for artist in artists]
    return [item for item in objects if item is not None]


def _place(
    rng: np.random.Generator, easel: Easel, category: str, artist: Artist, iscrowd: bool
) -> SceneObject | None:
    """Paint an object in free space, smaller if needed; None if there is none."""
    height, width = easel.occupied.shape
    drawing = posed(rng, artist(rng), category)
    share = 0.13 if iscrowd else 0.033 * 4.3 ** rng.random()
    for _ in range(60):
        pose = somewhere(rng, drawing, share * height * width, height, width)
        share = max(0.032, share * 0.97)
        if pose is None:
            continue
        polygons = flatten(tuple(apply(pose, p) for p in drawing.outline))
        mask = rasterise(polygons, height, width)
        if not (mask & easel.occupied).any():
            easel.paint(drawing.moved(pose), mask)
            return SceneObject(category, polygons, iscrowd)
    return None


def draw_sample(images: int, seed: int) -> list[Scene]:
    """Draw the scenes of a seed; one of them is greyscale and one holds a crowd."""
    if images < 2:
        raise ValueError(
            f"images must be at least 2 (one greyscale, one with a crowd), got {images}"
        )
    return [
        draw_scene(
            np.random.default_rng([seed, i]),
            greyscale=i == images // 3,
            crowd=i == images // 2,
        )
        for i in range(images)
    ]


def coco_instances(scenes: list[Scene]) -> dict[str, Any]:
    """The content of a COCO instances file, for ``json.dump`` and ``pycocotools.coco.COCO``."""
    annotations = [
        coco.Instance(
            i,
            CATEGORIES[item.category],
            item.mask(*scene.image.shape[:2]),
            item.polygons,
            item.iscrowd,
        )
        for i, scene in enumerate(scenes, 1)
        for item in scene.objects
    ]
    categories = [
        coco.Category(number, name, above)
        for (name, number), above in zip(CATEGORIES.items(), SUPERCATEGORIES, strict=True)
    ]
    return coco.instances_file([s.image.shape[:2] for s in scenes], annotations, categories)
