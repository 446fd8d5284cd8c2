"""The ReLU rules against matrix algebra, and the audit of everything that is no ReLU."""

import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian
from torch.nn import functional
from torch.nn.modules import activation
from torch.utils.checkpoint import checkpoint
from torchvision.models import get_model

from lookwhere.methods.relu_rules import ActivationError, backward_rule, relu_nodes

NODES = {
    "alexnet": 7,
    "vgg19": 18,
    "resnet152": 151,
    "squeezenet1_0": 26,
    "densenet121": 121,
    "googlenet": 57,
}
REFUSED_NETS = {
    "mobilenet_v2": "ReLU6",
    "mobilenet_v3_small": "Hardsigmoid, Hardswish",
    "efficientnet_b0": "SiLU, Sigmoid",
    "convnext_tiny": "GELU",
    "regnet_y_400mf": "Sigmoid",
    "vit_b_32": "GELU",
}

WRITINGS = {
    "module": nn.ReLU(),
    "in-place module": nn.ReLU(inplace=True),
    "functional": functional.relu,
    "in-place functional": lambda z: functional.relu(z, inplace=True),
    "function": torch.relu,
    "in-place function": torch.relu_,
    "method": lambda z: z.relu(),
    "in-place method": lambda z: z.relu_(),
}


class OwnRelu(torch.autograd.Function):
    """Autograd sees one Python node here, whatever is inside."""

    @staticmethod
    def forward(ctx, z):
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        return grad


REFUSED_FUNCTIONS = {
    "leaky_relu": (lambda z: functional.leaky_relu(z), "LeakyReLU"),
    "in-place leaky_relu": (lambda z: functional.leaky_relu_(z + 0), "LeakyReLU"),
    "elu": (lambda z: functional.elu(z), "ELU"),
    "selu": (lambda z: functional.selu(z), "SELU"),
    "celu": (lambda z: functional.celu(z), "CELU"),
    "prelu": (lambda z: functional.prelu(z, torch.tensor([0.1])), "PReLU"),
    "rrelu": (lambda z: functional.rrelu(z), "RReLU"),
    "softplus": (lambda z: functional.softplus(z), "Softplus"),
    "softsign": (lambda z: functional.softsign(z), "Softsign"),
    "tanh": (lambda z: z.tanh(), "Tanh"),
    "gelu": (lambda z: functional.gelu(z), "GELU"),
    "gelu by tanh": (lambda z: functional.gelu(z, approximate="tanh"), "GELU"),
    "swish by hand": (lambda z: z * z.sigmoid(), "Sigmoid"),
    "sigmoid by hand": (lambda z: 1 / (1 + (-z).exp()), "exp"),
    "gelu by hand": (lambda z: z * (1 + torch.erf(z)), "erf"),
    "log_softmax": (lambda z: functional.log_softmax(z, 1), "log-softmax"),
    "attention": (lambda z: functional.scaled_dot_product_attention(z, z, z), "attention"),
    "threshold": (lambda z: functional.threshold(z, 0, 0), "Threshold"),
    "clamp": (lambda z: z.clamp(min=0), "clamp"),
    "clamp_min": (lambda z: z.clamp_min(0), "clamp"),
    "clamp_max": (lambda z: z.clamp_max(6), "clamp"),
    "maximum": (lambda z: torch.maximum(z, torch.zeros(())), "maximum"),
    "minimum": (lambda z: torch.minimum(z, torch.zeros(())), "minimum"),
    "fmax": (lambda z: torch.fmax(z, torch.zeros(())), "maximum"),
    "fmin": (lambda z: torch.fmin(z, torch.zeros(())), "minimum"),
    "where": (lambda z: torch.where(z > 0, z, 0), "where"),
    "autograd function": (OwnRelu.apply, "the autograd function OwnRelu"),
    "checkpoint": (lambda z: checkpoint(torch.relu, z, use_reentrant=True), "Checkpoint"),
    "compiled": (torch.compile(torch.relu, backend="aot_eager"), "Compiled"),
}

MODULE_ARGUMENTS = {
    "Threshold": {"threshold": 0.1, "value": 0.2},
    "MultiheadAttention": {"embed_dim": 4, "num_heads": 2},
    "Softmax": {"dim": 1},
    "Softmin": {"dim": 1},
    "LogSoftmax": {"dim": 1},
}


def graph_output(architecture):
    """A net's logits without the cost of its weights: the meta device keeps shapes and graph."""
    on_meta = "meta" if not architecture.startswith("regnet") else "cpu"  # regnet counts in tensors
    extra = {"aux_logits": False, "init_weights": False} if architecture == "googlenet" else {}
    with torch.device(on_meta):
        net = get_model(architecture, weights=None, **extra).eval()
        return net(torch.zeros(1, 3, 224, 224, requires_grad=True))


