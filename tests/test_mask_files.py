"""Masks of picture files: binary, indexed, coloured, compressed, and what is no mask."""

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import mask_files
from lookwhere.errors import StudyError

from .formats import HEIGHT, WIDTH, rectangle, save

FIRST, SECOND = rectangle(2, 3, 10, 12), rectangle(12, 14, 20, 28)


def read(path):
    return mask_files.instances(path)


def assert_instances(path, *expected):
    masks = read(path).masks
    assert len(masks) == len(expected)
    assert {mask.tobytes() for mask in masks} == {mask.tobytes() for mask in expected}
    assert all(mask.dtype == bool and mask.shape == (HEIGHT, WIDTH) for mask in masks)


@pytest.mark.parametrize("value", [1, 7, 255])
@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tif", "pgm"])
def test_one_value_is_one_instance(tmp_path, value, suffix):
    assert_instances(save(np.uint8(value) * FIRST, tmp_path / f"m.{suffix}"), FIRST)


@pytest.mark.parametrize("white", [1, 40, 65535])
def test_sixteen_bits_are_read(tmp_path, white):
    assert_instances(save(np.uint16(white) * FIRST, tmp_path / "m.png"), FIRST)


def test_one_bit_is_read(tmp_path):
    assert_instances(save(FIRST, tmp_path / "m.png"), FIRST)


def test_a_black_mask_has_no_instance(tmp_path):
    assert_instances(save(np.uint8(0) * FIRST, tmp_path / "m.png"))


@pytest.mark.parametrize("values", [(1, 2), (3, 254), (100, 200), (300, 65000)])
def test_each_value_of_an_indexed_mask_is_an_instance(tmp_path, values):
    kind = np.uint16 if max(values) > 255 else np.uint8
    pixels = (values[0] * FIRST + values[1] * SECOND).astype(kind)
    assert_instances(save(pixels, tmp_path / "m.png"), FIRST, SECOND)


def test_each_colour_is_an_instance(tmp_path):
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[FIRST], pixels[SECOND] = (128, 0, 0), (0, 128, 0)
    assert_instances(save(pixels, tmp_path / "m.png"), FIRST, SECOND)
    palette = Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE, colors=3)
    palette.save(tmp_path / "p.png")
    assert Image.open(tmp_path / "p.png").mode == "P"
    assert_instances(tmp_path / "p.png", FIRST, SECOND)


def test_black_is_the_background_whatever_its_index_in_the_palette(tmp_path):
    picture = Image.fromarray((~FIRST).astype(np.uint8)).convert("P")
    picture.putpalette([255, 255, 255, 0, 0, 0])  # index 0, of the object, is white
    picture.save(tmp_path / "m.png")
    assert_instances(tmp_path / "m.png", FIRST)


def test_an_rgb_mask_of_black_and_white_is_one_instance(tmp_path):
    pixels = np.uint8(255) * np.dstack(3 * [FIRST])
    assert_instances(save(pixels, tmp_path / "m.png"), FIRST)


@pytest.mark.parametrize("alpha", [0, 255])
def test_a_constant_alpha_is_ignored(tmp_path, alpha):
    pixels = np.dstack([*3 * [np.uint8(255) * FIRST], np.full_like(FIRST, alpha, dtype=np.uint8)])
    assert_instances(save(pixels, tmp_path / "m.png"), FIRST)


