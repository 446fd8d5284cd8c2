"""Train the sample's nets on other drawn scenes, and report their accuracy.

    PYTHONPATH=workflow/scripts python -m worlds.train

Each net gets one logit a class and learns which classes a scene shows (binary cross-entropy on the
six logits). Scenes are squashed to a square or keep their proportions, as in the study. The weights
are written to ``weights/NET.pth`` in float16; ``load_state_dict`` converts them to float32.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torchvision.models import MNASNet, get_model

from worlds.scenes import CATEGORIES, draw_scene
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

SAMPLE = Path(__file__).resolve().parents[3] / "resources" / "sample"
SQUARE = 240  # pixels; a squashed image has this side times the scale

RECIPES = {
    # SqueezeNet's logits are means of rectified maps, never negative: so absent is below an offset.
    "squeezenet1_1": Recipe(rate=6e-4, epochs=16, decay=1e-4, offset=3.0, bfloat16=True),
    "shufflenet_v2_x0_5": Recipe(rate=4e-3, epochs=16),
    "mnasnet0_5": Recipe(rate=4e-3, epochs=18),
}


def example(index: int, seed: int) -> Example:
    """Scene ``index`` of a seed, with a 1 for every class in it; one in thirty is greyscale."""
    scene = draw_scene(np.random.default_rng([seed, index]), greyscale=index % 30 == 0)
    image = scene.image if scene.image.ndim == 3 else np.stack([scene.image] * 3, axis=2)
    present = {item.category for item in scene.objects}
    return image, np.array([name in present for name in CATEGORIES], dtype=np.float32)


def random_size(
    shape: tuple[int, ...], progress: float, rng: np.random.Generator
) -> tuple[int, int]:
    """A square, or the image's proportions; from about half to full size with ``progress``."""
    scale = rng.uniform(0.45 + 0.3 * progress, 0.65 + 0.35 * progress)
    if rng.random() < 0.5:
        return round(SQUARE * scale), round(SQUARE * scale)
    return round(shape[0] * scale), round(shape[1] * scale)


TASK = Task(functional.binary_cross_entropy_with_logits, random_size)


def build(name: str) -> nn.Module:
    """The net with one output per class, initialised for training in a few epochs."""
    net: nn.Module = get_model(name, weights=None, num_classes=len(CATEGORIES))
    if isinstance(net, MNASNet):
        nn.init.normal_(net.classifier[-1].weight, std=0.01)  # first logits near 0
    return for_training(net)


def train(name: str, data: list[Example], options: argparse.Namespace) -> nn.Module:
    """Train one net from scratch."""
    return fit(partial(build, name), RECIPES[name], TASK, data, name=name, options=options)


@torch.no_grad()
def logits(net: nn.Module, data: list[Example], size: str) -> NDArray[np.float32]:
    """The logits (N, 6) at one of the study's sizes: '224' or 'original'."""
    rows = []
    for image, _ in data:
        height, width = (224, 224) if size == "224" else image.shape[:2]
        rows.append(net(as_input([image], height, width)))
    return torch.cat(rows).numpy()


def average_precision(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Mean precision at the ranks of the positives; scores and labels are (N,)."""
    ranked = labels[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked == 1].mean())


def report(name: str, net: nn.Module, data: list[Example]) -> list[dict[str, object]]:
    """Accuracy and average precision of each class at each size, on unseen scenes."""
    rows: list[dict[str, object]] = []
    labels = np.stack([label for _, label in data])
    for size in ("224", "original"):
        scores = logits(net, data, size)
        for k, category in enumerate(CATEGORIES):
            correct = (scores[:, k] > RECIPES[name].offset) == (labels[:, k] == 1)
            precision = average_precision(scores[:, k], labels[:, k])
            rows.append(
                {
                    "net": name,
                    "size": size,
                    "class": category,
                    "scenes": len(data),
                    "accuracy": round(float(correct.mean()), 4),
                    "average_precision": round(precision, 4),
                }
            )
    return rows


def main() -> None:
    """Train the selected nets in turn."""
    about = __doc__.splitlines()[0]
    options = parse(about, RECIPES, SAMPLE, scenes=6000, test_scenes=600, threads=2)
    start = time.perf_counter()
    data = examples(
        partial(example, seed=TRAINING_SEED + options.seed), options.scenes, options.threads
    )
    unseen = examples(partial(example, seed=TEST_SEED), options.test_scenes, options.threads)
    print(
        f"drew {len(data) + len(unseen)} scenes in {time.perf_counter() - start:.0f} s", flush=True
    )
    rows = []
    for name in options.nets:
        path = options.out / "weights" / f"{name}.pth"
        net = saved(train(name, data, options), partial(build, name), path)
        rows += report(name, net, unseen)
        for row in rows[-2 * len(CATEGORIES) :]:
            print(*row.values(), flush=True)
    write_accuracy(rows, options.out / "accuracy.csv", list(RECIPES))


if __name__ == "__main__":
    main()
