"""Masks against drawn rectangles, a brute-force distance, PIL, OpenCV, and images."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from lookwhere.datasets import geometry, masks
from lookwhere.errors import StudyError
from lookwhere.io.results import checked_folder

from .studies import union

SMALL_MASKS = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(bool, shape)
)
GROWTHS = st.floats(0, 10)


def polygon(left, top, right, bottom):
    return [left, top, right, top, right, bottom, left, bottom]


def rectangle(left, top, right, bottom, height=30, width=40):
    mask = np.zeros((height, width), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def compressed(mask):
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))


def uncompressed(mask):
    """Run lengths column by column, starting with zeros."""
    pixels = mask.flatten(order="F")
    edges = np.flatnonzero(np.diff(pixels)) + 1
    runs = np.diff([0, *edges, pixels.size]).tolist()
    return {"size": list(mask.shape), "counts": [0, *runs] if pixels[0] else runs}


def as_text(encoded):
    return {**encoded, "counts": encoded["counts"].decode()}


A, B = (3, 2, 9, 12), (20, 5, 38, 29)
SEGMENTATIONS = {
    "one polygon": ([[polygon(*A)]], rectangle(*A)),
    "parts of one instance": ([[polygon(*A), polygon(*B)]], rectangle(*A) | rectangle(*B)),
    "two instances": ([[polygon(*A)], [polygon(*B)]], rectangle(*A) | rectangle(*B)),
    "overlap": ([[polygon(*A)], [polygon(5, 4, 20, 9)]], rectangle(*A) | rectangle(5, 4, 20, 9)),
    "beyond the border": ([[polygon(30, 20, 60, 50)]], rectangle(30, 20, 40, 30)),
    "compressed runs": ([as_text(compressed(rectangle(*B)))], rectangle(*B)),
    "compressed runs in bytes": ([compressed(rectangle(*B))], rectangle(*B)),
    "uncompressed runs": ([uncompressed(rectangle(*B))], rectangle(*B)),
    "runs from the corner": ([uncompressed(rectangle(0, 0, 9, 9))], rectangle(0, 0, 9, 9)),
    "all kinds": (
        [[polygon(*A)], uncompressed(rectangle(*B)), compressed(rectangle(0, 0, 1, 1))],
        rectangle(*A) | rectangle(*B) | rectangle(0, 0, 1, 1),
    ),
    "nothing": ([], rectangle(0, 0, 0, 0)),
    "no part": ([[], [polygon(*A)]], rectangle(*A)),
    "a part of two points": ([[[1, 1, 7, 7], polygon(*A)], [[1, 1, 7, 7]]], rectangle(*A)),
}


@pytest.mark.parametrize(
    ("segmentations", "expected"), SEGMENTATIONS.values(), ids=SEGMENTATIONS.keys()
)
def test_union_covers_the_drawn_pixels(segmentations, expected):
    mask = union(segmentations, 30, 40)
    assert mask.dtype == bool
    assert np.array_equal(mask, expected)


def test_union_of_real_annotations_is_that_of_pycocotools(shared_data):
    coco = COCO(shared_data / "coco" / "annotations" / "instances_train2017.json")
    for image in coco.loadImgs(coco.getImgIds()[:10]):
        annotations = coco.loadAnns(coco.getAnnIds(image["id"]))
        expected = np.any([coco.annToMask(a) for a in annotations], axis=0)
        mask = union([a["segmentation"] for a in annotations], image["height"], image["width"])
        assert np.array_equal(mask, expected)


def test_runs_of_another_size_are_refused():
    with pytest.raises(StudyError, match=r"\[30, 40\].*31 pixels high and 40 wide"):
        union([uncompressed(rectangle(*A))], 31, 40)


def distances(mask):
    """Squared distance of every pixel to the nearest one of the mask, pair by pair."""
    rows, columns = np.indices(mask.shape)
    inside = np.argwhere(mask)
    pairs = [(rows - row) ** 2 + (columns - column) ** 2 for row, column in inside]
    return np.min(pairs, axis=0)


@settings(deadline=None)
@given(SMALL_MASKS, GROWTHS)
def test_dilation_is_exact_and_isotropic(mask, dilation):
    dilated = masks.dilate(mask, dilation)
    target = min(mask.sum() + round(dilation * mask.sum()), mask.size)
    assert (dilated | ~mask).all()
    assert dilated.sum() >= target
    if dilated.sum() > target:  # only pixels at one distance exceed it
        squares = distances(mask)
        assert (dilated == (squares <= squares[dilated].max())).all()
        assert (squares < squares[dilated].max()).sum() < target


@settings(deadline=None)
@given(SMALL_MASKS, st.lists(GROWTHS, min_size=1, max_size=6).map(sorted))
def test_the_index_is_that_of_the_dilations_one_around_the_other(mask, dilations):
    index = masks.dilation_index(mask, dilations)
    for place, dilation in enumerate(dilations):
        assert np.array_equal(index <= place, masks.dilate(mask, dilation))
    assert index.max() <= len(dilations)


def test_the_index_is_resized_as_its_dilations_are():
    mask, dilations = rectangle(*A, height=300, width=400), [0, 0.2, 1, 40]
    index = masks.resize(masks.dilation_index(mask, dilations), 224, 224)
    for place, dilation in enumerate(dilations):
        expected = masks.resize(masks.dilate(mask, dilation), 224, 224)
        assert np.array_equal(index <= place, expected)


@pytest.mark.parametrize(
    "segmentations",
    [pytest.param(s, id=name) for name, (s, _) in SEGMENTATIONS.items() if s],
)
def test_boxes_are_those_of_the_instances_one_by_one(segmentations):
    expected = np.zeros((30, 40), dtype=bool)
    for segmentation in segmentations:
        instance = np.argwhere(union([segmentation], 30, 40))
        if len(instance):
            (top, left), (bottom, right) = instance.min(axis=0), instance.max(axis=0)
            expected[top : bottom + 1, left : right + 1] = True
    assert np.array_equal(masks.boxes([union([s], 30, 40) for s in segmentations]), expected)


def test_boxes_of_real_annotations_are_cocos(shared_data):
    """Except for thin tips of polygons, which cover no pixel's centre."""
    coco = COCO(shared_data / "coco" / "annotations" / "instances_train2017.json")
    for annotation in coco.loadAnns(coco.getAnnIds(areaRng=[2000, 1e6], iscrowd=False))[:50]:
        [image] = coco.loadImgs(annotation["image_id"])
        ours = masks.boxes([union([annotation["segmentation"]], image["height"], image["width"])])
        left, top, width, height = map(round, annotation["bbox"])
        theirs = np.zeros_like(ours)
        theirs[top : top + height, left : left + width] = True
        assert (ours & theirs).sum() / (ours | theirs).sum() > 0.95


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dilation", [0.05, 0.2, 1, 4])
def test_dilation_is_a_threshold_of_the_brute_force_distance(dilation, order):
    mask = np.random.default_rng(0).random((40, 50)) > 0.98
    mask[10:14, 20:31] = True
    squares = distances(mask)
    reach = np.sort(squares[~mask])[round(dilation * mask.sum()) - 1]
    assert np.array_equal(masks.dilate(np.asarray(mask, order=order), dilation), squares <= reach)


