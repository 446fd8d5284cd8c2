"""A batch on its way through a net: one forward pass, and one backward pass a rule for all methods.

With x the images, f the feature maps of the target layer and y_c the logit of the target (before
softmax or sigmoid), a run has x, f, y, and the gradients of y_c at x and f. Methods of many passes
take them at other images or features. Maps are raw and signed: rescaling one to [0, 1] would change
the share of its energy in a mask.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.nn import functional

from lookwhere.errors import StudyError, is_out_of_memory
from lookwhere.methods import biases
from lookwhere.methods.cost import Clock, Cost
from lookwhere.methods.forward import Forward, computing_in, forward
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
from lookwhere.nets.layers import as_feature_maps, logits_of

Draw = Callable[["Run"], Tensor]
Result = TypeVar("Result")

FORWARD = "forward"  # the step of the clock that every method uses
NO_FEATURES = "no layer with feature maps is known for this net; name one with target_layer"


class Run:
    """The signals of a batch that a method may use, for the target of each image.

    Signals are computed once: a backward pass under a rule reads it at all places that the methods
    of the run need.
    """

    def __init__(
        self,
        passed: Forward,
        targets: Tensor,
        methods: Iterable[Method] = (),
        *,
        seeds: Sequence[Sequence[int]] = (),
        clock: Clock | None = None,
        is_trial: bool = False,
    ) -> None:
        """``targets`` (N,), int64, holds one output index an image.

        ``seeds`` holds the seed of an image's random numbers: by default its place in the batch. Of
        a trial, methods of many passes take one. ``not_defined`` holds the reason of each of the
        ``methods`` whose needs the net can't meet.
        """
        self.images = passed.images.detach()  # (N, 3, H, W)
        self.logits = passed.logits.detach()  # (N, outputs)
        self.targets = targets
        self.net, self.target_layer = passed.net, passed.target_layer
        self._passed = passed
        self._seeds = seeds or [[place] for place in range(len(targets))]
        self._clock = clock or Clock()
        self._key = object()  # of its steps: the run itself would be kept in memory
        self._is_trial = is_trial
        self._signals: dict[Signal, Tensor] = {}
        self._maps: dict[Draw, Tensor] = {}
        self._shared: dict[Hashable, Any] = {}
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
        self._clock.use((self._key, rule))
        if Signal(rule, at) not in self._signals:
            with self._clock.step((self._key, rule)):
                self._backward(rule, at)
        return self._signals[Signal(rule, at)]

    def gradients_at(self, places: Sequence[Tensor]) -> list[Tensor]:
        """The gradients of the targets' logits at other tensors of the pass, each of its shape.

        Zero at those that do not reach the logits. The pass is over: its graph is freed.
        """
        gradients = torch.autograd.grad(self._score(), places, materialize_grads=True)
        self._clock.count(backward_passes=1)
        self.release()
        return list(gradients)

    @cached_property
    def has_linear_head(self) -> bool:
        """Whether all between the features and the logits is linear, biases aside."""
        return is_linear(self._passed.logits, self._place(FEATURES))

    @property
    def has_tokens(self) -> bool:
        """Whether the target layer yields tokens (N, T, K), of which ``features`` are the maps."""
        return self._place(FEATURES).ndim == 3

    def map_of(self, draw: Draw) -> Tensor:
        """The map of another method, (N, C, H, W), computed once."""
        self._clock.use(draw)
        if draw not in self._maps:
            with self._clock.step(draw):
                self._clock.use(FORWARD)
                self._maps[draw] = draw(self)
        return self._maps[draw]

    def shared(self, compute: Callable[..., Result], **arguments: Hashable) -> Result:
        """``compute(run, **arguments)``, once for all methods with equal arguments."""
        key = (self._key, compute, *sorted(arguments.items()))
        self._clock.use(key)
        if key not in self._shared:
            with self._clock.step(key):
                self._shared[key] = compute(self, **arguments)
        return self._shared[key]

    def cost_of(self, draw: Draw) -> Cost:
        """The cost of a map that ``map_of`` has returned, for the batch."""
        return self._clock.cost(draw)

    def upsample(self, maps: Tensor) -> Tensor:
        """The ``maps`` (N, C, h, w), bilinearly resized to the images: (N, C, H, W)."""
        size = self.images.shape[2:]
        return functional.interpolate(maps, size=size, mode="bilinear", align_corners=False)

    def passes(self, count: int) -> range:
        """The numbers of ``count`` passes of a method; of a trial the first alone."""
        return range(min(count, 1) if self._is_trial else count)

    def at(self, images: Tensor, *needs: Signal) -> "Run":
        """The run of other ``images`` (N, C, H, W) for the same targets: one more forward pass.

        One backward pass a rule reads the ``needs``.
        """
        self.release()
        passed = forward(self.net, self.target_layer, images, self._passed.precision)
        self._clock.count(forward_passes=1)
        other = Run(passed, self.targets, seeds=self._seeds, clock=self._clock)
        other._needs = set(needs)
        return other

    def release(self) -> None:
        """Free the graph, which more passes would keep in memory beside their own."""
        if self._passed.logits.grad_fn is None:
            return
        with self._clock.apart():  # other methods may need them
            for signal in sorted(self._needs, key=repr):
                self.gradient(signal.rule, signal.at)
        features = self._passed.features
        if features is not None:
            _ = self.has_linear_head  # read from the graph
            features = features.detach()
        self._relus = self._relus if isinstance(self._relus, str) else []
        self._passed = replace(
            self._passed, images=self.images, features=features, logits=self.logits, biased=()
        )

    def count(self, *, forward_passes: int = 0, backward_passes: int = 0) -> None:
        """Count passes of the batch that are not taken by the run, for the cost of a method."""
        self._clock.count(forward_passes=forward_passes, backward_passes=backward_passes)

    def logits_at(self, images: Tensor) -> Tensor:
        """The logits (M, outputs) of other ``images`` (M, C, H, W), without a gradient."""
        self.release()
        return self._logits(images, len(images))

    def logits_above(self, features: Tensor, image: int) -> Tensor:
        """The logits (M, outputs) of an image whose ``features`` (M, K, h, w) are others.

        The layers below the target layer run once, on the one image. Where layers above it need as
        many images as features, as they concatenate both, these run one after the other. Raises
        NotDefinedError where there are no features.
        """
        self._place(FEATURES)
        self.release()
        try:
            return self._logits_of_features(features, image)
        except (RuntimeError, StudyError) as error:
            if is_out_of_memory(error):
                raise
            return torch.cat([self._logits_of_features(one[None], image) for one in features])

    def generators(self, number: int) -> list[np.random.Generator]:
        """Random numbers of each image, the same in every batch; ``number`` tells passes apart."""
        size = self.images.shape[2:]
        return [np.random.default_rng([*seed, *size, number]) for seed in self._seeds]

    def noise(self, number: int) -> Tensor:
        """Standard normal noise, shaped as the images; see ``generators``."""
        shape = self.images.shape[1:]
        draws = [rng.standard_normal(shape, np.float32) for rng in self.generators(number)]
        return torch.from_numpy(np.stack(draws)).to(self.images.device)

    def _logits_of_features(self, features: Tensor, image: int) -> Tensor:
        """The logits (M, outputs) of an image, its features replaced: one forward pass."""
        assert self.target_layer is not None
        count, size = len(features), self.images.shape[2:]

        def exchange(layer: nn.Module, inputs: object, output: Tensor) -> Tensor:
            copies = output.repeat(count, *[1] * (output.ndim - 1))
            as_feature_maps(copies, *size).copy_(features)
            return copies

        handle = self.target_layer.register_forward_hook(exchange)
        try:
            return self._logits(self.images[image : image + 1], count)
        finally:
            handle.remove()

    def _logits(self, images: Tensor, count: int) -> Tensor:
        """The logits (count, outputs) of the net on ``images``: one forward pass."""
        self._clock.count(forward_passes=1)
        with torch.no_grad(), computing_in(self._passed.precision, images.device):
            return logits_of(self.net(images), count).float()

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
        if self._passed.logits.grad_fn is None:
            raise StudyError(
                f"the gradient under the rule {rule!r} at {at} is read after other passes: list it "
                "in the needs of the method"
            )
        needed = {at} | {signal.at for signal in self._needs if signal.rule == rule}
        if BIASES in needed:
            needed.add(IMAGES)  # the pass must meet every layer
        places = [place for place in (IMAGES, FEATURES) if place in needed]
        relus = [] if rule == GRADIENT else self._relu_nodes()
        outputs = self._passed.biased if BIASES in needed else []
        with backward_rule(rule, relus), biases.adding_up(outputs) as sums:
            inputs = [self._place(place) for place in places]
            gradients = _gradients(self._score(), inputs)
        self._clock.count(backward_passes=1)
        self._signals |= {
            Signal(rule, place): self._shaped(place, gradient)
            for place, gradient in zip(places, gradients, strict=True)
        }
        if BIASES in needed:
            none = torch.zeros_like(self.images[:, :1])
            self._signals[Signal(rule, BIASES)] = sum(map(self.upsample, sums.values()), none)

    def _score(self) -> Tensor:
        """The sum of the targets' logits, (): images are independent, so it has each's gradient."""
        return self._passed.logits.gather(1, self.targets[:, None]).sum()

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
    return maps_of(Run(passed, targets, entries), entries)


def maps_of(run: Run, methods: Iterable[Method]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The maps of the ``methods`` that are defined, by name; and the reasons of the others."""
    maps, not_defined = {}, dict(run.not_defined)
    for method in methods:
        if method.name not in not_defined:
            try:
                maps[method.name] = run.map_of(method.draw)
            except NotDefinedError as reason:
                not_defined[method.name] = str(reason)
    return maps, not_defined


def _gradients(score: Tensor, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """The gradients of a sum; the graph is kept."""
    try:
        return torch.autograd.grad(score, inputs, retain_graph=True)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        reason = str(error).splitlines()[0]
        raise StudyError(f"the net has no gradient ({reason})") from error
