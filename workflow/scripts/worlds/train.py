"""Train the sample's nets on other drawn scenes, and report their accuracy.

    PYTHONPATH=workflow/scripts python -m worlds.train

Each net gets one logit a class and learns which classes a scene shows (binary cross-entropy on the
six logits). Scenes are squashed to a square or keep their proportions, as in the study. The weights
are written to ``weights/NET.pth`` in float16; ``load_state_dict`` converts them to float32.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import MNASNet, get_model

from worlds.scenes import CATEGORIES, draw_scene

TRAINING_SEED, TEST_SEED = 1_000_000, 2_000_000  # the sample's own seed is 0
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
SAMPLE = Path(__file__).resolve().parents[3] / "resources" / "sample"
SQUARE = 240  # pixels; a squashed image has this side times the scale

Image = NDArray[np.uint8]
Example = tuple[Image, NDArray[np.float32]]  # (H, W, 3) and its six labels


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of a net; a class is present if its logit exceeds ``offset``."""

    rate: float
    epochs: int
    decay: float = 1e-2
    offset: float = 0.0
    bfloat16: bool = False


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


def examples(count: int, seed: int, processes: int) -> list[Example]:
    """Draw ``count`` scenes."""
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(partial(example, seed=seed), range(count), chunksize=50))


def batches(data: list[Example], size: int, rng: np.random.Generator) -> Iterator[list[Example]]:
    """Yield all examples in random order, in batches of equal shape."""
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i in rng.permutation(len(data)):
        shapes.setdefault(data[i][0].shape, []).append(i)
    parts = [rows[k : k + size] for rows in shapes.values() for k in range(0, len(rows), size)]
    for k in rng.permutation(len(parts)):
        yield [data[i] for i in parts[k]]


def as_input(images: list[Image], height: int, width: int) -> Tensor:
    """Images of one shape, resized and normalised: (N, 3, H, W)."""
    resized = [cv2.resize(i, (width, height), interpolation=cv2.INTER_AREA) for i in images]
    pixels = torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).float() / 255
    return ((pixels - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def random_size(
    shape: tuple[int, ...], progress: float, rng: np.random.Generator
) -> tuple[int, int]:
    """A square, or the image's proportions; from about half to full size with ``progress``."""
    scale = rng.uniform(0.45 + 0.3 * progress, 0.65 + 0.35 * progress)
    if rng.random() < 0.5:
        return round(SQUARE * scale), round(SQUARE * scale)
    return round(shape[0] * scale), round(shape[1] * scale)


def jitter(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary the brightness and saturation of each image (N, 3, H, W)."""
    count = len(images)
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (count, 3, 1, 1))).float()
    lift = torch.from_numpy(rng.uniform(-0.2, 0.2, (count, 1, 1, 1))).float()
    colour = torch.from_numpy(rng.uniform(0.7, 1.2, (count, 1, 1, 1))).float()
    grey = images.mean(dim=1, keepdim=True)
    return (grey + (images - grey) * colour) * gain + lift


def build(name: str) -> nn.Module:
    """The net with one output per class, initialised for training in a few epochs."""
    net: nn.Module = get_model(name, weights=None, num_classes=len(CATEGORIES))
    if isinstance(net, MNASNet):
        nn.init.normal_(net.classifier[-1].weight, std=0.01)  # first logits near 0
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0.1  # torchvision's MNASNet has 3e-4, for far longer training
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on a CPU
    return net


def train(name: str, data: list[Example], options: argparse.Namespace) -> nn.Module:
    """Train one net from scratch with AdamW and a one-cycle learning rate."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng([TRAINING_SEED, options.seed])
    net, recipe = build(name), RECIPES[name]
    epochs = options.epochs or recipe.epochs
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = epochs * sum(1 for _ in batches(data, options.batch, rng))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, steps, pct_start=0.15)
    start = time.perf_counter()
    for epoch in range(epochs):
        net.train()
        losses = []
        for batch in batches(data, options.batch, rng):
            images, labels = _tensors(batch, epoch / epochs, rng)
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                scores = net(images).float() - recipe.offset
            loss = functional.binary_cross_entropy_with_logits(scores, labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        passed = time.perf_counter() - start
        print(f"{name} epoch {epoch + 1}: loss {np.mean(losses):.4f}, {passed:.0f} s", flush=True)
    settle(net, data, rng)
    return net.eval()


def _tensors(
    batch: list[Example], progress: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A batch at a random size: images (N, 3, H, W) and labels (N, 6)."""
    height, width = random_size(batch[0][0].shape, progress, rng)
    labels = torch.from_numpy(np.stack([label for _, label in batch]))
    return jitter(as_input([image for image, _ in batch], height, width), rng), labels


@torch.no_grad()
def settle(net: nn.Module, data: list[Example], rng: np.random.Generator) -> None:
    """Replace the running batch-norm statistics by means over 60 batches at the final weights."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative mean
    net.train()
    for _, batch in zip(range(60), batches(data, 32, rng), strict=False):
        net(_tensors(batch, 1.0, rng)[0])


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


def save(net: nn.Module, path: Path) -> None:
    """Write the state dict in float16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = net.state_dict()  # no copy: MNASNet needs the version in its metadata
    for key, value in state.items():
        state[key] = value.half().contiguous() if value.is_floating_point() else value
    torch.save(state, path)


def write_accuracy(rows: list[dict[str, object]], path: Path) -> None:
    """Write the report; rows of nets that were not trained in this run are kept."""
    trained = {row["net"] for row in rows}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["net"] not in trained] + rows
    rows.sort(key=lambda row: list(RECIPES).index(str(row["net"])))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--scenes", type=int, default=6000, help="drawn for training")
    parser.add_argument("--test-scenes", type=int, default=600, help="drawn for the report")
    parser.add_argument("--epochs", type=int, help="instead of each net's own number")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SAMPLE, help="folder")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Train the selected nets in turn."""
    options = parse()
    torch.set_num_threads(options.threads)
    start = time.perf_counter()
    data = examples(options.scenes, TRAINING_SEED + options.seed, options.threads)
    unseen = examples(options.test_scenes, TEST_SEED, options.threads)
    print(
        f"drew {len(data) + len(unseen)} scenes in {time.perf_counter() - start:.0f} s", flush=True
    )
    rows = []
    for name in options.nets:
        path = options.out / "weights" / f"{name}.pth"
        save(train(name, data, options), path)
        net = build(name)
        net.load_state_dict(torch.load(path, weights_only=True))  # report the weights of the file
        rows += report(name, net.eval(), unseen)
        for row in rows[-2 * len(CATEGORIES) :]:
            print(*row.values(), flush=True)
    write_accuracy(rows, options.out / "accuracy.csv")


if __name__ == "__main__":
    main()
