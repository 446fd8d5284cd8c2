"""The ReLU rules against matrix algebra, and the audit of all other nodes."""

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
    "mobilenet_v3_small": "Hardsigmoid and Hardswish",
    "efficientnet_b0": "SiLU and Sigmoid",
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
    """One Python node of autograd, whatever is inside."""

    @staticmethod
    def forward(ctx, z):
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        return grad


def relu_of_a_part(z):
    z = z + 0
    z[:, :2].relu_()
    return z


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
    "relu by hand": (lambda z: z * (z > 0), "a factor for each value"),
    "relu by hand, of floats": (lambda z: (z > 0).float() * z, "a factor for each value"),
    "relu by division": (lambda z: z / torch.where(z > 0, 1.0, torch.inf), "a factor for each"),
    "relu by a maximum": (lambda z: torch.stack([z, 0 * z]).max(0).values, "maximum"),
    "relu by the largest": (lambda z: torch.stack([z, 0 * z]).amax(0), "maximum"),
    "relu by writing": (lambda z: (z + 0).index_put_((z < 0,), torch.zeros(())), "index put"),
    "relu by picking": (lambda z: z[z > 0], "picking single values"),
    "relu by picking numbers": (lambda z: z[(z > 0).nonzero(as_tuple=True)], "picking single"),
    "relu by filling": (lambda z: z.masked_fill(z < 0, 0), "masked fill"),
    "relu of a part": (relu_of_a_part, "writing into a part of a tensor"),
    "sine": (lambda z: z.sin(), "sin"),
    "power": (lambda z: z**2, "pow"),
    "product of two": (lambda z: z * z, "a product of two signals"),
    "matrix product of two": (lambda z: z @ z, "a product of two signals"),
    "gate of a channel": (
        lambda z: z * z.mean((2, 3), keepdim=True).relu(),
        "a product of two signals",
    ),
    "kernel of the signal": (
        lambda z: functional.conv2d(z, z[:, :, :1, :1].expand(4, 4, 1, 1).contiguous()),
        "a product of two signals",
    ),
    "quotient of two": (lambda z: z / (z + 1), "a quotient of two signals"),
    "division by it": (lambda z: torch.ones(4, 1, 1) / (z + 1), "division by the signal"),
    "layer norm": (lambda z: functional.layer_norm(z, (4,)), "layer norm"),
    "group norm": (lambda z: functional.group_norm(z, 2), "group norm"),
    "instance norm": (lambda z: functional.instance_norm(z), "the batch's own statistics"),
    "batch norm in training": (
        lambda z: functional.batch_norm(z, None, None, training=True),
        "the batch's own statistics",
    ),
    "autograd function": (OwnRelu.apply, "the autograd function OwnRelu"),
    "checkpoint": (lambda z: checkpoint(torch.relu, z, use_reentrant=True), "Checkpoint"),
    "compiled": (torch.compile(torch.relu, backend="aot_eager"), "Compiled"),
}

# Linear functions between the ReLUs of nets, under which the rules stay defined.
LINEAR = {
    "number": lambda z: 0.5 * z / 3 - 1,
    "scale of each channel": lambda z: z * torch.ones(4, 1, 1) / torch.ones(1, 4, 1, 1),
    "scale that is learned": lambda z: z * nn.Parameter(torch.ones(4, 1, 1)),
    "kernel that is normalised": lambda z: functional.conv2d(z, normalised_kernel()),
    "batch norm": lambda z: functional.batch_norm(z, torch.zeros(4), torch.ones(4)),
    "dropout in eval": lambda z: functional.dropout(z, training=False),
    "matrix product": lambda z: z.flatten(1) @ torch.ones(64, 3) + 1,
    "affine": nn.Sequential(nn.Flatten(), nn.Linear(64, 3)),
    "convolution back": lambda z: functional.conv_transpose2d(z, torch.ones(4, 2, 2, 2)),
    "max-pool": lambda z: functional.adaptive_max_pool2d(functional.max_pool2d(z, 2), 1),
    "average pool": lambda z: functional.adaptive_avg_pool2d(functional.avg_pool2d(z, 2), 1),
    "other shape": lambda z: z.permute(0, 2, 3, 1).reshape(len(z), 4, -1).transpose(1, 2)[:, 1:],
    "parts": lambda z: torch.cat([*z.chunk(2, 1), *z.split(1, 1), torch.stack(z.unbind(1), 1)], 1),
    "channels by number": lambda z: z[:, [2, 0, 1]],
    "shuffled": lambda z: functional.channel_shuffle(functional.pixel_shuffle(z, 2), 1),
    "padded": lambda z: functional.pad(functional.pad(z, (1, 1)), (1, 1, 1, 1), mode="reflect"),
    "larger": lambda z: functional.interpolate(z, scale_factor=2, mode="bilinear"),
    "blurred": lambda z: functional.fold(functional.unfold(z, 2), (4, 4), 2),
    "other dtype": lambda z: z.double().to(torch.bfloat16).contiguous(),
}

