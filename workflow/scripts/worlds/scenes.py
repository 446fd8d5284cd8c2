"""The sample's scenes: objects of six COCO categories on textured ground, with exact polygons.

A scene is drawn back to front: texture, distractors, objects, light. Objects do not overlap, lie
anywhere in the image and cover about 3 to 15 % of it each. The mask of an object's polygons by
pycocotools is exactly the set of its painted pixels.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from worlds.backgrounds import DISTRACTORS, background
from worlds.objects import ARTISTS, Artist, bunch_of_bananas
from worlds.pen import Drawing, affine, apply, flatten, rasterise, render

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
TURN = {
    "traffic light": 12,
    "stop sign": 12,
    "umbrella": 30,
    "banana": 180,
    "pizza": 180,
    "clock": 15,
}
GAP = 7  # pixels of ground between two objects, at least


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


@dataclass
class _Easel:
    """An unfinished scene: the (H, W, 3) picture and the (H, W) mask of its objects."""

    image: NDArray[np.float32]
    occupied: NDArray[np.bool_]
    light: NDArray[np.float64]
    softness: float


def draw_scene(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] | None = None,
    greyscale: bool = False,
    crowd: bool = False,
) -> Scene:
    """Draw a scene of two to four classes; ``size`` is (height, width), by default one of SIZES."""
    height, width = size or SIZES[rng.integers(len(SIZES))]
    angle = rng.uniform(0, 2 * np.pi)
    light = rng.uniform(0.05, 0.28) * np.array([np.cos(angle), np.sin(angle)])
    occupied = np.zeros((height, width), bool)
    easel = _Easel(background(rng, height, width), occupied, light, rng.choice([0.0, 0.4, 0.7]))
    for _ in range(rng.integers(16, 26)):
        _place_distractor(rng, easel)
    objects = _place_objects(rng, easel, crowd)
    return Scene(_expose(rng, easel, greyscale), tuple(objects))


def _place_distractor(rng: np.random.Generator, easel: _Easel) -> None:
    """Paint a distractor anywhere, also across the border."""
    height, width = easel.occupied.shape
    drawing = DISTRACTORS[rng.integers(len(DISTRACTORS))](rng)
    scale = np.sqrt(height * width) * rng.uniform(0.05, 0.13)
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    posed = drawing.moved(affine(scale, rng.uniform(-40, 40), x, y, rng.uniform(0.8, 1.1)))
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(p - 0.5).astype(np.int32) for p in posed.outline], 1)
    render(easel.image, posed, mask.astype(bool), light=easel.light, softness=easel.softness)


def _place_objects(rng: np.random.Generator, easel: _Easel, crowd: bool) -> list[SceneObject]:
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
    rng: np.random.Generator, easel: _Easel, category: str, artist: Artist, iscrowd: bool
) -> SceneObject | None:
    """Paint an object in free space, smaller if needed; None if there is none."""
    height, width = easel.occupied.shape
    drawing = _posed(rng, artist(rng), category)
    share = 0.13 if iscrowd else 0.033 * 4.3 ** rng.random()
    for _ in range(60):
        pose = _somewhere(rng, drawing, share * height * width, height, width)
        share = max(0.032, share * 0.97)
        if pose is None:
            continue
        polygons = flatten(tuple(apply(pose, p) for p in drawing.outline))
        mask = rasterise(polygons, height, width)
        if not (mask & easel.occupied).any():
            moved = drawing.moved(pose)
            render(easel.image, moved, mask, light=easel.light, softness=easel.softness)
            margin = np.ones((2 * GAP + 1, 2 * GAP + 1), np.uint8)
            easel.occupied |= cv2.dilate(mask.astype(np.uint8), margin).astype(bool)
            return SceneObject(category, polygons, iscrowd)
    return None


def _posed(rng: np.random.Generator, drawing: Drawing, category: str) -> Drawing:
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


def _somewhere(
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


def _expose(rng: np.random.Generator, easel: _Easel, greyscale: bool) -> NDArray[np.uint8]:
    """Apply falloff of light, and brightness, contrast and noise of a camera."""
    height, width, _ = easel.image.shape
    ramp = np.linspace(-1, 1, width)[None] * easel.light[0]
    ramp = 1 + ramp + np.linspace(-1, 1, height)[:, None] * easel.light[1]
    gain, middle = rng.uniform(0.8, 1.12), rng.uniform(100, 145)
    exposed = (easel.image * ramp[..., None].astype(np.float32) - 128) * np.float32(gain) + middle
    exposed += rng.standard_normal((height, width, 1), dtype=np.float32) * rng.uniform(1, 7)
    image: NDArray[np.uint8] = np.clip(exposed, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8) if greyscale else image


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
    pairs = [(i, item) for i, scene in enumerate(scenes, 1) for item in scene.objects]
    shapes = {i: scene.image.shape[:2] for i, scene in enumerate(scenes, 1)}
    return {
        "info": {"description": "Drawn scenes with exact masks", "version": "1.0"},
        "licenses": [
            {
                "id": 1,
                "name": "CC0 1.0, drawn by the workflow",
                "url": "https://creativecommons.org/publicdomain/zero/1.0/",
            }
        ],
        "images": [_image_entry(i, *shape) for i, shape in shapes.items()],
        "annotations": [
            _annotation(k, i, item, *shapes[i]) for k, (i, item) in enumerate(pairs, 1)
        ],
        "categories": [
            {"id": number, "name": name, "supercategory": above}
            for (name, number), above in zip(CATEGORIES.items(), SUPERCATEGORIES, strict=True)
        ],
    }


def _image_entry(number: int, height: int, width: int) -> dict[str, object]:
    return {
        "id": number,
        "file_name": f"{number:012d}.jpg",
        "width": width,
        "height": height,
        "license": 1,
    }


def _annotation(
    number: int, image: int, item: SceneObject, height: int, width: int
) -> dict[str, object]:
    """One instance; a crowd as uncompressed run lengths, as in COCO's own files."""
    mask = item.mask(height, width)
    packed = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
    runs = {"counts": _run_lengths(mask), "size": [height, width]}
    return {
        "id": number,
        "image_id": image,
        "category_id": CATEGORIES[item.category],
        "segmentation": runs if item.iscrowd else [list(p) for p in item.polygons],
        "area": float(rle.area(packed)),
        "bbox": [float(v) for v in rle.toBbox(packed)],
        "iscrowd": int(item.iscrowd),
    }


def _run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of the alternating runs of 0 and 1, column by column, starting with 0."""
    flat = np.concatenate([[False], mask.ravel(order="F"), [not mask[-1, -1]]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(v) for v in np.diff(edges, prepend=0)]
