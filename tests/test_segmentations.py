"""Segmentations: valid ones yield the right mask, others an error."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask

from lookwhere.datasets import masks
from lookwhere.datasets.segmentations import fault, has_mask, run_lengths
from lookwhere.errors import StudyError

from .studies import union

MASKS = st.tuples(st.integers(1, 20), st.integers(1, 20)).flatmap(lambda shape: arrays(bool, shape))


def lengths(mask):
    """Run lengths column by column, the first of them of zeros."""
    pixels = mask.flatten(order="F")
    edges = np.flatnonzero(np.diff(pixels)) + 1
    runs = np.diff([0, *edges, pixels.size]).tolist()
    return [0, *runs] if pixels[0] else runs


@settings(deadline=None)
@given(MASKS)
def test_run_lengths_are_those_of_the_mask(mask):
    compressed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    assert run_lengths(compressed) == run_lengths(compressed.decode()) == lengths(mask)


@settings(deadline=None)
@given(MASKS, st.booleans())
def test_a_mask_survives_its_run_lengths(mask, compressed):
    if compressed:
        counts = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    else:
        counts = lengths(mask)
    runs = {"size": list(mask.shape), "counts": counts}
    assert fault(runs, *mask.shape) is None
    assert np.array_equal(union([runs], *mask.shape), mask)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_runs_of_length_zero_are_valid(counts):
    if not sum(counts):
        counts = [*counts, 1]
    pixels = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    runs = {"size": [1, len(pixels)], "counts": counts}
    assert np.array_equal(union([runs], 1, len(pixels))[0], pixels)


CORNERS = st.lists(st.tuples(st.integers(-60, 90), st.integers(-60, 90)), min_size=3, max_size=3)


@settings(deadline=None)
@given(CORNERS)
def test_polygons_are_cut_at_the_border(corners):
    """A triangle beyond its image equals that of a larger image, cropped: PIL draws that."""
    height, width, margin = 30, 40, 100
    canvas = Image.new("1", (width + 2 * margin, height + 2 * margin))
    ImageDraw.Draw(canvas).polygon([(x + margin, y + margin) for x, y in corners], fill=1)
    drawn = np.asarray(canvas)[margin : margin + height, margin : margin + width]
    mask = union([[[number for corner in corners for number in corner]]], height, width)
    # Both draw the interior; pixels on an edge may differ.
    outline = Image.new("1", canvas.size)
    ImageDraw.Draw(outline).line(
        [(x + margin, y + margin) for x, y in [*corners, corners[0]]], fill=1, width=5
    )
    sure = ~np.asarray(outline)[margin : margin + height, margin : margin + width]
    assert np.array_equal(mask[sure], drawn[sure])


SQUARE = [1, 1, 9, 1, 9, 9, 1, 9]
EMPTY = {
    "outside, to the right": [[50, 1, 60, 1, 60, 9]],
    "outside, to the left": [[-20, 1, -10, 1, -10, 9]],
    "outside, below": [[1, 40, 9, 40, 9, 50]],
    "outside, above": [[1, -20, 9, -20, 9, -10]],
    "two points": [[1, 1, 9, 9]],
    "area of zero": [[5, 5, 5, 5, 5, 5]],
    "no polygon": [],
    "a polygon of nothing": [[]],
}


@pytest.mark.parametrize("segmentation", EMPTY.values(), ids=EMPTY.keys())
def test_a_segmentation_without_pixels_is_an_empty_mask(segmentation):
    assert fault(segmentation, 30, 40) is None
    assert not union([segmentation], 30, 40).any()
    assert union([segmentation, [SQUARE]], 30, 40).sum() == 64


FAULTY = {
    "nan": ([[1, 1, math.nan, 1, 9, 9]], "the coordinate nan, far outside"),
    "infinity": ([[1, 1, math.inf, 1, 9, 9]], "the coordinate inf, far outside"),
    "far away": ([[1, 1, 1e9, 1, 9, 9]], "the coordinate 1000000000.0, far outside its image of"),
    "endless": ([[1, 1, 10**400, 1, 9, 9]], "far outside its image of 40 x 30 pixels"),
    "far above": ([[1, 1, 9, -61, 9, 9]], "the coordinate -61, far outside"),
    "text": ([[1, 1, "9", 1, 9, 9]], "the coordinate '9', which is not a number"),
    "truth": ([[1, 1, True, 1, 9, 9]], "the coordinate 'True', which is not a number"),
    "odd": ([[1, 1, 9, 1, 9, 9, 1]], "a polygon has 7 numbers, which are no pairs"),
    "flat and odd": ([1, 1, 9, 1, 9, 9, 1], "a polygon has 7 numbers, which are no pairs"),
    "flat text": (["1", "1", "9", "1", "9", "9"], "'1' is not a polygon"),
    "pairs of text": ([["1", 1], [9, 1], [9, 9]], "the coordinate '1', which is not a number"),
    "two lists too deep": ([[[SQUARE]]], "which are no pairs of x and y"),
    "pairs, two lists too deep": ([[[[1, 1], [9, 1], [9, 9]]]], "which are no pairs of x and y"),
    "text alone": ("1 1 9 1", "a str is neither a list of polygons nor run lengths"),
    "nothing": (None, "a NoneType is neither"),
    "runs too short": ({"size": [30, 40], "counts": [3, 4]}, "cover 7 of the image's 1200 pixels"),
    "runs too long": ({"size": [30, 40], "counts": [3, 1198]}, "cover 1201 of the image's 1200"),
    "negative run": ({"size": [30, 40], "counts": [-4, 1204]}, "are damaged"),
    "part of a run": ({"size": [30, 40], "counts": [600.5, 599.5]}, "are damaged"),
    "run that is nan": ({"size": [30, 40], "counts": [600, math.nan]}, "are damaged"),
    "text of half a character": ({"size": [30, 40], "counts": "\ud800"}, "are damaged"),
    "one of two run lengths": (
        [{"size": [30, 40], "counts": [1200]}, {"size": [30, 40], "counts": [3]}],
        "cover 3 of the image's 1200 pixels",
    ),
    "no runs": ({"size": [30, 40]}, "run lengths 'None' are damaged"),
    "text for runs": ({"size": [30, 40], "counts": "no runs"}, "run lengths 'no runs' are damaged"),
    "text cut short": ({"size": [30, 40], "counts": "zz"}, "are damaged"),
    "text without end": ({"size": [30, 40], "counts": "o" * 99}, "are damaged"),
    "text of other runs": ({"size": [30, 40], "counts": "34"}, "cover 7 of the image's 1200"),
    "no size": ({"counts": [1200]}, "the size None, but its image is 30 pixels high and 40 wide"),
    "other size": ({"size": [40, 30], "counts": [1200]}, r"the size [40, 30], but its image is 30"),
}


@pytest.mark.parametrize(("segmentation", "message"), FAULTY.values(), ids=FAULTY.keys())
def test_faulty_segmentations_are_refused_before_c_code_reads_them(segmentation, message):
    assert message in fault(segmentation, 30, 40)
    with pytest.raises(StudyError):
        union([[SQUARE], segmentation], 30, 40)


FORMS = {
    "flat": SQUARE,
    "pairs": [[1, 1], [9, 1], [9, 9], [1, 9]],
    "pairs in a list": [[[1, 1], [9, 1], [9, 9], [1, 9]]],
    "pairs of two polygons": [[[1, 1], [9, 1], [9, 9]], [[1, 1], [9, 9], [1, 9]]],
    "one list too deep": [[SQUARE]],
    "runs one list too deep": [[{"size": [30, 40], "counts": [31, *[8, 22] * 7, 8, 951]}]],
    "a point beside": [[5, 5], SQUARE],
    "a box beside": [[1, 1, 8, 8], SQUARE],
}


@pytest.mark.parametrize("segmentation", FORMS.values(), ids=FORMS.keys())
def test_other_forms_of_a_polygon_are_read(segmentation):
    """The square covers the pixels 1 to 8."""
    assert has_mask(segmentation)
    square = np.zeros((30, 40), dtype=bool)
    square[1:9, 1:9] = True
    assert np.array_equal(union([segmentation], 30, 40), square)


@settings(deadline=None)
@given(MASKS, st.booleans())
def test_run_lengths_may_be_floats_and_in_a_list(mask, compressed):
    height, width = mask.shape
    halves = [mask & (np.arange(width) < width // 2), mask & (np.arange(width) >= width // 2)]
    counts = [[float(length) for length in lengths(half)] for half in halves]
    if compressed:
        encoded = coco_mask.encode(np.asfortranarray(halves[0].astype(np.uint8)))
        counts[0] = encoded["counts"].decode()
    pieces = [{"size": [height, width], "counts": each} for each in counts]
    assert np.array_equal(union([pieces], height, width), mask)


WITHOUT_MASK = {
    "nothing": None,
    "an empty list": [],
    "an empty polygon": [[]],
    "an empty object": {},
    "no text": "",
    "a point": [[5, 5]],
    "two points": [[1, 1], [9, 9]],
    "a flat point": [5, 5],
    "two points in a polygon": [[1, 1, 9, 9]],
    "a box": [[1, 1, 8, 8]],
    "a flat box": [1, 1, 8, 8],
    "two boxes": [[1, 1, 8, 8], [2, 2, 5, 5]],
    "runs of nothing": {"size": [30, 40], "counts": []},
    "runs without counts": {"size": [30, 40]},
    "runs without a pixel": {"size": [30, 40], "counts": [1200]},
    "runs without a pixel, with a zero": {"size": [30, 40], "counts": [1200, 0]},
    "a list of runs without a pixel": [{"size": [30, 40], "counts": [1200]}],
    "compressed runs without a pixel": {"size": [30, 40], "counts": "`U1"},
}
WITH_MASK = {
    "a polygon": [SQUARE],
    "a flat polygon": SQUARE,
    "pairs": [[1, 1], [9, 1], [9, 9]],
    "a box and a polygon": [[1, 1, 8, 8], SQUARE],
    "a polygon without area": [[5, 5, 5, 5, 5, 5]],
    "runs": {"size": [30, 40], "counts": [0, 1200]},
    "a list of runs": [{"size": [30, 40], "counts": [1199, 1]}],
    "compressed runs": {"size": [30, 40], "counts": "0`U1"},
    "damage, reported where it is read": "1 1 9 1",
    "damaged runs": {"size": [30, 40], "counts": "zz"},
}


def test_the_compressed_runs_are_those_of_pycocotools():
    none, all_ones = np.zeros((30, 40), np.uint8, "F"), np.ones((30, 40), np.uint8, "F")
    assert coco_mask.encode(none)["counts"] == b"`U1"
    assert coco_mask.encode(all_ones)["counts"] == b"0`U1"


@pytest.mark.parametrize("segmentation", WITHOUT_MASK.values(), ids=WITHOUT_MASK.keys())
def test_a_segmentation_without_a_polygon_or_a_pixel_is_no_mask(segmentation):
    assert not has_mask(segmentation)


@pytest.mark.parametrize("segmentation", WITH_MASK.values(), ids=WITH_MASK.keys())
def test_a_segmentation_with_a_polygon_or_a_pixel_is_a_mask(segmentation):
    assert has_mask(segmentation)


@settings(deadline=None)
@given(MASKS, st.booleans())
def test_run_lengths_are_a_mask_if_they_have_a_pixel(mask, compressed):
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    counts = encoded.decode() if compressed else lengths(mask)
    assert has_mask({"size": list(mask.shape), "counts": counts}) == mask.any()


def test_a_box_covers_the_pixels_between_its_sides():
    mask = masks.decode(masks.box_run_lengths(2, 3, 5, 4, 6, 8), 6, 8)
    expected = np.zeros((6, 8), dtype=bool)
    expected[3:4, 2:5] = True
    assert np.array_equal(mask, expected)
    beyond = masks.decode(masks.box_run_lengths(-3, -2, 99 / 8, 3, 6, 8), 6, 8)
    assert np.array_equal(beyond, np.arange(6)[:, None] < np.full(8, 3))


def zigzag(turns, width, height):
    return [n for turn in range(turns) for n in (turn % 2 * width, turn * 7 % height)]


def test_an_outline_of_a_hundred_million_pixels_is_refused_before_c_code_reads_it():
    """pycocotools allocates memory for the outline, and writes even if that fails."""
    assert "pixels long, more than" in fault([zigzag(8000, 13000, 13000)], 13000, 13000)
    assert fault([zigzag(300, 13000, 13000)], 13000, 13000) is None
    many = [zigzag(100, 13000, 13000)] * 50
    assert "simplify it, or leave the image out" in fault(many, 13000, 13000)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-100, 2000)
    | st.floats()
    | st.text("0123PQRop", max_size=8),
    lambda inside: (
        st.lists(inside, max_size=8)
        | st.fixed_dictionaries({"size": st.just([7, 9]), "counts": inside})
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=500)
@given(JSON | st.lists(st.lists(st.floats(-20, 30), max_size=12), max_size=3))
def test_any_segmentation_is_a_mask_or_an_error(segmentation):
    segmentation = json.loads(json.dumps(segmentation))
    if fault(segmentation, 7, 9) is None:
        mask = union([segmentation], 7, 9)
        assert (mask.shape, mask.dtype) == ((7, 9), bool)
    else:
        with pytest.raises(StudyError):
            union([segmentation], 7, 9)
