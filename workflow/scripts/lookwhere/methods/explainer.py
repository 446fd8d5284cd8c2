"""Run a net on batches of images: logits and saliency maps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lookwhere.errors import StudyError, is_out_of_memory
from lookwhere.methods.cost import Clock, Cost
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import Method, Signal, load
from lookwhere.methods.run import FORWARD, Run, maps_of
from lookwhere.nets import classifiers, device, fold, layers
from lookwhere.nets.classifiers import Classifier
from lookwhere.nets.predictions import best_targets

Candidates = Sequence[Sequence[int] | None]
Choose = Callable[[Tensor, Candidates], Tensor]  # of logits (N, outputs): targets (N,), int64


@dataclass(frozen=True)
class Explanation:
    """The results of a batch, on the CPU."""

    logits: Tensor  # (N, outputs), float32
    targets: Tensor  # (N,), int64: the output that is explained
    maps: dict[str, NDArray[np.float32]]  # (N, C, H, W), by method
    not_defined: dict[str, str]  # the reason, by method that is not defined for the net


class Explainer:
    """Explains batches.

    One that exceeds the device's memory is halved, and so are later ones; also one that the net
    can't process: some take an image at a time.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        methods: Sequence[str],
        processor: torch.device,
        seed: int = 0,
        shape: tuple[int, ...] = (3, 224, 224),
        loaded: Classifier | None = None,
    ) -> None:
        """``spec`` is that of ``classifiers.load_spec``, with target_layer and precision.

        Without a target layer (None) it is the last one with feature maps, if any. ``shape`` is
        that of an image, on which folded batch norms are checked. ``loaded`` is the net of ``spec``
        where it is not to be loaded, such as one with other parameters; it is changed in place.
        ``notes`` are what was done to the net.
        """
        loaded = loaded or classifiers.load_spec(spec, seed)
        net, self.input = loaded.module, loaded.input
        shape = (self.input.depth, *shape[1:])
        name = layers.resolve_or_last(net, spec["target_layer"], shape)
        reason = fold.fold(net, name, shape)
        self.target_layer = None if name is None else net.get_submodule(name)
        self.notes = [f"weights: {change}" for change in loaded.changes]
        self.notes += [f"batch norms are not folded: {reason}"] if reason else []
        # channels_last: convolutions, and all that follows them, run on it without reordering.
        classifiers.to_channels_last(net)
        self.net: nn.Module = net.to(processor)
        self.precision: str = spec["precision"]
        self.methods = [load(METHODS[name]) for name in methods]
        self.device = processor
        self.most_pixels = inf  # of a batch that fits: N * H * W

    def explain(
        self,
        images: NDArray[np.float32],
        candidates: Candidates,
        seeds: Sequence[Sequence[int]] = (),
        choose: Choose = best_targets,
    ) -> Explanation:
        """Explain the inputs ``images`` (N, C, H, W), each for its best-scoring candidate.

        ``seeds`` holds the seed of an image's random numbers; another way to ``choose`` explains
        another output. Raises torch's own error where a single image exceeds the device's memory.
        """
        count, _, height, width = images.shape
        pixels = count * height * width
        if count == 1 or pixels <= self.most_pixels:
            try:
                return self._explain(images, candidates, seeds, choose)
            except (RuntimeError, StudyError) as error:
                is_too_large = is_out_of_memory(error) or isinstance(error, StudyError)
                if count == 1 or not is_too_large:
                    raise
            self.most_pixels = pixels / 2
        half = (count + 1) // 2
        first = self.explain(images[:half], candidates[:half], seeds[:half], choose)
        second = self.explain(images[half:], candidates[half:], seeds[half:], choose)
        not_defined = {**first.not_defined, **second.not_defined}
        defined = [method.name for method in self.methods if method.name not in not_defined]
        return Explanation(
            torch.cat([first.logits, second.logits]),
            torch.cat([first.targets, second.targets]),
            {m: np.concatenate([first.maps[m], second.maps[m]]) for m in defined},
            not_defined,
        )

    def costs(
        self,
        images: NDArray[np.float32],
        candidates: Candidates,
        seeds: Sequence[Sequence[int]] = (),
    ) -> dict[str, Cost]:
        """What the maps of ``images`` (N, C, H, W) cost, by method that is defined for the net.

        Methods that need the same signals are computed together, and others by themselves: a pass
        that reads more signals takes longer.
        """
        alike: dict[frozenset[Signal], list[Method]] = {}
        for method in self.methods:
            alike.setdefault(method.needs, []).append(method)
        costs: dict[str, Cost] = {}
        self._run(images, candidates, seeds, [])[0].gradient()  # the first passes take longer
        for methods in alike.values():
            clock = Clock(device.waiting_for(self.device))
            run, _ = self._run(images, candidates, seeds, methods, clock)
            maps, _ = maps_of(run, methods)
            costs |= {m.name: run.cost_of(m.draw) for m in methods if m.name in maps}
        return costs

    def _explain(
        self,
        images: NDArray[np.float32],
        candidates: Candidates,
        seeds: Sequence[Sequence[int]],
        choose: Choose,
    ) -> Explanation:
        run, targets = self._run(images, candidates, seeds, self.methods, choose=choose)
        tensors, not_defined = maps_of(run, self.methods)
        maps = {method: tensor.contiguous().cpu().numpy() for method, tensor in tensors.items()}
        return Explanation(run.logits.float().cpu(), targets, maps, not_defined)

    def _run(
        self,
        images: NDArray[np.float32],
        candidates: Candidates,
        seeds: Sequence[Sequence[int]],
        methods: Sequence[Method],
        clock: Clock | None = None,
        choose: Choose = best_targets,
    ) -> tuple[Run, Tensor]:
        """The run of ``methods`` after a forward pass, and the targets on the CPU."""
        inputs = torch.from_numpy(images).to(self.device, memory_format=torch.channels_last)
        clock = clock or Clock()
        with clock.step(FORWARD):
            passed = forward(self.net, self.target_layer, inputs, self.precision)
            clock.count(forward_passes=1)
        targets = choose(passed.logits.detach().float().cpu(), candidates)
        run = Run(passed, targets.to(self.device), methods, seeds=seeds, clock=clock)
        return run, targets
