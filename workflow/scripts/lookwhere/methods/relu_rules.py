"""How a signal flows back through a ReLU: three rules, as hooks on the autograd graph.

With z the input of a ReLU and R the signal that arrives from above:

    gradient       R <- 1[z > 0] R           Simonyan et al. 2014, arXiv:1312.6034
    deconvolution  R <- max(R, 0)            Zeiler & Fergus 2014, arXiv:1311.2901
    guided         R <- 1[z > 0] max(R, 0)   Springenberg et al. 2015, arXiv:1412.6806

At z = 0 torch lets nothing through, and so do the gradient and the guided rule.

Every ReLU, be it a module, a reused module, a function, a method or in place, leaves one
``ReluBackward0`` node in the graph of the forward pass. Hooks on these nodes change the backward
pass alone: net and forward pass stay as they are, and one forward pass serves all three rules.
"""

import re
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node, get_gradient_edge

from lookwhere.methods.registry import DECONVOLUTION, GRADIENT, GUIDED, NotDefinedError
from lookwhere.nets.graph import graph_nodes, nodes_between

RELU = "ReluBackward0"

# (gradient at the ReLU's input under torch's rule, gradient at its output) -> that under the rule.
RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    GRADIENT: lambda grad_input, grad_output: grad_input,
    DECONVOLUTION: lambda grad_input, grad_output: grad_output.clamp(min=0),
    GUIDED: lambda grad_input, grad_output: grad_input.clamp(min=0),
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Autograd's names of nodes that are allowed beside the ReLUs: all that is linear in the signal, and
# the pooling that picks values (MAXIMA). Every other name is refused, so that no activation is
# missed. Left out, though harmless in some nets: a maximum (over a stack with zeros it is a ReLU),
# writing into a part of a tensor (autograd hides what is written), and norms that divide by
# statistics of the input itself (layer, group and instance norm), for which the papers define no
# rule.
LINEAR = _names("""
    AccumulateGrad Copy ToCopy Clone Alias Lift LiftFresh PinMemory
    Add Sub Rsub Neg Sum Mean Cumsum Trace
    AvgPool2D AvgPool3D AdaptiveAvgPool2D AdaptiveAvgPool3D MkldnnAdaptiveAvgPool2D
    View UnsafeView ReshapeAlias ReshapeCopy MkldnnReshape ToMkldnn ToDense AsStrided
    Squeeze Unsqueeze Expand Repeat Permute Transpose T Flip Roll Rot90 Unfold Diagonal Tril Triu
    Cat Stack Split SplitWithSizes UnsafeSplit UnsafeSplitWithSizes Chunk Unbind Select Slice
    IndexSelect Im2Col Col2Im ChannelShuffle PixelShuffle PixelUnshuffle
    ConstantPadNd ReflectionPad1D ReflectionPad2D ReflectionPad3D
    ReplicationPad1D ReplicationPad2D ReplicationPad3D
    UpsampleNearest1D UpsampleNearest2D UpsampleNearest3D
    UpsampleNearestExact1D UpsampleNearestExact2D UpsampleNearestExact3D
    UpsampleLinear1D UpsampleBilinear2D UpsampleBilinear2DAa UpsampleTrilinear3D
    UpsampleBicubic2D UpsampleBicubic2DAa
""")

MAXIMA = _names("""
    MaxPool2D MaxPool2DWithIndices MaxPool3DWithIndices AdaptiveMaxPool2D AdaptiveMaxPool3D
    MkldnnMaxPool2D MkldnnMaxPool3D
""")

# Linear too, unless both factors depend on the images.
PRODUCTS = _names("""
    Mm Bmm Mv Dot Matmul Linear MkldnnLinear
    Convolution ConvolutionOverrideable ConvDepthwise2D ConvDepthwise3D ConvTbc
    SlowConv2D SlowConv3D SlowConvDilated2D SlowConvDilated3D
    SlowConvTranspose2D SlowConvTranspose3D
    CudnnConvolution CudnnConvolutionTranspose MkldnnConvolution NnpackSpatialConvolution
    MiopenConvolution MiopenConvolutionTranspose MiopenDepthwiseConvolution
    MpsConvolution MpsConvolutionTranspose
""")
ADDED_PRODUCTS = _names("Addmm Baddbmm Addbmm Addmv")  # their factors come after what is added

# With fixed statistics a batch norm is linear.
BATCH_NORMS = _names("NativeBatchNorm CudnnBatchNorm MiopenBatchNorm")

# Common activations that are refused, by the names of their papers.
ACTIVATIONS = {
    "Hardtanh": "ReLU6 or Hardtanh",
    "Gelu": "GELU",
    "Silu": "SiLU",
    "Hardswish": "Hardswish",
    "Hardsigmoid": "Hardsigmoid",
    "Sigmoid": "Sigmoid",
    "LogSigmoid": "LogSigmoid",
    "Tanh": "Tanh",
    "LeakyRelu": "LeakyReLU",
    "RreluWithNoise": "RReLU",
    "PreluKernel": "PReLU",
    "Elu": "ELU, SELU or CELU",
    "Celu": "CELU",
    "Softplus": "Softplus",
    "Softshrink": "Softshrink",
    "Hardshrink": "Hardshrink",
    "Mish": "Mish",
    "Glu": "GLU",
    "Abs": "Softsign or abs",
    "Threshold": "Threshold",
    "Clamp": "clamp",
    "ClampMin": "clamp",
    "ClampMax": "clamp",
    "Max": "maximum",
    "Min": "minimum",
    "Amax": "maximum",
    "Amin": "minimum",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Fmax": "maximum",
    "Fmin": "minimum",
    "Softmax": "softmax (attention)",
    "LogSoftmax": "log-softmax",
    "ScaledDotProduct": "attention",
    "NativeLayerNorm": "layer norm",
    "NativeGroupNorm": "group norm",
    "CopySlices": "writing into a part of a tensor, which may hide its ReLUs",
}