@pytest.mark.parametrize("dilation", [100, 2000, 4000])
def test_pixel_becomes_a_disc(dilation):
    mask = rectangle(40, 35, 41, 36, height=71, width=81)
    squares = distances(mask)
    reach = np.sort(squares[~mask])[dilation - 1]
    assert np.array_equal(masks.dilate(mask, dilation), squares <= reach)


@settings(deadline=None)
@given(SMALL_MASKS, GROWTHS, GROWTHS)
def test_dilation_grows_with_dilation(mask, one, other):
    smaller, larger = (masks.dilate(mask, dilation) for dilation in sorted([one, other]))
    assert (larger | ~smaller).all()


def test_square_becomes_round():
    """A pixel dilated to 21 is the digital disc of radius √5, neither a square nor a diamond."""
    mask = rectangle(20, 15, 21, 16)
    disc = [[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]]
    dilated = masks.dilate(mask, 20)
    assert dilated.sum() == 21
    assert np.array_equal(dilated[13:18, 18:23], disc)


@pytest.mark.parametrize("dilation", [0.1, 0.2, 1])
def test_disc_grows_by_the_dilation(dilation):
    rows, columns = np.indices((300, 400))
    disc = (rows - 150) ** 2 + (columns - 200) ** 2 <= 60**2
    share = masks.dilate(disc, dilation).sum() / disc.sum()
    assert 1 + dilation <= share + 1e-4 <= 1 + dilation + 0.01  # whole pixels, and equal distances


@pytest.mark.parametrize("dilation", [0, 0.2, 10])
def test_empty_and_full_masks_stay(dilation):
    empty = np.zeros((5, 7), dtype=bool)
    assert not masks.dilate(empty, dilation).any()
    assert masks.dilate(~empty, dilation).all()


