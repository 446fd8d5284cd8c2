"""Try every net before the maps are computed: a summary of each, or its faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lookwhere.datasets.images import MEAN, STD
from lookwhere.datasets.sizes import shorter_side
from lookwhere.errors import StudyError
from lookwhere.methods.relu_rules import count_relus
from lookwhere.methods.run import Forward, defined_maps, forward
from lookwhere.nets import classifiers, fold
from lookwhere.nets.live import LiveTensors
from lookwhere.nets.predictions import SIGMOID, SOFTMAX, activation

USUAL, LARGEST = 224, 1024  # sides of the images that are tried, in pixels


@dataclass(frozen=True)
class NetSummary:
    """The facts of a net that a study reports.

    ``input_mean`` and ``input_std`` normalise its input, in [0, 1]: one number each for red, green
    and blue. ``weights_changes`` lists what was changed of the weights of the file.
    ``output_activation`` is softmax or sigmoid, and ``threshold`` the probability above
    which a sigmoid output recognises a class. ``bytes_per_pixel`` are those of the tensors alive
    at once, for each pixel of the input, while the study's methods explain it on a CPU.
    ``not_defined`` names the methods of the study that are not defined for the net, with the
    reason.
    """

    net: str
    architecture: str
    weights: str
    weights_changes: str
    target_layer: str | None
    parameters: int
    relus: int
    feature_maps: int | None
    outputs: int
    output_activation: str
    threshold: float | None
    input_mean: str
    input_std: str
    bytes_per_pixel: int
    not_defined: str


def check(
    specs: Sequence[dict[str, Any]],
    classes: Sequence[dict[str, Any]],
    sizes: Sequence[str],
    methods: Sequence[str],
    seed: int = 0,
) -> tuple[list[NetSummary], list[str]]:
    """Try every net, so that no job fails on one later: summaries, and all faults.

    A spec holds name, architecture, weights (a path or ``random``) and target_layer (None where the
    net has none); a class its name and targets. A fault: weights that do not fit, a bad target
    layer, a size too small, a target outside the outputs, a net for which none of the ``methods``
    is defined.
    """
    summaries, faults = [], []
    for spec in specs:
        try:
            summary = _summarise(spec, sizes, methods, seed)
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


def _summarise(
    spec: dict[str, Any], sizes: Sequence[str], methods: Sequence[str], seed: int
) -> NetSummary:
    net, changes = classifiers.load_spec(spec, seed)
    parameters = sum(parameter.numel() for parameter in net.parameters())
    name = spec["target_layer"]
    # Folded and in the memory format of jobs, for their memory.
    fold.fold(net, name)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    target_layer = None if name is None else classifiers.layer(net, name)

    def passed(side: int) -> Forward:
        images = torch.zeros(1, 3, side, side).to(memory_format=torch.channels_last)
        return forward(net, target_layer, images, spec.get("precision", "float32"))

    measured, *others = _sides(sizes)
    with LiveTensors([*net.parameters(), *net.buffers()]) as live:
        run = passed(measured)
        maps, reasons = defined_maps(run, torch.tensor([0]), methods)
    for side in others:
        passed(side)
    if methods and not maps:
        raise StudyError(
            "none of the study's methods is defined for it: leave it out, or add a method such as "
            f"backpropagation ({_in_words(reasons)})"
        )
    outputs = run.logits.shape[1]
    output_activation = activation(outputs, spec.get("outputs", SOFTMAX))
    return NetSummary(
        net=spec["name"],
        architecture=spec["architecture"],
        weights=spec["weights"],
        weights_changes="; ".join(changes),
        target_layer=name,
        parameters=parameters,
        relus=count_relus(run.logits),
        feature_maps=None if run.features is None else run.features.shape[1],
        outputs=outputs,
        output_activation=output_activation,
        threshold=spec.get("threshold", 0.5) if output_activation == SIGMOID else None,
        input_mean=" ".join(map(str, MEAN)),
        input_std=" ".join(map(str, STD)),
        bytes_per_pixel=round(live.peak / run.images[0, 0].numel()),
        not_defined=_in_words(reasons),
    )


def _sides(sizes: Sequence[str]) -> list[int]:
    """Sides of the squares that are tried, the most usual one first; large ones take too long."""
    sides = {side for size in sizes if (side := shorter_side(size)) and side <= LARGEST}
    return sorted(sides or {USUAL}, key=lambda side: abs(side - USUAL))


def _in_words(reasons: Mapping[str, str]) -> str:
    """``deconvolution, guided_backpropagation: the net uses GELU. ...``, a sentence a reason."""
    methods = {
        reason: ", ".join(name for name in reasons if reasons[name] == reason)
        for reason in reasons.values()
    }
    return ". ".join(f"{names}: {reason}" for reason, names in methods.items())
