"""Try every net before the maps are computed: a summary of each, or its faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lookwhere.datasets.sizes import shorter_side
from lookwhere.errors import StudyError
from lookwhere.methods.forward import Forward, forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import load
from lookwhere.methods.relu_rules import count_relus
from lookwhere.methods.run import Run, maps_of
from lookwhere.nets import classifiers, fold, layers
from lookwhere.nets.layers import LayerError
from lookwhere.nets.live import LiveTensors
from lookwhere.nets.predictions import SIGMOID, SOFTMAX, activation
from lookwhere.nets.probe import ending, probe

USUAL, LARGEST = 224, 1024  # sides of the images that are tried, in pixels


@dataclass(frozen=True)
class NetSummary:
    """The facts of a net that a study reports.

    ``feature_size`` is the height and width of its feature maps, of the smallest input that was
    tried. ``input_mean`` and ``input_std`` normalise its input, in [0, ``input_range``]: one number
    for each of ``input_channels``. ``weights_changes`` lists what was changed of the weights of the
    file.
    ``logits_source`` names the output that is explained, where the net returns several.
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
    feature_size: str
    outputs: int
    logits_source: str
    output_activation: str
    threshold: float | None
    input_mean: str
    input_std: str
    input_range: int
    input_channels: str
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
    net has none), and maybe its own ``sizes``; a class its name and targets. A fault: weights that
    do not fit, a bad target layer, a size too small, a target outside the outputs, a net for which
    none of the ``methods`` is defined.
    """
    summaries, faults = [], []
    for spec in specs:
        try:
            summary = _summarise(spec, spec.get("sizes", sizes), methods, seed)
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


def doubts(spec: Mapping[str, Any]) -> list[str]:
    """What may be wrong in the settings of a net, in sentences: no file of weights reveals it."""
    sentences, listed = [], spec.get("input", {})
    small = [key for key in ("mean", "std") if 0 < max(listed.get(key) or [0]) < 1]
    if listed.get("range") == 255 and small:
        sentences.append(
            f"input.{small[0]} is {list(listed[small[0]])}, in the unit of range: 255; leave range "
            "out if the net expects pixels from 0 to 1"
        )
    is_users = "sha256" in spec  # of a file that was not fetched from torchvision
    has_switch = spec["architecture"] in classifiers.AUXILIARY
    if is_users and has_switch and "transform_input" not in spec.get("arguments", {}):
        sentences.append(
            "transform_input is true, as torchvision's ImageNet weights need; state in arguments "
            "what the net was trained with: {transform_input: false}, or true"
        )
    return [f"net {spec['name']!r}: {sentence}" for sentence in sentences]


def _summarise(
    spec: dict[str, Any], sizes: Sequence[str], methods: Sequence[str], seed: int
) -> NetSummary:
    loaded = classifiers.load_spec(spec, seed)
    net, depth = loaded.module, loaded.input.depth
    parameters = sum(parameter.numel() for parameter in net.parameters())
    measured, *others = _sides(sizes)
    shape = (depth, measured, measured)
    _require_channels(net, shape)
    name = layers.resolve_or_last(net, spec["target_layer"], shape)
    # Folded and in the memory format of jobs, for their memory.
    fold.fold(net, name, shape)
    classifiers.to_channels_last(net)
    target_layer = None if name is None else net.get_submodule(name)

    def passed(side: int) -> Forward:
        images = torch.zeros(1, depth, side, side).to(memory_format=torch.channels_last)
        return forward(net, target_layer, images, spec.get("precision", "float32"))

    with LiveTensors([*net.parameters(), *net.buffers()]) as live:
        try:
            tried = passed(measured)
            features = _feature_maps(tried)
        except LayerError as error:
            raise StudyError(f"{error}{_nearest(net, name, shape)}") from None
        if function := ending(tried.logits):
            raise StudyError(f"the net ends in {function}: return the logits, its input")
        outputs, relus = tried.logits.shape[1], count_relus(tried.logits)
        entries = [load(METHODS[method]) for method in methods]
        run = Run(tried, torch.tensor([0]), entries, is_trial=True)
        del tried  # the run may free its graph
        maps, reasons = maps_of(run, entries)
    for side in others:
        passed(side)
    logits_source = probe(net, shape)
    if methods and not maps:
        raise StudyError(
            "none of the study's methods is defined for it: leave it out, or add a method such as "
            f"backpropagation ({_in_words(reasons)})"
        )
    output_activation = activation(outputs, spec.get("outputs", SOFTMAX))
    return NetSummary(
        net=spec["name"],
        architecture=spec["architecture"],
        weights=spec["weights"],
        weights_changes="; ".join(loaded.changes),
        target_layer=name,
        parameters=parameters,
        relus=relus,
        feature_maps=None if features is None else features.shape[1],
        feature_size="" if features is None else f"{features.shape[2]} x {features.shape[3]}",
        outputs=outputs,
        logits_source=logits_source,
        output_activation=output_activation,
        threshold=spec.get("threshold", 0.5) if output_activation == SIGMOID else None,
        input_mean=_numbers(loaded.input.mean),
        input_std=_numbers(loaded.input.std),
        input_range=loaded.input.range,
        input_channels=loaded.input.channels,
        bytes_per_pixel=round(live.peak / run.images[0, 0].numel()),
        not_defined=_in_words(reasons),
    )


def _require_channels(net: nn.Module, shape: tuple[int, ...]) -> None:
    """Raise StudyError for a net that takes neither three channels nor one."""
    channels = classifiers.input_channels(net)
    if channels in (None, 1, 3):
        return
    try:
        with torch.inference_mode():
            net(torch.zeros(1, *shape))
    except Exception as error:  # of the net's own code
        raise StudyError(
            f"it takes an input of {channels} channels, and an image has 3 (rgb, bgr) or 1 (grey): "
            "choose a net of images, or wrap it in a function of yours that makes the others"
        ) from error


def _feature_maps(run: Forward) -> Tensor | None:
    """The feature maps (N, K, h, w). Raises LayerError where they have one place."""
    if run.features is None:
        return None
    maps = layers.as_feature_maps(run.features.detach(), *run.images.shape[2:])
    if maps[0, 0].numel() == 1:
        raise LayerError("the target layer yields maps of one pixel, so that CAMs are constant")
    return maps


def _nearest(net: nn.Module, name: str | None, shape: tuple[int, ...]) -> str:
    """A layer that works in place of the layer ``name``."""
    nearest = layers.resolve_or_last(net, None, shape)
    return f"; target_layer: {nearest} works" if nearest not in (None, name) else ""


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in values)


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
