"""The input of a net, compared with torchvision's transforms."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional

from lookwhere.nets.inputs import Input

IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8))
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.mark.parametrize("settings", [{}, {"mean": [0.5, 0.4, 0.3], "std": [0.1, 0.2, 0.3]}])
def test_pixels_are_normalised_as_torchvision_does(settings):
    expected = functional.to_tensor(IMAGE)
    expected = functional.normalize(expected, settings.get("mean", MEAN), settings.get("std", STD))
    torch.testing.assert_close(torch.from_numpy(Input.of(settings).array(IMAGE)), expected)


def test_the_range_255_with_caffe_s_mean_and_order():
    settings = {"range": 255, "channels": "bgr", "mean": [104, 117, 123], "std": [1, 1, 1]}
    red, green, blue = np.moveaxis(np.asarray(IMAGE, dtype=float), 2, 0)
    expected = np.stack([blue - 104, green - 117, red - 123])
    np.testing.assert_allclose(Input.of(settings).array(IMAGE), expected)


@pytest.mark.parametrize("scale", [1, 255])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_the_default_is_imagenet_s_in_any_unit_and_order(scale, channels):
    array = Input.of({"range": scale, "channels": channels}).array(IMAGE)
    plain = Input.of({}).array(IMAGE)
    expected = plain if channels == "rgb" else plain[::-1]
    np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


def test_a_grey_input_has_one_channel():
    array = Input.of({"channels": "grey", "mean": [0], "std": [1]}).array(IMAGE)
    luma = np.asarray(IMAGE, dtype=float) @ [0.299, 0.587, 0.114]
    assert array.shape == (1, 5, 7)
    np.testing.assert_allclose(array[0] * 255, luma, atol=1)


def test_arrays_are_contiguous_and_float32():
    array = Input.of({"channels": "bgr"}).array(IMAGE)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
