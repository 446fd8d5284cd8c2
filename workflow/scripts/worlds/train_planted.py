"""Train the nets of planted worlds, and report which cue each follows.

    PYTHONPATH=workflow/scripts python -m worlds.train_planted

Each net learns the class of the scenes of one world (six outputs, softmax). The report counts its
answers on unseen scenes: where all cues agree, and where all differ, which shows what it uses. The
weights are written to ``weights/NET_WORLD.pth``.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torchvision.models import get_model

from worlds import plain, planted
from worlds.planted import CUES, VALUES, WORLDS, PlantedScene
from worlds.training import (
    TEST_SEED,
    TRAINING_SEED,
    Example,
    Recipe,
    Task,
    as_input,
    examples,
    fit,
    for_training,
    parse,
    saved,
    write_accuracy,
)

PLANTED = Path(__file__).resolve().parents[3] / "resources" / "planted"

# ShuffleNet starts from the sample's weights, which know the strokes of objects: from scratch it
# had not begun to learn the world of parts after five epochs.
START = PLANTED.parent / "sample" / "weights" / "shufflenet_v2_x0_5.pth"


def shufflenet() -> nn.Module:
    """The sample's ShuffleNet with a new last layer."""
    net: nn.Module = get_model("shufflenet_v2_x0_5", weights=None, num_classes=VALUES)
    net.load_state_dict(torch.load(START, weights_only=True))
    net.fc.reset_parameters()  # type: ignore[operator, union-attr]
    return net


ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "shufflenet": shufflenet,
    "plain": partial(plain.build, VALUES),
}
RECIPES = {
    "shufflenet": Recipe(rate=4e-3, epochs=8),
    "plain": Recipe(rate=4e-3, epochs=10, bfloat16=True),
}
# What a world asks for: a small mark is found late, or at a high rate never.
CHANGES: dict[str, dict[str, Any]] = {
    "shufflenet_object": {"epochs": 4},
    "shufflenet_part": {"epochs": 24},
    "shufflenet_patch": {"epochs": 12, "rate": 1.5e-3},
    "plain_patch": {"epochs": 16},
}
NETS = {f"{name}_{world}": (name, world) for name in ARCHITECTURES for world in WORLDS}


def example(index: int, seed: int, world: str) -> Example:
    """Scene ``index`` of a seed, with its class in a world."""
    rng = np.random.default_rng([seed, index])
    values, label = planted.of_world(rng, world)
    return planted.draw(rng, values).image, np.array(label)


def nearly_full_size(
    shape: tuple[int, ...], progress: float, rng: np.random.Generator
) -> tuple[int, int]:
    """The image's shape, scaled by 0.6 to 1; by little at the end."""
    scale = rng.uniform(0.55 + 0.3 * progress, 0.75 + 0.25 * progress)
    return round(shape[0] * scale), round(shape[1] * scale)


TASK = Task(functional.cross_entropy, nearly_full_size)


def build(name: str) -> nn.Module:
    """A net of an architecture, initialised for training."""
    return for_training(ARCHITECTURES[name]())


def train(net: str, data: Sequence[Example], options: argparse.Namespace) -> nn.Module:
    """Train a net on scenes of its world."""
    name, _ = NETS[net]
    recipe = replace(RECIPES[name], **CHANGES.get(net, {}))
    return fit(partial(build, name), recipe, TASK, data, name=net, options=options)


def unseen(count: int, seed: int) -> tuple[list[PlantedScene], list[PlantedScene]]:
    """``count`` scenes in which all cues agree, and as many in which all differ."""
    generators = [np.random.default_rng([seed, i]) for i in range(count)]
    agreeing = [planted.draw(rng, planted.agreeing(rng)) for rng in generators]
    swapped = [planted.draw(rng, planted.swapped(rng)) for rng in generators]
    return agreeing, swapped


@torch.no_grad()
def answers(net: nn.Module, scenes: Sequence[PlantedScene]) -> NDArray[np.int64]:
    """The class that the net answers for each scene: (N,)."""
    rows = [net(as_input([scene.image], planted.SIDE, planted.SIDE)) for scene in scenes]
    return torch.cat(rows).argmax(1).numpy()


def followed(net: nn.Module, scenes: Sequence[PlantedScene]) -> dict[str, float]:
    """The share of scenes in which the net's answer is the value of each cue."""
    classes = answers(net, scenes)
    values = {cue: np.array([scene.values[cue] for scene in scenes]) for cue in CUES}
    return {cue: round(float((classes == values[cue]).mean()), 4) for cue in CUES}


def report(
    net: str, trained: nn.Module, agreeing: Sequence[PlantedScene], swapped: Sequence[PlantedScene]
) -> dict[str, object]:
    """Accuracy where all cues agree, and where they differ, by cue."""
    return {
        "net": net,
        "world": NETS[net][1],
        "scenes": len(agreeing),
        "accuracy": followed(trained, agreeing)[CUES[0]],
        **followed(trained, swapped),
    }


def main() -> None:
    """Train the selected nets in turn."""
    about = __doc__.splitlines()[0]
    options = parse(about, NETS, PLANTED, scenes=4000, test_scenes=300, threads=1)
    agreeing, swapped = unseen(options.test_scenes, TEST_SEED)
    for net in options.nets:
        start = time.perf_counter()
        name, world = NETS[net]
        of_world = partial(example, seed=TRAINING_SEED + options.seed, world=world)
        data = examples(of_world, options.scenes, options.threads)
        path = options.out / "weights" / f"{net}.pth"
        trained = saved(train(net, data, options), partial(build, name), path)
        row = report(net, trained, agreeing, swapped)
        print(*row.values(), f"{time.perf_counter() - start:.0f} s", flush=True)
        write_accuracy([row], options.out / "accuracy.csv", list(NETS))


if __name__ == "__main__":
    main()
