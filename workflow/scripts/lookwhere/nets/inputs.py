"""The input that a net expects: how pixels become numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Input:
    """Pixels in [0, ``range``], minus ``mean``, divided by ``std``, in the order of ``channels``.

    Mean and standard deviation are in the unit of the range, one number a channel.
    """

    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    range: Literal[1, 255] = 1
    channels: Literal["rgb", "bgr", "grey"] = "rgb"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Input":
        """The input of a net's settings: what they leave out is ImageNet's, in their unit.

        >>> Input.of({"channels": "bgr"}).mean
        (0.406, 0.456, 0.485)
        """
        scale, channels = settings.get("range", 1), settings.get("channels", "rgb")
        defaults = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
        values = {key: tuple(v * scale for v in value) for key, value in defaults.items()}
        if channels == "bgr":
            values = {key: value[::-1] for key, value in values.items()}
        elif channels == "grey":
            values = {key: (sum(value) / 3,) for key, value in values.items()}
        listed = {key: tuple(settings[key]) for key in ("mean", "std") if settings.get(key)}
        return cls(**{**values, **listed}, range=scale, channels=channels)

    @property
    def depth(self) -> int:
        """The number of channels."""
        return len(self.mean)

    def array(self, image: Image.Image) -> NDArray[np.float32]:
        """The input (C, H, W) of an RGB image."""
        mode = "L" if self.channels == "grey" else "RGB"
        pixels = np.atleast_3d(np.asarray(image.convert(mode), dtype=np.float32))  # (H, W, C)
        if self.channels == "bgr":
            pixels = pixels[..., ::-1]
        if self.range == 1:
            pixels = pixels / np.float32(255)
        mean, std = (np.array(values, dtype=np.float32) for values in (self.mean, self.std))
        return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1))
