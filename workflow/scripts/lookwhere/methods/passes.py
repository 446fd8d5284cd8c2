"""Forward passes of a net on changed versions of an image, for metrics of faithfulness."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lookwhere.errors import NotFiniteError, StudyError, is_out_of_memory
from lookwhere.methods.explainer import Explainer
from lookwhere.methods.forward import computing_in
from lookwhere.nets import memory
from lookwhere.nets.inputs import Input
from lookwhere.nets.layers import logits_of
from lookwhere.nets.predictions import SIGMOID, SOFTMAX, activation

Image = NDArray[np.float32]


class ForwardNet:
    """A net, for forward passes alone.

    A batch that exceeds the device's memory is halved, and so are later ones; also one that the net
    can't process: some take an image at a time.
    """

    def __init__(
        self,
        net: nn.Module,
        processor: torch.device,
        outputs: str = SOFTMAX,
        precision: str = "float32",
    ) -> None:
        """``net`` is on the device ``processor``, in eval mode. ``outputs`` are as configured."""
        self.net, self.device, self.outputs, self.precision = net, processor, outputs, precision
        self.most_pixels = memory.PIXELS_PER_BATCH[processor.type]  # of a batch: N * H * W

    def logits(self, images: Iterable[Image]) -> Tensor:
        """The logits (N, outputs), float64 on the CPU, of ``images`` (C, H, W) of one shape.

        As many are held in memory at once as a batch has. Raises torch's own error where a single
        image exceeds the device's memory.
        """
        stream, logits = iter(images), []
        while first := list(islice(stream, 1)):
            rest = self.most_pixels // first[0][0].size - 1
            batch = np.stack([*first, *islice(stream, max(0, rest))])
            logits.append(self._of_batch(batch))
        return torch.cat(logits)

    def _of_batch(self, images: NDArray[np.float32]) -> Tensor:
        """The logits of a batch (N, C, H, W), halved where it is too large."""
        count = len(images)
        try:
            return self._pass(images)
        except (RuntimeError, StudyError) as error:
            if count == 1 or not (is_out_of_memory(error) or isinstance(error, StudyError)):
                raise
        self.most_pixels = images[:, 0].size // 2
        half = (count + 1) // 2
        return torch.cat([self._of_batch(images[:half]), self._of_batch(images[half:])])

    def _pass(self, images: NDArray[np.float32]) -> Tensor:
        inputs = torch.from_numpy(images).to(self.device, memory_format=torch.channels_last)
        with torch.no_grad(), computing_in(self.precision, self.device):
            return logits_of(self.net(inputs), len(images)).cpu().double()


def load(
    spec: Mapping[str, Any], processor: torch.device, seed: int, shape: tuple[int, ...]
) -> tuple[ForwardNet, Input]:
    """The net of a study, as an ``Explainer`` loads it from these arguments, and its input."""
    loaded = Explainer(spec, [], processor, seed, shape)
    return ForwardNet(loaded.net, processor, spec["outputs"], loaded.precision), loaded.input


class Passes:
    """A net and one image, of which a metric asks what the net makes of changed versions.

    Attributes
    ----------
    image : numpy.ndarray
        The normalised input (C, H, W), float32, in which 0 is the colour that it subtracts
        (``input.mean``).
    target : int
        The index of the output that the map explains.
    """

    def __init__(self, net: ForwardNet, image: Image, target: int, seed: Sequence[int]) -> None:
        """``seed`` is that of the sample's random numbers."""
        self.image, self.target = image, target
        self.image.flags.writeable = False  # the next metric reads it too
        self._net, self._seed = net, seed

    def logits(self, images: Iterable[Image]) -> NDArray[np.float64]:
        """The target's logit (N,) of changed ``images`` (C, H, W), which may be a generator.

        Images are passed in batches of bounded memory: N is not. Raises NotFiniteError where an
        output is infinite or no number, as of a net whose sums overflow.
        """
        return self._of_target(images, lambda logits: logits)

    def probabilities(self, images: Iterable[Image]) -> NDArray[np.float64]:
        """The target's probability (N,), by the activation of the net's outputs: see ``logits``."""

        def activated(logits: Tensor) -> Tensor:
            function = activation(logits.shape[1], self._net.outputs)
            return logits.sigmoid() if function == SIGMOID else logits.softmax(dim=1)

        return self._of_target(images, activated)

    def generator(self, number: int = 0) -> np.random.Generator:
        """Random numbers of the sample and size, the same for every method, shard and call.

        ``number`` tells several draws of a metric apart.
        """
        return np.random.default_rng([*self._seed, *self.image.shape[1:], number])

    def _of_target(
        self, images: Iterable[Image], read: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float64]:
        logits = self._net.logits(images)
        if not logits.isfinite().all():  # of any class, as in predictions
            raise NotFiniteError
        return read(logits)[:, self.target].numpy()


def as_tensor(values: NDArray[Any]) -> Tensor:
    """The values as a tensor on the CPU, for libraries that need one."""
    return torch.tensor(values)
