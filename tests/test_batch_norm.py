"""A folded net equals the original, for every architecture with batch norms."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torchvision.models import get_model

from lookwhere.methods.run import forward, saliency_maps
from lookwhere.nets import fold


def with_statistics(net: nn.Module) -> nn.Module:
    """The net in eval mode, with batch norms that are not the identity, in float64."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low in (
                (module.running_mean, -0.2),
                (module.running_var, 0.6),
                (module.weight.data, 0.6),
                (module.bias.data, -0.2),
            ):
                tensor.uniform_(low, low + 0.6)
    return net.eval().double()


def count(net: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in net.modules())


@pytest.mark.parametrize(
    ("architecture", "target_layer", "left"),
    [
        ("resnet18", "layer4", 0),
        ("shufflenet_v2_x0_5", "conv5", 0),
        ("mnasnet0_5", "layers", 0),
        ("googlenet", "inception5b", 0),
        ("densenet121", "features", 62),  # before each block its norm reads a concatenation
    ],
)
def test_the_maps_stay_the_same(architecture, target_layer, left):
    torch.manual_seed(0)
    extra = {"aux_logits": False, "init_weights": False} if architecture == "googlenet" else {}
    net = with_statistics(get_model(architecture, weights=None, num_classes=10, **extra))
    folded = deepcopy(net)
    fold.fold(folded.float(), target_layer)
    assert count(folded) == left < count(net)
    folded = folded.double()
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    ours, theirs = (
        saliency_maps(forward(n, n.get_submodule(target_layer), images), torch.tensor([3, 4]))
        for n in (folded, net.float().double())
    )
    for method, expected in theirs.items():
        scale = expected.abs().max()
        assert scale > 0
        torch.testing.assert_close(ours[method] / scale, expected / scale, rtol=0, atol=1e-4)


class Branching(nn.Module):
    """A convolution with two consumers, one that is the target layer, and a foldable one."""

    def __init__(self) -> None:
        super().__init__()
        self.read_twice, self.norm_of_it = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.target, self.norm_of_target = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
        self.last, self.norm_of_last = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.read_twice(x)
        x = x + self.norm_of_it(x)
        x = self.norm_of_target(self.target(x))
        return self.norm_of_last(self.last(x)).relu().mean(dim=(2, 3))


@pytest.mark.parametrize(
    ("target_layer", "folded"),
    [("target", {"norm_of_last"}), ("norm_of_target", {"norm_of_target", "norm_of_last"})],
)
def test_a_convolution_with_other_consumers_is_not_folded(target_layer, folded):
    torch.manual_seed(0)
    net = with_statistics(Branching()).float()
    images = torch.randn(2, 3, 16, 16)
    before = forward(net, net.get_submodule(target_layer), images)
    fold.fold(net, target_layer)
    after = forward(net, net.get_submodule(target_layer), images)
    assert {n for n, m in net.named_modules() if isinstance(m, nn.Identity)} == folded
    torch.testing.assert_close(after.features, before.features)
    torch.testing.assert_close(after.logits, before.logits)
