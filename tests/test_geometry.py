"""The sizes: an image and its region stay together, as torchvision's transforms move images."""

from math import ceil

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

from lookwhere.datasets import geometry, regions, sizes
from lookwhere.metrics import scoring
from lookwhere.metrics.saliency import Saliency
from lookwhere.nets.inputs import Input

from .studies import OF_MAPS

BILINEAR = transforms.InterpolationMode.BILINEAR
SHAPES = [(30, 40), (40, 30), (37, 61), (61, 37), (50, 50), (60, 200), (480, 640), (427, 640)]
KINDS = ["original", "224", "short-224", "crop-224", "pad-224"]
ODD = ["27", "short-27", "crop-27", "pad-27"]


def photo(height, width):
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def picture(part):
    """A part (H, W) of an image, white on black."""
    return Image.fromarray(part.astype(np.uint8) * 255).convert("RGB")


@pytest.mark.parametrize(
    ("size", "landscape", "portrait"),
    [
        ("original", (480, 640), (640, 427)),
        ("224", (224, 224), (224, 224)),
        ("short-224", (224, 298), (335, 224)),  # 298.67, 335.74: torchvision cuts the fraction
        ("crop-224", (224, 224), (224, 224)),
        ("pad-224", (224, 224), (224, 224)),
    ],
)
def test_input_has_the_size(size, landscape, portrait):
    for (height, width), expected in {(480, 640): landscape, (640, 427): portrait}.items():
        assert sizes.input_shape(size, height, width) == expected
        transformed = geometry.transform(photo(height, width), size)
        assert Input().array(transformed).shape == (3, *expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_original_is_untouched(shape):
    assert np.array_equal(geometry.transform(photo(*shape), "original"), photo(*shape))


@pytest.mark.parametrize("n", [8, 27, 224, 299])
@pytest.mark.parametrize("shape", SHAPES)
def test_images_are_those_of_torchvision(shape, n):
    image = photo(*shape)
    squashed = transforms.Resize((n, n), interpolation=BILINEAR)(image)
    assert np.array_equal(geometry.transform(image, f"{n}"), squashed)
    short = transforms.Resize(n, interpolation=BILINEAR)(image)
    assert np.array_equal(geometry.transform(image, f"short-{n}"), short)
    shorter_side = {8: 9, 27: 31, 224: 256, 299: 342}[n]
    crop = transforms.CenterCrop(n)(transforms.Resize(shorter_side, BILINEAR)(image))
    assert np.array_equal(geometry.transform(image, f"crop-{n}"), crop)


@pytest.mark.parametrize("weights", ["resnet50", "inception_v3", "squeezenet1_1"])
def test_crop_is_the_evaluation_of_torchvisions_weights(weights):
    from torchvision.models import get_model_weights

    preset = get_model_weights(weights)["IMAGENET1K_V1"].transforms()
    image, [n] = photo(480, 640), preset.crop_size
    expected = preset(image).numpy()
    cropped = Input().array(geometry.transform(image, f"crop-{n}"))
    np.testing.assert_allclose(cropped, expected, rtol=0, atol=1e-6)  # float32 rounding


@pytest.mark.parametrize(
    ("shape", "inside"),
    [
        ((30, 40), (28, 0, 168, 224)),
        ((40, 30), (0, 28, 224, 168)),
        ((33, 200), (94, 0, 37, 224)),  # 36.96 rows; 93.5 above
        ((50, 50), (0, 0, 224, 224)),
        ((1, 5000), (112, 0, 1, 224)),  # never less than a pixel
    ],
)
def test_padding_surrounds_the_whole_image_and_is_about_zero_in_the_input(shape, inside):
    top, left, height, width = inside
    image = photo(*shape)
    padded = geometry.transform(image, "pad-224")
    resized = functional.resize(image, [height, width], BILINEAR)
    assert np.array_equal(padded.crop((left, top, left + width, top + height)), resized)
    beside = np.ones((224, 224), dtype=bool)
    beside[top : top + height, left : left + width] = False
    assert np.abs(Input().array(padded)[:, beside]).max(initial=0) < 0.01
    assert np.unique(np.asarray(padded)[beside], axis=0).tolist() in ([[124, 116, 104]], [])


def region_of(height, width):
    """A disc, and a rectangle at a corner of the image."""
    disc = np.zeros((height, width), dtype=np.uint8)
    cv2.circle(disc, (round(0.55 * width), round(0.55 * height)), min(height, width) // 5, 1, -1)
    rectangle = np.zeros((height, width), dtype=bool)
    rectangle[: round(0.3 * height), : round(0.4 * width)] = True
    return regions.prepare([disc.astype(bool), rectangle], 0.2, [0, 0.5])


def wider(part, pixels):
    """A part (H, W) with so many ``pixels`` around it."""
    square = np.ones(2 * (2 * pixels + 1,), dtype=np.uint8)
    return cv2.dilate(part.astype(np.uint8), square).astype(bool)


@pytest.mark.parametrize("size", [*KINDS, *ODD])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_part_of_a_region_is_where_its_picture_is(shape, size):
    """To a pixel, or half a pixel of the image where that is enlarged."""
    enlarged = max(
        new / old for new, old in zip(sizes.input_shape(size, *shape), shape, strict=True)
    )
    reach = max(1, ceil(enlarged / 2))
    region = region_of(*shape)
    transformed = region.at(size)
    for part, expected in {
        "mask": (region.mask, transformed.mask),
        "boxes": (region.boxes, transformed.boxes),
        "undilated": (region.dilation_index == 0, transformed.dilation_index == 0),
        "dilated": (region.dilation_index <= 1, transformed.dilation_index <= 1),
    }.items():
        before, after = expected
        bright = np.asarray(geometry.transform(picture(before), size))[..., 0] > 127
        assert after.dtype == bool
        assert after.shape == bright.shape == sizes.input_shape(size, *shape)
        assert not (bright & ~wider(after, reach)).any(), part
        assert not (after & ~wider(bright, reach)).any(), part
        assert after.any()
        shift = np.argwhere(bright).mean(axis=0) - np.argwhere(after).mean(axis=0)
        assert np.abs(shift).max() < 0.75, part


@pytest.mark.parametrize("shape", SHAPES)
def test_padding_is_no_mask_and_no_box_and_no_dilation_covers_it(shape):
    whole = np.ones(shape, dtype=bool)
    region = regions.prepare([whole], 0.2, [0, 0.5, 10]).at("pad-224")
    # Magenta has no level of the padding.
    inside = np.asarray(geometry.transform(Image.new("RGB", shape[::-1], "magenta"), "pad-224"))
    inside = inside[..., 1] == 0
    assert np.array_equal(region.mask, inside)
    assert np.array_equal(region.boxes, inside)
    assert np.array_equal(region.dilation_index == 0, inside)
    assert np.array_equal(region.dilation_index == 3, ~inside)
    flat = Saliency(np.ones((1, 224, 224), dtype=np.float32))
    scores = scoring.score(flat, region, OF_MAPS)
    assert scores["mask_fraction"] == scores["concentration"] == inside.mean()
    assert [step["mask_fraction"] for step in scoring.sweep(flat, region)] == 3 * [inside.mean()]


def test_an_object_that_a_crop_cuts_keeps_its_rest_and_one_that_it_loses_is_an_empty_mask():
    flat = Saliency(np.ones((1, 28, 28), dtype=np.float32))
    row = {}
    for name, columns in {"lost": slice(0, 15), "cut": slice(0, 40)}.items():
        mask = np.zeros((32, 92), dtype=bool)
        mask[:, columns] = True
        region = regions.prepare([mask], 0, [0, 0.1]).at("crop-28")
        row[name] = scoring.score(flat, region, OF_MAPS), list(scoring.sweep(flat, region))
    scores, steps = row["lost"]
    assert scores["status"] == "empty_mask"
    assert scores["mask_fraction"] == scores["box_fraction"] == 0
    assert {scores[name] for name in OF_MAPS} == {None}
    assert {step["concentration"] for step in steps} == {None}
    scores, steps = row["cut"]  # the crop has the columns from 32
    assert scores["status"] == "ok"
    assert scores["mask_fraction"] == scores["box_fraction"] == 8 / 28
    assert [step["mask_fraction"] for step in steps] == [8 / 28, 12 / 28]


ANY_SIZE = st.builds(
    lambda kind, n: f"{kind}{n}",
    st.sampled_from(["", "short-", "crop-", "pad-"]),
    st.integers(1, 40),
)


@settings(deadline=None)
@given(ANY_SIZE, st.integers(1, 60), st.integers(1, 60))
def test_image_and_region_have_one_shape_whatever_the_image(size, height, width):
    shape = sizes.input_shape(size, height, width)
    assert geometry.transform(Image.new("RGB", (width, height)), size).size == shape[::-1]
    mask = np.ones((height, width), dtype=bool)
    assert geometry.transform_mask(mask, size).shape == shape
    assert geometry.transform_mask(mask, size).any()
    assert not geometry.transform_mask(~mask, size).any()
    assert min(shape) == sizes.shorter_side(size)


@pytest.mark.parametrize(
    ("size", "label"),
    [
        ("original", "original size"),
        ("224", "224 x 224 pixels"),
        ("short-224", "224 pixels on the shorter side"),
        ("crop-224", "224 x 224 pixels, cropped"),
        ("pad-224", "224 x 224 pixels, padded"),
    ],
)
def test_sizes_have_labels(size, label):
    assert sizes.label(size) == label
