"""A batch on its way through a net: one forward pass, and one backward pass a rule for all methods.

With x the images, f the feature maps of the target layer and y_c the logit of the target (before
softmax or sigmoid), a run has x, f, y, and the gradients of y_c at x and f. Maps are raw and
signed: rescaling one to [0, 1] would change the share of its energy in a mask.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node, get_gradient_edge
from torch.nn import functional

from lookwhere.errors import InputError, StudyError, is_out_of_memory
from lookwhere.methods import biases
from lookwhere.methods.biases import BiasedOutput
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import (
    BIASES,
    FEATURES,
    GRADIENT,
    IMAGES,
    Method,
    NotDefinedError,
    Signal,
    load,
)
from lookwhere.methods.relu_rules import ActivationError, backward_rule, is_linear, relu_nodes
from lookwhere.nets.graph import graph_nodes
from lookwhere.nets.layers import LayerError, as_feature_maps, logits_of

Draw = Callable[["Run"], Tensor]

NO_FEATURES = "no layer with feature maps is known for this net; name one with target_layer"


@dataclass(frozen=True)
class Forward:
    """One forward pass."""

    images: Tensor  # (N, 3, H, W), a leaf that requires its gradient
    features: Tensor | None  # the target layer's output; None without such a layer
    logits: Tensor  # (N, outputs)
    biased: Sequence[BiasedOutput] = ()  # outputs of layers with biases


class Run:
    """The signals of a batch that a method may use, for the target of each image.

    Signals are computed once: a backward pass under a rule reads it at all places that the methods
    of the run need.
    """

    def __init__(self, passed: Forward, targets: Tensor, methods: Iterable[Method]) -> None:
        """``targets`` (N,), int64, holds one output index an image.

        ``not_defined`` holds the reason of each of the ``methods`` whose needs the net can't meet.
        """
        self.images = passed.images.detach()  # (N, 3, H, W)
        self.logits = passed.logits.detach()  # (N, outputs)
        self.targets = targets
        self._passed = passed
        self._signals: dict[Signal, Tensor] = {}
        self._maps: dict[Draw, Tensor] = {}
        # Or the reason against them, as text: an exception would keep its frames, and so the graph.
        self._relus: list[Node] | str | None = None
        self.not_defined: dict[str, str] = {}
        self._needs: set[Signal] = set()
        for method in methods:
            try:
                self._require(method.needs)
            except NotDefinedError as reason:
                self.not_defined[method.name] = str(reason)
            else:
                self._needs |= method.needs

    @property
    def features(self) -> Tensor:
        """The feature maps (N, K, h, w). Raises NotDefinedError where there are none."""
        return self._shaped(FEATURES, self._place(FEATURES).detach())

    def gradient(self, rule: str = GRADIENT, at: str = IMAGES) -> Tensor:
        """The gradient of the targets' logits under a ReLU rule, at the images or the features.

        Shaped as these. At the biases of all layers it is their sum, rescaled and resized to the
        images (N, 1, H, W): see ``biases``. Raises NotDefinedError where the rule is not defined
        for the net, or where there are no features.
        """
        self._require([Signal(rule, at)])
        if Signal(rule, at) not in self._signals:
            self._backward(rule, at)
        return self._signals[Signal(rule, at)]

    @property
    def has_linear_head(self) -> bool:
        """Whether all between the features and the logits is linear or pooling, biases aside."""
        return is_linear(self._passed.logits, self._place(FEATURES))

    def map_of(self, draw: Draw) -> Tensor:
        """The map of another method, (N, C, H, W), computed once."""
        if draw not in self._maps:
            self._maps[draw] = draw(self)
        return self._maps[draw]

    def upsample(self, maps: Tensor) -> Tensor:
        """The ``maps`` (N, C, h, w), bilinearly resized to the images: (N, C, H, W)."""
        size = self.images.shape[2:]
        return functional.interpolate(maps, size=size, mode="bilinear", align_corners=False)

    def _require(self, signals: Collection[Signal]) -> None:
        """Raise NotDefinedError if a signal is not defined; takes no pass."""
        if any(signal.rule != GRADIENT or signal.at == BIASES for signal in signals):
            self._relu_nodes()
        if any(signal.at == FEATURES for signal in signals):
            self._place(FEATURES)

    def _place(self, at: str) -> Tensor:
        """The tensor at which a signal is read, with its graph."""
        place = {IMAGES: self._passed.images, FEATURES: self._passed.features}[at]
        if place is None:
            raise NotDefinedError(NO_FEATURES)
        return place

    def _backward(self, rule: str, at: str) -> None:
        needed = {at} | {signal.at for signal in self._needs if signal.rule == rule}
        if BIASES in needed:
            needed.add(IMAGES)  # the pass must meet every layer
        places = [place for place in (IMAGES, FEATURES) if place in needed]
        # Images are independent of each other, so the sum has the gradient of each.
        score = self._passed.logits.gather(1, self.targets[:, None]).sum()
        relus = [] if rule == GRADIENT else self._relu_nodes()
        outputs = self._passed.biased if BIASES in needed else []
        with backward_rule(rule, relus), biases.adding_up(outputs) as sums:
            inputs = [self._place(place) for place in places]
            gradients = _gradients(score, inputs)
        self._signals |= {
            Signal(rule, place): self._shaped(place, gradient)
            for place, gradient in zip(places, gradients, strict=True)
        }
        if BIASES in needed:
            none = torch.zeros_like(self.images[:, :1])
            self._signals[Signal(rule, BIASES)] = sum(map(self.upsample, sums.values()), none)

    def _shaped(self, at: str, signal: Tensor) -> Tensor:
        """A signal as images or feature maps: those of tokens are (N, T, K)."""
        return signal if at == IMAGES else as_feature_maps(signal, *self.images.shape[2:])

    def _relu_nodes(self) -> list[Node]:
        if self._relus is None:
            try:
                self._relus = relu_nodes(self._passed.logits, self._passed.images)
            except ActivationError as reason:
                self._relus = str(reason)
        if isinstance(self._relus, str):
            raise ActivationError(self._relus)
        return self._relus


def forward(
    net: nn.Module, target_layer: nn.Module | None, images: Tensor, precision: str = "float32"
) -> Forward:
    """Run ``net`` on normalised ``images`` (N, 3, H, W); keeps the graph and the features.

    ``net`` must be in eval mode, and on the device of the images. Without a ``target_layer`` there
    are no features. ``precision`` is float32, or bfloat16 for autocast. Raises
    InputError if the net can't process them, and StudyError if the target layer does not yield
    feature maps exactly once.
    """
    outputs: list[Any] = []

    def record(layer: nn.Module, inputs: object, output: Any) -> Any:
        outputs.append(output)
        # Return a copy: an in-place ReLU that follows must not rectify these features.
        return output.clone() if isinstance(output, Tensor) else output

    handle = None if target_layer is None else target_layer.register_forward_hook(record)
    try:
        leaf = images.detach().requires_grad_()
        with torch.enable_grad(), _computing_in(precision, images.device):
            try:
                with biases.recording(net) as biased:
                    logits = logits_of(net(leaf), len(leaf))
            except RuntimeError as error:
                if "leaf Variable" not in str(error):
                    raise
                outputs.clear()
                with biases.recording(net) as biased:  # a copy: it changes its input in place
                    logits = logits_of(net(leaf.clone()), len(leaf))
    except StudyError:
        raise
    except Exception as error:  # of the net's own code
        if is_out_of_memory(error):
            raise  # for the caller: a smaller batch may fit
        height, width = images.shape[2:]
        reason = (str(error) or type(error).__name__).splitlines()[0]
        message = f"the net can't process an input of {width} x {height} pixels ({reason})"
        raise InputError(message + _way_out(error)) from error
    finally:
        if handle:
            handle.remove()
    if not _depends_on(logits, leaf):
        raise StudyError(
            "the net has no gradient from its logits to the image, as under torch.no_grad, after "
            "detach, in NumPy, or where it is quantised: leave this out of its forward"
        )
    features = None if target_layer is None else _features(outputs, logits, *images.shape[2:])
    return Forward(leaf, features, logits, biased)


def saliency_maps(passed: Forward, targets: Tensor, methods: Sequence[str]) -> dict[str, Tensor]:
    """The map of every method for the logits ``targets`` (N,), int64, one output index an image.

    Returns float32 tensors (N, C, H, W) by method. Raises NotDefinedError if a method is not
    defined for the net.
    """
    maps, not_defined = defined_maps(passed, targets, methods)
    for name, reason in not_defined.items():
        raise NotDefinedError(f"method {name!r} is not defined for this net: {reason}")
    return maps


def defined_maps(
    passed: Forward, targets: Tensor, methods: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """As ``saliency_maps``, for the methods that are defined; and the reasons of the others."""
    entries = [load(METHODS[name]) for name in methods]
    run = Run(passed, targets, entries)
    maps, not_defined = {}, dict(run.not_defined)
    for entry in entries:
        if entry.name not in not_defined:
            try:
                maps[entry.name] = run.map_of(entry.draw)
            except NotDefinedError as reason:
                not_defined[entry.name] = str(reason)
    return maps, not_defined


def _computing_in(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def _depends_on(logits: Tensor, leaf: Tensor) -> bool:
    """Whether autograd's graph of the ``logits`` reaches the ``leaf``."""
    root = logits.grad_fn
    return root is not None and get_gradient_edge(leaf).node in set(graph_nodes(root))


def _way_out(error: Exception) -> str:
    """What to change in a net that raised an error, where this is known."""
    if isinstance(error, TypeError):
        return "; it is called as net(images): write a function that wraps it so"
    if "should be the same" in str(error) and " type" in str(error):
        return "; nets run in float32: convert no dtypes in its forward"
    return ""


def _gradients(score: Tensor, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """The gradients of a sum; the graph is kept."""
    try:
        return torch.autograd.grad(score, inputs, retain_graph=True)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        reason = str(error).splitlines()[0]
        raise StudyError(f"the net has no gradient ({reason})") from error


def _features(outputs: list[Any], logits: Tensor, height: int, width: int) -> Tensor:
    """The target layer's one output, which holds feature maps and reaches the logits."""
    if len(outputs) != 1:
        raise LayerError(f"the target layer ran {len(outputs)} times in one forward pass, not once")
    [features] = outputs
    as_feature_maps(features, height, width)
    if logits.grad_fn is None or features.grad_fn not in set(graph_nodes(logits.grad_fn)):
        raise LayerError("the target layer does not reach the logits: choose another")
    return features
