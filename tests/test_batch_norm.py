"""A folded net equals the original, for every architecture with batch norms."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torchvision.models import get_model

from lookwhere.methods import registry
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.run import defined_maps
from lookwhere.nets import fold

from .studies import FIVE

FEW_PASSES = [name for name, entry in METHODS.items() if not registry.group(entry)]


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
        defined_maps(
            forward(n, n.get_submodule(target_layer), images), torch.tensor([3, 4]), FEW_PASSES
        )[0]
        for n in (folded, net.float().double())
    )
    assert set(FEW_PASSES) - {"cam", "guided_cam"} <= set(ours) == set(theirs)
    for method, expected in theirs.items():
        scale = expected.abs().max()
        assert scale > 0
        atol = 1e-4 if method in FIVE else 1e-3  # quotients and eigenvectors amplify rounding
        torch.testing.assert_close(ours[method] / scale, expected / scale, rtol=0, atol=atol)


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


def head(features):
    return features.mean((2, 3))


class Activated(nn.BatchNorm2d):
    """As timm's BatchNormAct2d: a batch norm that also applies the ReLU."""

    def forward(self, images):
        return super().forward(images).relu()


class Own(nn.Module):
    """Convolution, norm, convolution, norm, with a target layer before them."""

    def __init__(self, channels=3, norm=nn.BatchNorm2d) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, 8, 3)
        self.first, self.second = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.norm, self.other_norm = norm(8), norm(8)

    def forward(self, images):
        images = self.norm(self.first(self.stem(images))).relu()
        return head(self.other_norm(self.second(images)).relu())


class SharedConvolution(Own):
    def forward(self, images):
        images = self.norm(self.first(self.stem(images))).relu()
        return head(self.other_norm(self.first(functional.max_pool2d(images, 2))).relu())


class RunsTwice(Own):
    def forward(self, images):
        images = self.norm(self.first(self.stem(images))).relu()
        return head(self.norm(self.first(images)).relu())


class SharedNorm(Own):
    def forward(self, images):
        images = self.norm(self.first(self.stem(images))).relu()
        return head(self.norm(self.second(images)).relu())


class ReadsDetached(Own):
    """Autograd's graph does not show that the convolution's output is read twice."""

    def forward(self, images):
        images = self.first(self.stem(images))
        return head(self.norm(images).relu()) * head(images.detach().abs())


class ReadsWeight(Own):
    def forward(self, images):
        return super().forward(images) + self.first.weight.mean()


class YieldsConvolution(Own):
    """One of the outputs is what the norm reads."""

    def forward(self, images):
        images = self.first(self.stem(images))
        return {"logits": head(self.norm(images).relu()), "features": images}


class WithoutGraph(Own):
    def forward(self, images):
        with torch.no_grad():
            images = self.norm(self.first(self.stem(images))).relu()
        return head(self.other_norm(self.second(images)).relu())


class Block(nn.Module):
    """The target layer is a block that ends in a convolution, whose norm stands outside."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
        self.norm = nn.BatchNorm2d(8)

    def forward(self, images):
        return head(self.norm(self.stem(images)).relu())


class Computed(Own):
    """The weight of a convolution is computed in every pass."""

    def __init__(self, normalise) -> None:
        super().__init__()
        normalise(self.first)


# The names of the norms that are folded.
OWN = {
    "two pairs": (Own, {"norm", "other_norm"}),
    "norms that apply a ReLU": (lambda: Own(norm=Activated), set()),
    "a shared convolution": (SharedConvolution, set()),
    "a convolution that runs twice": (RunsTwice, set()),
    "a shared norm": (SharedNorm, set()),
    "an output that is read detached": (ReadsDetached, set()),
    "a weight that is read": (ReadsWeight, set()),
    "an output of the net": (YieldsConvolution, set()),
    "without a graph": (WithoutGraph, set()),
    "a block that ends in a convolution": (Block, set()),
    "weight_norm": (lambda: Computed(parametrizations.weight_norm), {"other_norm"}),
    "weight_norm of old": (lambda: Computed(nn.utils.weight_norm), {"other_norm"}),
    "without statistics": (
        lambda: Own(norm=lambda width: nn.BatchNorm2d(width, track_running_stats=False)),
        set(),
    ),
    "grey images": (lambda: Own(channels=1), {"norm", "other_norm"}),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize(("build", "folded"), OWN.values(), ids=OWN.keys())
def test_a_net_of_the_user_s_stays_the_same_function(build, folded):
    torch.manual_seed(0)
    net = build()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.3, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    net.eval().requires_grad_(False)
    weights = next(net.stem.parameters())
    images = torch.randn(2, weights.shape[1], 16, 16)
    features = []
    net.stem.register_forward_hook(lambda module, inputs, output: features.append(output.clone()))
    before = net(images)
    fold.fold(net, "stem", tuple(images.shape[1:]))
    assert {n for n, m in net.named_modules() if isinstance(m, nn.Identity)} == folded
    del features[1:]  # those of the passes of the fold
    torch.testing.assert_close(net(images), before)
    torch.testing.assert_close(features[1], features[0])
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_a_fold_that_changes_the_outputs_is_undone():
    torch.manual_seed(0)
    net = with_statistics(ReadsDetached()).float()
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    reason = fold.fold(net, "stem", (3, 16, 16))
    assert reason.startswith("the outputs would differ by ")
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, state.pop(name))
    assert not state


def test_a_net_that_can_not_process_the_input_is_left_as_it_is():
    net = with_statistics(Own(channels=1)).float()
    assert "to have 1 channels, but got 3 channels" in fold.fold(net, "stem", (3, 16, 16))
    assert count(net) == 2


def test_a_net_with_random_outputs_is_not_folded():
    class Random(Own):
        def forward(self, images):
            return super().forward(images) + torch.rand(1)

    net = with_statistics(Random()).float()
    assert fold.fold(net, None, (3, 16, 16)).startswith("the outputs would differ")
    assert count(net) == 2


def test_folding_leaves_the_state_of_random_numbers():
    state = torch.get_rng_state()
    fold.fold(with_statistics(Own()).float(), None, (3, 16, 16))
    state_after = torch.get_rng_state()
    torch.set_rng_state(state)
    with_statistics(Own())
    assert torch.equal(torch.get_rng_state(), state_after)