MODULE_ARGUMENTS = {
    "Threshold": {"threshold": 0.1, "value": 0.2},
    "MultiheadAttention": {"embed_dim": 4, "num_heads": 2},
    "Softmax": {"dim": 1},
    "Softmin": {"dim": 1},
    "LogSoftmax": {"dim": 1},
}


def normalised_kernel():
    """A kernel that is computed from parameters in every pass, with what no signal may meet."""
    kernel = nn.Parameter(torch.ones(2, 4, 1, 1))
    return kernel.sigmoid() * kernel / kernel.norm()


def graph_of(architecture):
    """A net's logits and images, without the cost of weights: meta keeps shapes and graph."""
    on_meta = "meta" if not architecture.startswith("regnet") else "cpu"  # regnet counts in tensors
    extra = {"aux_logits": False, "init_weights": False} if architecture == "googlenet" else {}
    with torch.device(on_meta):
        net = get_model(architecture, weights=None, **extra).eval()
        images = torch.zeros(1, 3, 224, 224, requires_grad=True)
        return net(images), images


def signal(output, images, rule):
    with backward_rule(rule, relu_nodes(output, images)):
        return torch.autograd.grad(output, images, retain_graph=True)[0]


def whole_numbers(*shape, seed):
    """Small whole numbers: float64 adds them exactly, and some sums are exactly 0."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-1, 2, shape, generator=generator).double()


@pytest.mark.parametrize(("architecture", "count"), NODES.items(), ids=NODES)
def test_every_relu_of_a_net_is_found(architecture, count):
    assert len(relu_nodes(*graph_of(architecture))) == count


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
    assert len(relu_nodes(output, image)) == 2

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
def test_hooks_are_removed_with_the_block(rule, failing):
    image = whole_numbers(1, 2, 8, 8, seed=4).requires_grad_()
    output = functional.conv2d(image, whole_numbers(4, 2, 8, 8, seed=1)).relu().sum()
    output = output - 3 * image.relu().sum()
    before = signal(output, image, "gradient")
    try:
        with backward_rule(rule, relu_nodes(output, image)):
            inside = torch.autograd.grad(output, image, retain_graph=True)[0]
            if failing:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert not torch.equal(inside, before)
    after = torch.autograd.grad(output, image, retain_graph=True)[0]
    assert torch.equal(after, before)


def test_relu_on_two_paths_is_found_once():
    images = whole_numbers(3, seed=0).requires_grad_()
    shared = images.relu()
    assert len(relu_nodes((shared + 2 * shared).sum(), images)) == 1


@pytest.mark.parametrize(("architecture", "named"), REFUSED_NETS.items(), ids=REFUSED_NETS)
def test_net_with_another_activation_is_refused(architecture, named):
    with pytest.raises(ActivationError, match=named):
        relu_nodes(*graph_of(architecture))


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", sorted(set(activation.__all__) - {"ReLU"}))
def test_every_other_activation_module_is_refused(name, training):
    module = getattr(activation, name)(**MODULE_ARGUMENTS.get(name, {})).train(training)
    images = torch.randn(2, 4, 4, requires_grad=True)
    z = images.relu()
    output = module(z, z, z)[0] if name == "MultiheadAttention" else module(z)
    with pytest.raises(ActivationError, match="deconvolution, guided backpropagation and FullGrad"):
        relu_nodes(output, images)


@pytest.mark.parametrize(
    ("function", "named"), REFUSED_FUNCTIONS.values(), ids=REFUSED_FUNCTIONS.keys()
)
def test_other_activation_function_is_refused_by_name(function, named):
    images = torch.randn(4, 4, 4, 4, requires_grad=True)
    with pytest.raises(ActivationError, match=named):
        relu_nodes(function(images.relu()), images)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("function", LINEAR.values(), ids=LINEAR)
def test_linear_functions_pass(function, count):
    images = torch.randn(count, 4, 4, 4, requires_grad=True)
    assert len(relu_nodes(function(images.relu()).relu(), images)) == 2


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 1, 1), (5,)])
def test_relu_by_hand_is_refused_whatever_the_shape(shape, count):
    images = torch.randn(count, *shape, requires_grad=True)
    z = images.relu()
    with pytest.raises(ActivationError, match="a factor for each value"):
        relu_nodes(z * (z > 0), images)


def test_output_without_a_graph_is_refused():
    images = torch.ones(3, requires_grad=True)
    with torch.no_grad(), pytest.raises(ActivationError, match="gradients on"):
        relu_nodes(images.relu(), images)


def test_net_without_a_relu_is_refused():
    images = torch.ones(3, requires_grad=True)
    with pytest.raises(ActivationError, match="no ReLU"):
        relu_nodes(images.sum(), images)
