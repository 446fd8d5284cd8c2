"""Target layers by name, by index, and by default; and what is no feature map."""

import re
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torchvision.models import get_model

from lookwhere.errors import StudyError
from lookwhere.nets import layers


@pytest.mark.parametrize(
    ("architecture", "name", "module"),
    [
        ("resnet50", "layer4[-1]", "layer4.2"),
        ("resnet50", "layer4[-1].conv1", "layer4.2.conv1"),
        ("vgg16", "features[-1]", "features.30"),
        ("vgg16", "features[28]", "features.28"),
        ("resnet18", "layer4.1", "layer4.1"),
    ],
)
def test_a_layer_may_be_named_by_index(architecture, name, module):
    assert layers.resolve(get_model(architecture), name) == module


@pytest.mark.parametrize("name", ["layer4[7]", "layer4[-3]", "layer5", "model.layer4", "[0", ""])
def test_a_layer_that_does_not_exist_is_reported(name):
    with pytest.raises(StudyError, match=f"target layer {re.escape(repr(name))} does not exist"):
        layers.resolve(get_model("resnet18"), name)


LAST = {
    "resnet18": "layer4",
    "vgg11": "features",
    "mobilenet_v2": "features",
    "googlenet": "inception5b",
    "swin_t": "permute",  # its features are channels last
    "vit_b_32": "encoder.layers.encoder_layer_11.ln_1",
}


@pytest.mark.parametrize(("architecture", "name"), LAST.items())
def test_the_last_layer_with_feature_maps(architecture, name):
    net = get_model(architecture).eval()
    if architecture == "vit_b_32":  # torchvision starts with a head of zeros
        nn.init.normal_(net.heads.head.weight)
    assert layers.last(net, torch.rand(1, 3, 224, 224)) == name


def test_a_net_without_feature_maps_has_no_last_layer():
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5), nn.ReLU(), nn.Linear(5, 2))
    assert layers.last(net, torch.rand(1, 3, 8, 8)) is None


def test_tokens_become_maps_without_their_prefix():
    grid = torch.arange(6.0).reshape(1, 1, 2, 3)  # of an image of 32 x 48 pixels
    tokens = torch.cat([torch.full((1, 1, 1), -1.0), grid.flatten(2).transpose(1, 2)], dim=1)
    assert torch.equal(layers.as_feature_maps(tokens, 32, 48), grid)


@pytest.mark.parametrize("prefix", [0, 1, 5])
def test_tokens_of_a_square_image_have_any_prefix(prefix):
    tokens = torch.rand(2, prefix + 14 * 14, 7)
    maps = layers.as_feature_maps(tokens, 224, 224)
    assert maps.shape == (2, 7, 14, 14)
    assert torch.equal(maps[:, :, 3, 5], tokens[:, prefix + 3 * 14 + 5])


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (torch.rand(1, 7, 7, 768), "(1, 7, 7, 768), channels last"),
        (torch.rand(1, 9, 12, 64), "(1, 9, 12, 64), channels last"),
        (torch.rand(1, 512), "(1, 512)"),
        ((torch.rand(1, 2, 7, 7),), "tuple"),
    ],
)
def test_other_outputs_are_no_feature_maps(output, words):
    height, width = (216, 288) if "9, 12" in words else (224, 224)
    with pytest.raises(StudyError, match=f"yields {re.escape(words)}, not feature maps"):
        layers.as_feature_maps(output, height, width)


LOGITS = torch.rand(2, 5)


@pytest.mark.parametrize(
    "outputs",
    [LOGITS, (LOGITS, None), [LOGITS], {"logits": LOGITS}, SimpleNamespace(logits=LOGITS)],
    ids=["tensor", "tuple", "list", "dict", "object"],
)
def test_logits_of_what_nets_return(outputs):
    assert layers.logits_of(outputs, 2) is LOGITS


def test_one_output_an_image_is_one_logit():
    assert layers.logits_of(torch.rand(4), 4).shape == (4, 1)


@pytest.mark.parametrize("outputs", [torch.rand(1, 2, 3, 3), None, (), "a", torch.tensor([[1]])])
def test_other_outputs_are_no_logits(outputs):
    with pytest.raises(StudyError, match="it is no classifier"):
        layers.logits_of(outputs, 1)