def signal(output, images, rule):
    with backward_rule(rule, relu_nodes(output)):
        return torch.autograd.grad(output, images, retain_graph=True)[0]


def whole_numbers(*shape, seed):
    """Small whole numbers: float64 adds them exactly, and some sums are exactly 0."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-1, 2, shape, generator=generator).double()


@pytest.mark.parametrize(("architecture", "count"), NODES.items(), ids=NODES)
def test_every_relu_of_a_net_is_found(architecture, count):
    assert len(relu_nodes(graph_output(architecture))) == count


@pytest.mark.parametrize("rule", ["gradient", "deconvolution", "guided"])
@pytest.mark.parametrize("relu", WRITINGS.values(), ids=WRITINGS)
def test_rule_is_its_definition(relu, rule):
    """conv, ReLU, max-pool, conv, the same ReLU again, linear: against the stages' Jacobians."""
    kernels = whole_numbers(4, 2, 3, 3, seed=231), whole_numbers(3, 4, 2, 2, seed=1231)
    stages = [
        lambda x: functional.conv2d(x, kernels[0]),
        lambda x: functional.conv2d(functional.max_pool2d(x, 2), kernels[1]),
        lambda x: x.flatten() @ whole_numbers(12, seed=2231),
    ]
    image = whole_numbers(1, 2, 8, 8, seed=3231).requires_grad_()
    output = stages[2](relu(stages[1](relu(stages[0](image)))))
    assert len(relu_nodes(output)) == 2

    z1 = stages[0](image.detach())
    z2 = stages[1](z1.clamp(min=0))
    assert (z1 == 0).any()
    assert (z2 == 0).any()
    expected = jacobian(stages[2], z2.clamp(min=0)).flatten()
    for z, stage, below in [(z2, stages[1], z1.clamp(min=0)), (z1, stages[0], image.detach())]:
        passes = {
            "gradient": z.flatten() > 0,
            "deconvolution": expected > 0,
            "guided": (z.flatten() > 0) & (expected > 0),
        }
        expected = (expected * passes[rule]) @ jacobian(stage, below).reshape(z.numel(), -1)
    assert expected.any()
    assert torch.equal(signal(output, image, rule).flatten(), expected)


@pytest.mark.parametrize("rule", ["deconvolution", "guided"])
@pytest.mark.parametrize("failing", [False, True], ids=["success", "exception"])
def test_hooks_go_with_the_block(rule, failing):
    image = whole_numbers(1, 2, 8, 8, seed=4).requires_grad_()
    output = functional.conv2d(image, whole_numbers(4, 2, 8, 8, seed=1)).relu().sum()
    output = output - image.relu().pow(2).sum()
    before = signal(output, image, "gradient")
    try:
        with backward_rule(rule, relu_nodes(output)):
            inside = torch.autograd.grad(output, image, retain_graph=True)[0]
            if failing:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert not torch.equal(inside, before)
    after = torch.autograd.grad(output, image, retain_graph=True)[0]
    assert torch.equal(after, before)


def test_relu_that_is_reached_on_two_ways_is_found_once():
    shared = whole_numbers(3, seed=0).requires_grad_().relu()
    assert len(relu_nodes((shared + 2 * shared).sum())) == 1


@pytest.mark.parametrize(("architecture", "named"), REFUSED_NETS.items(), ids=REFUSED_NETS)
def test_net_with_another_activation_is_refused(architecture, named):
    with pytest.raises(ActivationError, match=named):
        relu_nodes(graph_output(architecture))


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", sorted(set(activation.__all__) - {"ReLU"}))
def test_every_other_activation_module_is_refused(name, training):
    module = getattr(activation, name)(**MODULE_ARGUMENTS.get(name, {})).train(training)
    z = torch.randn(2, 4, 4, requires_grad=True).relu()
    output = module(z, z, z)[0] if name == "MultiheadAttention" else module(z)
    with pytest.raises(ActivationError, match="deconvolution and guided backpropagation"):
        relu_nodes(output)


@pytest.mark.parametrize(
    ("function", "named"), REFUSED_FUNCTIONS.values(), ids=REFUSED_FUNCTIONS.keys()
)
def test_other_activation_function_is_refused_by_name(function, named):
    z = torch.randn(2, 4, 4, 4, requires_grad=True).relu()
    with pytest.raises(ActivationError, match=named):
        relu_nodes(function(z))


def test_output_without_a_graph_is_refused():
    with torch.no_grad(), pytest.raises(ActivationError, match="gradients on"):
        relu_nodes(torch.ones(3, requires_grad=True).relu())


def test_net_without_a_relu_is_refused():
    with pytest.raises(ActivationError, match="no ReLU"):
        relu_nodes(torch.ones(3, requires_grad=True).sum())
