"""The input of a net, compared with torchvision's transforms."""

import numpy as np
import pytest
import torch
import torchvision
import yaml
from PIL import Image
from torchvision.models import get_model_weights, list_models
from torchvision.transforms import functional

from lookwhere.errors import StudyError
from lookwhere.nets import inputs
from lookwhere.nets.classifiers import load_spec
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


@pytest.mark.parametrize("architecture", list_models(module=torchvision.models))
def test_torchvision_s_weights_of_an_architecture_share_mean_and_std(architecture):
    """So that the architecture alone decides the input, whatever the weights."""
    stated = {
        (tuple(weights.transforms().mean), tuple(weights.transforms().std))
        for weights in get_model_weights(architecture)
        if weights.meta["categories"]  # VGG16's IMAGENET1K_FEATURES classify nothing
    }
    half = (0.5, 0.5, 0.5)
    expected = (half, half) if architecture == "efficientnet_v2_l" else (tuple(MEAN), tuple(STD))
    assert stated == {expected}


@pytest.mark.parametrize(("settings", "factor"), [({}, 1), ({"range": 255}, 255)])
def test_the_weights_of_torchvision_state_their_input(settings, factor):
    spec = {"architecture": "squeezenet1_1", "weights": "random", "input": settings}
    np.testing.assert_allclose(load_spec(spec).input.mean, factor * np.array(MEAN))
    half = load_spec({**spec, "architecture": "efficientnet_v2_l"}).input
    np.testing.assert_allclose([half.mean, half.std], np.full((2, 3), 0.5 * factor))


@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_metadata_of_timm_s_form_are_read(tmp_path, as_dict, channels):
    """A mapping, or timm's dataclass."""
    configuration = "dict(Stated())" if as_dict else "Stated()"
    (tmp_path / "mine.py").write_text(f"""
from dataclasses import dataclass, asdict
from torch import nn

@dataclass
class Stated:
    mean: tuple = (0.1, 0.2, 0.6)
    std: tuple = (0.2, 0.2, 0.5)

def build():
    net = nn.Sequential(nn.Conv2d({channels}, 2, 3), nn.Flatten())
    net.pretrained_cfg = {configuration.replace("dict(", "asdict(")}
    return net
""")
    read = load_spec({"architecture": f"{tmp_path}/mine.py:build", "weights": ""}).input
    assert read.channels == ("rgb" if channels == 3 else "grey")
    expected = (0.1, 0.2, 0.6) if channels == 3 else (0.3,)
    assert read.mean == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["resnet18", "vit_tiny_patch16_224", "inception_v3.tf_in1k", "mobilenetv3_rw"]
)
def test_the_input_of_timm_s_nets_is_timm_s(name):
    timm = pytest.importorskip("timm")
    expected = timm.data.resolve_model_data_config(timm.create_model(name))
    read = load_spec({"architecture": f"timm:{name}", "weights": "random"}).input
    assert (read.mean, read.std) == (expected["mean"], expected["std"])


def test_timm_s_grey_nets_are_fed_grey():
    timm = pytest.importorskip("timm")
    mean = np.mean(timm.create_model("resnet18").pretrained_cfg["mean"])
    spec = {"architecture": "timm:resnet18", "weights": "random", "arguments": {"in_chans": 1}}
    read = load_spec(spec).input
    assert (read.channels, read.mean) == ("grey", pytest.approx((mean,)))


@pytest.mark.parametrize(("channels", "mean"), [("grey", [0.1, 0.2, 0.3]), ("rgb", [0.5])])
def test_as_many_numbers_as_channels(channels, mean):
    with pytest.raises(StudyError, match=f"input.mean has {len(mean)} numbers"):
        Input.of({"channels": channels, "mean": mean})


@pytest.mark.parametrize("settings", [{}, {"channels": "bgr"}, {"channels": "grey"}])
def test_corrections_are_the_settings_that_they_state(settings):
    own = Input.of(settings)
    corrections = inputs.usual_corrections(own)
    assert {words: Input.of(yaml.safe_load(words)) for words in corrections} == corrections
    assert own not in corrections.values()
    assert {other.depth for other in corrections.values()} == {own.depth}
    assert ("{channels: rgb}" in corrections) == (settings == {"channels": "bgr"})