def test_no_dilation_changes_nothing_and_copies():
    mask = rectangle(*A)
    dilated = masks.dilate(mask, 0)
    dilated[:] = False
    assert np.array_equal(mask, rectangle(*A))


def test_dilation_stops_at_the_border():
    assert masks.dilate(rectangle(0, 0, 30, 30), 10).all()


SIZES = [
    ((480, 640), (224, 224)),
    ((640, 427), (224, 224)),
    ((333, 500), (224, 224)),
    ((90, 120), (224, 224)),
    ((100, 60), (200, 180)),
    ((100, 60), (50, 20)),
    ((7, 5), (3, 11)),
    ((50, 40), (50, 40)),
]
SIZE_IDS = [f"{h}x{w} to {H}x{W}" for (h, w), (H, W) in SIZES]


def undecided(old, new):
    """New pixels whose centre is on the edge between two old ones: both are nearest."""
    return (2 * np.arange(new) + 1) * old % (2 * new) == 0


@pytest.mark.parametrize("library", ["PIL", "OpenCV"])
@pytest.mark.parametrize(("old", "new"), SIZES, ids=SIZE_IDS)
def test_resize_is_nearest_neighbour(old, new, library):
    mask = np.random.default_rng(0).random(old) > 0.5
    if library == "PIL":
        expected = np.asarray(Image.fromarray(mask).resize(new[::-1], Image.Resampling.NEAREST))
    else:
        expected = cv2.resize(
            mask.astype(np.uint8), new[::-1], interpolation=cv2.INTER_NEAREST_EXACT
        ).astype(bool)
    rows, columns = (~undecided(*lengths) for lengths in zip(old, new, strict=True))
    resized = masks.resize(mask, *new)
    assert resized.shape == new
    assert np.array_equal(resized[rows][:, columns], expected[rows][:, columns])


@settings(deadline=None)
@given(SMALL_MASKS, st.integers(1, 20), st.integers(1, 20))
def test_resize_preserves_constants_and_inclusion(mask, height, width):
    """Full and empty masks stay so, and a smaller mask stays inside a larger one."""
    resized = masks.resize(mask, height, width)
    assert resized.shape == (height, width)
    assert mask.any() or not resized.any()
    assert not mask.all() or resized.all()
    grown = masks.resize(masks.dilate(mask, 0.5), height, width)
    assert (grown | ~resized).all()


def damaged(path):
    path.write_bytes(path.read_bytes()[:40])


def flipped(path, bit=100 * 8):
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [lambda path: path.unlink(), damaged, lambda path: path.write_text("x"), flipped],
    ids=["missing", "cut short", "text", "one bit"],
)
def test_a_corrupt_mask_is_reported_with_the_way_out(damage, tmp_path):
    path = tmp_path / "masks/1-dog.png"
    with checked_folder(path.parent) as folder:
        masks.write(rectangle(*A), folder / path.name)
    assert np.array_equal(masks.read(path), rectangle(*A))
    damage(path)
    with pytest.raises(StudyError, match=r"1-dog\.png' (is missing|was damaged).*: delete the fol"):
        masks.read(path)


def test_no_flipped_bit_of_a_mask_reads_as_another_mask(tmp_path):
    """PIL does not check the CRC of pixels."""
    path = tmp_path / "masks/1-dog.png"
    with checked_folder(path.parent) as folder:
        masks.write(rectangle(*A), folder / path.name)
    for bit in range(0, 8 * path.stat().st_size, 13):
        flipped(path, bit)
        with pytest.raises(StudyError, match="was damaged or changed after it was written"):
            masks.read(path)
        flipped(path, bit)
    assert np.array_equal(masks.read(path), rectangle(*A))


@pytest.mark.parametrize("shape", ["disc", "rectangle"])
@pytest.mark.parametrize("old", [(480, 640), (640, 480), (224, 224), (60, 90), (125, 77)])
def test_image_and_mask_stay_aligned(old, shape):
    height, width = old
    box = (0.3 * width, 0.2 * height, 0.65 * width, 0.75 * height)
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    (draw.ellipse if shape == "disc" else draw.rectangle)(box, fill="white")
    mask = np.asarray(image)[..., 0] > 127

    bright = np.asarray(geometry.transform(image, "224"))[..., 0] > 127
    resized = masks.resize(mask, 224, 224)
    overlap = (bright & resized).sum() / (bright | resized).sum()
    shift = np.argwhere(bright).mean(axis=0) - np.argwhere(resized).mean(axis=0)
    assert overlap > 0.95
    assert np.abs(shift).max() < 0.5
