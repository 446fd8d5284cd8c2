"""Nets that methods by layer can read: those whose steps are modules with a rule.

DeepLift, LRP and the ReLU rules of captum, and the rules of zennit, are hooks on modules. They miss
an activation, or a sum of branches, that is a function, and pass over modules without a rule: their
maps would be those of the gradient there.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.autograd.graph import Node

from lookwhere.methods.registry import NotDefinedError
from lookwhere.nets.graph import nodes_between
from lookwhere.nets.layers import logits_of

if TYPE_CHECKING:
    from lookwhere.methods.run import Run

Rules = Mapping[str, type[nn.Module]]  # autograd's name of a step, and the module that has a rule

RELU: Rules = {"ReluBackward0": nn.ReLU}
ACTIVATIONS: Rules = {
    **RELU,
    "EluBackward0": nn.ELU,
    "LeakyReluBackward0": nn.LeakyReLU,
    "SigmoidBackward0": nn.Sigmoid,
    "SoftplusBackward0": nn.Softplus,
    "TanhBackward0": nn.Tanh,
}
POOLING: Rules = {"MaxPool2DWithIndicesBackward0": nn.MaxPool2d}

# Steps that are not linear, in words.
NONLINEAR = {
    **{node: activation.__name__ for node, activation in ACTIVATIONS.items()},
    "GeluBackward0": "GELU",
    "HardsigmoidBackward0": "Hardsigmoid",
    "HardswishBackward0": "Hardswish",
    "HardtanhBackward0": "Hardtanh or ReLU6",
    "MishBackward0": "Mish",
    "NativeGroupNormBackward0": "GroupNorm",
    "NativeLayerNormBackward0": "LayerNorm",
    "PreluKernelBackward0": "PReLU",
    "SiluBackward0": "SiLU",
    "SoftmaxBackward0": "softmax",
}
ATTENTION = "ScaledDotProduct"  # the start of the names of fused attention
PRODUCTS = ("BmmBackward0", "DivBackward0", "MulBackward0")
SUMS = ("AddBackward0", "SubBackward0")
NORMS = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.LayerNorm,
)


def require_rules(run: "Run", name: str, rules: Rules) -> None:
    """Raise NotDefinedError if a step that is not linear has no module with one of the ``rules``.

    A maximum counts if there is a rule for it.
    """
    nodes, meetings, calls = _steps(run, tuple(rules.values()))
    words = {**NONLINEAR, **{node: kind.__name__ for node, kind in rules.items()}}
    for node, word in words.items():
        missed = nodes[node] - (calls[rules[node]] if node in rules else 0)
        if missed > 0:
            place = " outside of modules" if node in rules else ""
            raise NotDefinedError(f"{name} has no rule for the {word} of the net{place}")
    if any(meetings[node] for node in PRODUCTS) or any(n.startswith(ATTENTION) for n in nodes):
        raise NotDefinedError(f"{name} has no rule for the products of branches in the net")


def require_relevance(run: "Run", name: str, sums: Collection[type[nn.Module]] = ()) -> None:
    """Raise NotDefinedError if relevance can't be passed on by the rules of LRP.

    ``sums`` are the modules whose sum of branches has a rule.
    """
    norms = [type(module).__name__ for module in run.net.modules() if isinstance(module, NORMS)]
    if norms:
        raise NotDefinedError(f"{name} has no rule for the {norms[0]} of the net")
    require_rules(run, name, ACTIVATIONS)
    _, meetings, calls = _steps(run, tuple(sums))
    if sum(meetings[node] for node in SUMS) > calls.total():
        raise NotDefinedError(f"{name} has no rule for the sums of branches in the net")


def _steps(
    run: "Run", types: tuple[type[nn.Module], ...]
) -> tuple[Counter[str], Counter[str], Counter[type[nn.Module]]]:
    """Names of autograd's nodes, and of those of several inputs; calls of modules by type.

    Of the first image, and of the nodes that depend on it.
    """
    calls: Counter[type[nn.Module]] = Counter()

    def count(module: nn.Module, inputs: object, output: object) -> None:
        calls[next(kind for kind in types if isinstance(module, kind))] += 1

    modules = [module for module in run.net.modules() if isinstance(module, types)]
    handles = [module.register_forward_hook(count) for module in modules]
    leaf = run.images[:1].clone().requires_grad_()
    try:
        with torch.enable_grad():
            start = leaf.clone()  # a net may change its input in place, but not a leaf
            first = start.grad_fn
            root = logits_of(run.net(start), 1).grad_fn
    finally:
        for handle in handles:
            handle.remove()
    assert first is not None
    assert root is not None
    between = set(nodes_between(root, first))
    return (
        Counter(node.name() for node in between),
        Counter(node.name() for node in between if _inputs(node, between) > 1),
        calls,
    )


def _inputs(node: Node, between: Collection[Node]) -> int:
    return sum(parent in between for parent, _ in node.next_functions)
