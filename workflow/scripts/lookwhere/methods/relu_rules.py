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

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

from lookwhere.errors import StudyError
from lookwhere.methods.registry import DECONVOLUTION, GRADIENT, GUIDED
from lookwhere.nets.graph import graph_nodes

RELU = "ReluBackward0"

# From (gradient at the input under the gradient's rule, gradient at the output) to the rule's own.
RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    GRADIENT: lambda grad_input, grad_output: grad_input,
    DECONVOLUTION: lambda grad_input, grad_output: grad_output.clamp(min=0),
    GUIDED: lambda grad_input, grad_output: grad_input.clamp(min=0),
}

# Autograd's names of the nonlinearities for which the rules above are not defined.
OTHER_ACTIVATIONS = {
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
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Fmax": "maximum",
    "Fmin": "minimum",
    "Where": "where",
    "Exp": "exp",
    "Erf": "erf",
    "Softmax": "softmax (attention)",
    "LogSoftmax": "log-softmax",
    "ScaledDotProduct": "attention",
}


class ActivationError(StudyError):
    """The net holds an activation that the ReLU rules do not know, or no ReLU at all."""


def relu_nodes(output: Tensor) -> list[Node]:
    """The ReLU nodes of the graph that computed ``output``, each once.

    Raises ActivationError where the rules would be wrong without a word: no graph, no ReLU, or
    another activation beside the ReLUs.
    """
    if output.grad_fn is None:
        raise ActivationError("the output has no autograd graph: run the net with gradients on")
    nodes = list(graph_nodes(output.grad_fn))
    others = {activation for node in nodes if (activation := _other_activation(node))}
    if others:
        raise ActivationError(
            f"the net uses {', '.join(sorted(others))}; deconvolution and guided backpropagation "
            "are defined for ReLU alone. Choose a net whose only activation is ReLU"
        )
    relus = [node for node in nodes if node.name() == RELU]
    if not relus:
        raise ActivationError(
            "no ReLU was found in the net's graph, so every rule would be the gradient's"
        )
    return relus


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


def _other_activation(node: Node) -> str | None:
    stem = node.name().split("Backward")[0]
    if isinstance(node, BackwardCFunction):  # written in Python, or by torch.compile
        return f"the autograd function {stem}, which may hide its ReLUs"
    if stem.startswith("ScaledDotProduct"):
        stem = "ScaledDotProduct"
    return OTHER_ACTIVATIONS.get(stem)