class ActivationError(NotDefinedError):
    """The net has an activation without a rule, or no ReLU at all."""


def relu_nodes(output: Tensor, images: Tensor) -> list[Node]:
    """The ReLU nodes between ``images`` (a leaf) and the ``output`` computed from them, each once.

    Raises ActivationError where the rules would be silently wrong: no graph, no ReLU, or a node
    that may be another activation.
    """
    if output.grad_fn is None:
        raise ActivationError("the output has no autograd graph: run the net with gradients on")
    nodes = nodes_between(output.grad_fn, get_gradient_edge(images).node)
    of_images = set(nodes)
    others = {other for node in nodes if (other := _other_activation(node, of_images))}
    if others:
        raise ActivationError(
            f"the net uses {' and '.join(sorted(others))}; deconvolution, guided backpropagation "
            "and FullGrad are defined for ReLU alone"
        )
    relus = [node for node in nodes if node.name() == RELU]
    if not relus:
        raise ActivationError("the net's graph has no ReLU: every rule would be the gradient")
    return relus


def is_linear(output: Tensor, start: Tensor) -> bool:
    """Whether all between ``start`` and ``output`` is linear, biases aside."""
    root, first = get_gradient_edge(output).node, get_gradient_edge(start).node
    nodes = nodes_between(root, first)
    of_start = set(nodes)
    return first in of_start and all(
        node.name() != RELU and _stem(node) not in MAXIMA and not _other_activation(node, of_start)
        for node in nodes
        if node is not first
    )


def count_relus(output: Tensor) -> int:
    """The number of ReLUs in the graph of ``output``."""
    root = output.grad_fn
    return 0 if root is None else sum(node.name() == RELU for node in graph_nodes(root))


@contextmanager
def backward_rule(rule: str, relus: list[Node]) -> Iterator[None]:
    """Backward passes inside the block follow ``rule`` at ``relus``; hooks are removed on exit."""
    rewrite = RULES[rule]

    def hook(grad_inputs: tuple[Tensor, ...], grad_outputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        return (rewrite(grad_inputs[0], grad_outputs[0]),)

    handles = [node.register_hook(hook) for node in relus] if rule != GRADIENT else []
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _other_activation(node: Node, of_images: Container[Node | None]) -> str | None:
    """The activation that a ``node`` is or may hide, in words; None for a linear one or a ReLU.

    ``of_images`` are the nodes that depend on the images.
    """
    stem = _stem(node)
    if isinstance(node, BackwardCFunction):  # written in Python, or by torch.compile
        return f"the autograd function {stem}, which may hide its ReLUs"
    if node.name() == RELU or stem in LINEAR | MAXIMA:
        return None
    depends = [parent in of_images for parent, _ in node.next_functions]
    if stem in PRODUCTS | ADDED_PRODUCTS:
        factors = depends[1:3] if stem in ADDED_PRODUCTS else depends[:2]
        return "a product of two signals" if all(factors) else None
    if stem in ("Mul", "Div"):
        return _other_factor(node, stem, depends)
    if stem in BATCH_NORMS:
        return "a norm by the batch's own statistics" if node._saved_training else None  # type: ignore[attr-defined]
    if stem == "Index":
        return None if _picks_slices(node) else "picking single values"
    if stem.startswith("ScaledDotProduct"):
        stem = "ScaledDotProduct"
    return ACTIVATIONS.get(stem) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", stem).lower()


def _stem(node: Node) -> str:
    """Autograd's name of a function: ``MaxPool2D``."""
    return node.name().rpartition("::")[2].split("Backward")[0]


def _other_factor(node: Node, stem: str, depends: Sequence[bool]) -> str | None:
    """The fault of a product or a quotient, in words; None where it scales by constants.

    A constant and a comparison, as in ``y * (y > 0)``, look alike: neither has a gradient. But a
    scale is one value for a whole map or image; a factor of the signal's own shape may be a ReLU by
    hand, and is refused even where it is a constant.
    """
    if all(depends):
        return "a product of two signals" if stem == "Mul" else "a quotient of two signals"
    if stem == "Div" and depends[1]:
        return "division by the signal"
    factor = node._saved_other if depends[0] else node._saved_self  # type: ignore[attr-defined]
    shape = node._input_metadata[0].shape  # of the product; its first number counts images
    of_image = factor.shape[1:] if factor.ndim == len(shape) else factor.shape
    if factor.ndim and prod(of_image) == prod(shape[1:]):
        return "a factor for each value, which may be a ReLU by hand"
    return None


def _picks_slices(node: Node) -> bool:
    """Whether an index selects whole channels, rows or columns, by integers."""
    indices = [index for index in node._saved_indices if index is not None]  # type: ignore[attr-defined]
    return len(indices) == 1 and indices[0].ndim == 1 and indices[0].dtype != torch.bool
