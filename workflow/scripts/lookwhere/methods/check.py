"""Try every net before the long work begins: what each one is, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lookwhere.datasets.images import MEAN, ORIGINAL, STD
from lookwhere.errors import StudyError
from lookwhere.methods.relu_rules import relu_nodes
from lookwhere.methods.run import forward
from lookwhere.nets import classifiers
from lookwhere.nets.predictions import SIGMOID, SOFTMAX, activation


@dataclass(frozen=True)
class NetSummary:
    """What a study should state of a net.

    ``input_mean`` and ``input_std`` are what its input, in [0, 1], is normalised with: one number
    each for red, green and blue. ``output_activation`` is how its outputs are read, and
    ``threshold`` the probability above which a sigmoid recognises a class.
    """

    net: str
    architecture: str
    weights: str
    target_layer: str
    parameters: int
    relus: int
    feature_maps: int
    outputs: int
    output_activation: str
    threshold: float | None
    input_mean: str
    input_std: str


def check(
    specs: Sequence[dict[str, Any]],
    classes: Sequence[dict[str, Any]],
    sizes: Sequence[str],
    seed: int = 0,
) -> tuple[list[NetSummary], list[str]]:
    """Try every net, so that a long study can't fail on one later: summaries, and all faults.

    A spec holds name, architecture, weights (a path or ``random``) and target_layer; a class its
    name and targets. A fault: weights that do not fit, a bad target layer, another activation than
    ReLU, a size too small, a target outside the outputs.
    """
    summaries, faults = [], []
    for spec in specs:
        try:
            summary = _summarise(spec, sizes, seed)
        except StudyError as error:
            faults.append(f"net {spec['name']!r}: {error}")
            continue
        summaries.append(summary)
        faults += [
            f"class {item['name']!r}: net {summary.net!r} has no output {target}; "
            f"give an index from 0 to {summary.outputs - 1}"
            for item in classes
            for target in item["targets"]
            if target >= summary.outputs
        ]
    return summaries, faults


def _summarise(spec: dict[str, Any], sizes: Sequence[str], seed: int) -> NetSummary:
    net = classifiers.load(spec["architecture"], spec["weights"], seed)
    target_layer = classifiers.layer(net, spec["target_layer"])
    for size in [int(size) for size in sizes if size != ORIGINAL] or [224]:
        run = forward(net, target_layer, torch.zeros(1, 3, size, size))
    outputs = run.logits.shape[1]
    read_by = activation(outputs, spec.get("outputs", SOFTMAX))
    return NetSummary(
        net=spec["name"],
        architecture=spec["architecture"],
        weights=spec["weights"],
        target_layer=spec["target_layer"],
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        relus=len(relu_nodes(run.logits)),
        feature_maps=run.features.shape[1],
        outputs=outputs,
        output_activation=read_by,
        threshold=spec.get("threshold", 0.5) if read_by == SIGMOID else None,
        input_mean=" ".join(map(str, MEAN)),
        input_std=" ".join(map(str, STD)),
    )