def test_an_alpha_that_varies_is_the_mask(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels = np.dstack([colours, np.uint8(255) * SECOND])  # a cut-out
    assert_instances(save(pixels, tmp_path / "m.png"), SECOND)


@pytest.mark.parametrize("colours", ["L", "RGB"])
@pytest.mark.parametrize("quality", [10, 75, 95])
def test_noise_of_jpeg_is_divided_in_the_middle(tmp_path, colours, quality):
    picture = Image.fromarray(np.uint8(255) * FIRST).convert(colours)
    picture.save(tmp_path / "m.jpg", quality=quality)
    values = np.unique(np.asarray(Image.open(tmp_path / "m.jpg").convert("L")))
    assert len(values) > 2
    picture = read(tmp_path / "m.jpg")
    [mask] = picture.masks
    assert (mask ^ FIRST).mean() < 0.01
    assert picture.is_grey


def test_smooth_edges_are_divided_in_the_middle(tmp_path):
    large = Image.fromarray(np.uint8(255) * FIRST).resize((10 * WIDTH, 10 * HEIGHT))
    large.save(tmp_path / "m.png")
    picture = read(tmp_path / "m.png")
    [mask] = picture.masks
    assert picture.is_grey
    assert mask.sum() == pytest.approx(100 * FIRST.sum(), rel=0.02)


def test_nearly_white_is_white(tmp_path):
    assert_instances(
        save(np.uint8(255) * FIRST - (FIRST & (np.arange(WIDTH) % 2 == 0)), tmp_path / "m.png"),
        FIRST,
    )


@pytest.mark.parametrize("value", [1, 128])
def test_white_beside_values_that_are_no_edges_is_ambiguous(tmp_path, value):
    pixels = np.uint8(value) * FIRST + np.uint8(255) * SECOND
    with pytest.raises(StudyError, match=rf"white \(255\) beside other values \({value}\).*from 1"):
        read(save(pixels, tmp_path / "m.png"))


def test_white_around_more_of_other_values_is_ambiguous(tmp_path):
    pixels = np.uint8(255) * rectangle(1, 1, 21, 29)  # a border, as VOC's, of five instances
    pixels[2:20, 2:27] = np.repeat(np.arange(1, 6), 5)
    with pytest.raises(StudyError, match="a border that does not count"):
        read(save(pixels, tmp_path / "m.png"))


def test_a_jpeg_of_indices_is_refused(tmp_path):
    pixels = np.uint8(60) * FIRST + np.uint8(90) * SECOND
    with pytest.raises(StudyError, match=r"JPEG whose brightest value is .*save the mask as PNG"):
        read(save(pixels, tmp_path / "m.jpg"))


def test_a_jpeg_of_colours_is_refused(tmp_path):
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[FIRST] = (200, 0, 0)
    with pytest.raises(StudyError, match="JPEG with colours"):
        read(save(pixels, tmp_path / "m.jpg"))


def test_a_photograph_is_no_mask(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with pytest.raises(StudyError, match="more than 1000 colours: it is a photograph"):
        read(save(pixels, tmp_path / "m.png"))
    with pytest.raises(StudyError, match="more than 1000 instances"):
        read(save(np.arange(4096, dtype=np.uint16).reshape(64, 64), tmp_path / "m.png"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a picture"),
        (b"%!PS-Adobe-3.0", "is not a picture"),
        (None, "does not exist: check dataset.annotations"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, content, message):
    path = tmp_path / "m.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=rf"mask '.*m\.png' {message}"):
        read(path)


def test_a_damaged_picture_is_named(tmp_path):
    path = save(
        np.random.default_rng(0).integers(0, 2, (99, 99), dtype=np.uint8), tmp_path / "m.png"
    )
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(StudyError, match=r"mask '.*m\.png' can't be read \(.*\): replace it"):
        read(path)


def test_several_frames_are_refused(tmp_path):
    frames = [Image.fromarray(np.uint8(255) * mask) for mask in (FIRST, SECOND)]
    frames[0].save(tmp_path / "m.tif", save_all=True, append_images=frames[1:])
    with pytest.raises(StudyError, match="2 frames: save each as a file of its own"):
        read(tmp_path / "m.tif")


def test_floats_are_refused(tmp_path):
    with pytest.raises(StudyError, match=r"mode 'F'.*save it as a grey or RGB PNG"):
        read(save(FIRST.astype(np.float32), tmp_path / "m.tif"))
