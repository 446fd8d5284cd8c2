"""The input that a net expects: how pixels become numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookwhere.errors import StudyError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# How nets are usually fed: settings of ``Input``.
USUAL: tuple[dict[str, Any], ...] = (
    {"mean": IMAGENET_MEAN, "std": IMAGENET_STD},
    {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
    {"mean": (0, 0, 0), "std": (1, 1, 1)},
    {"range": 255, "mean": (0, 0, 0), "std": (1, 1, 1)},
    {"range": 255, "channels": "bgr", "mean": (103.939, 116.779, 123.68), "std": (1, 1, 1)},
)


@dataclass(frozen=True)
class Input:
    """Pixels in [0, ``range``], minus ``mean``, divided by ``std``, in the order of ``channels``.

    Mean and standard deviation are in the unit of the range, one number a channel.
    """

    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    range: Literal[1, 255] = 1
    channels: Literal["rgb", "bgr", "grey"] = "rgb"

    def __post_init__(self) -> None:
        expected = 1 if self.channels == "grey" else 3
        for key, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != expected:
                raise StudyError(
                    f"input.{key} has {len(values)} numbers, and its channels are {self.channels}: "
                    f"give {expected}"
                )

    @classmethod
    def of(
        cls,
        settings: Mapping[str, Any],
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> "Input":
        """The input of a net's settings; ``mean`` and ``std`` are those that they leave out.

        The latter are of pixels in [0, 1], in the order rgb.

        >>> Input.of({"channels": "bgr"}).mean
        (0.406, 0.456, 0.485)
        """
        scale, channels = settings.get("range", 1), settings.get("channels", "rgb")
        defaults = {"mean": mean, "std": std}
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


def usual_corrections(own: Input) -> dict[str, Input]:
    """What may be right where ``own`` is wrong: inputs, each by its setting in a study.

    They are its other order of channels, and the usual inputs with as many channels.
    """
    usual = [dict(settings) for settings in USUAL]
    if own.channels == "grey":
        usual = [
            {
                **settings,
                "channels": "grey",
                "mean": settings["mean"][:1],
                "std": settings["std"][:1],
            }
            for settings in usual
            if settings.get("channels") != "bgr"
        ]
    else:
        other: Literal["rgb", "bgr"] = "rgb" if own.channels == "bgr" else "bgr"
        turned: dict[str, Any] = {"channels": other}
        if Input.of(turned) != replace(own, mean=own.mean[::-1], std=own.std[::-1], channels=other):
            turned |= {"range": own.range, "mean": own.mean[::-1], "std": own.std[::-1]}
        usual.insert(0, turned)
    corrections = {_in_words(settings): Input.of(settings) for settings in usual}
    return {words: other for words, other in corrections.items() if other != own}


def _in_words(settings: Mapping[str, Any]) -> str:
    """``{mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}``, as a study writes it."""
    words = (
        f"{key}: [{', '.join(f'{number:g}' for number in value)}]"
        if isinstance(value, tuple)
        else f"{key}: {value}"
        for key, value in settings.items()
    )
    return f"{{{', '.join(words)}}}"
