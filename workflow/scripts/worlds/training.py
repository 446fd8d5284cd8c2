"""What the training of all drawn nets shares: options, inputs, batches, optimisation, files.

A ``Recipe`` holds a net's hyperparameters, a ``Task`` what its scenes mean: the loss of its outputs
and the sizes of its inputs. Weights are written in float16; ``load_state_dict`` converts them to
float32.
"""

import argparse
import csv
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

TRAINING_SEED, TEST_SEED = 1_000_000, 2_000_000  # the seed of a study's own scenes is 0
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]

Image = NDArray[np.uint8]
Example = tuple[Image, NDArray[Any]]  # (H, W, 3) and its label or labels


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of a net; a class is present if its logit exceeds ``offset``."""

    rate: float
    epochs: int
    decay: float = 1e-2
    offset: float = 0.0
    bfloat16: bool = False


@dataclass(frozen=True)
class Task:
    """The loss of outputs (N, C) and labels, and the size of a batch's inputs.

    ``size`` takes the shape of the batch's images, the progress of the training (0 to 1) and a
    generator, and returns height and width.
    """

    loss: Callable[[Tensor, Tensor], Tensor]
    size: Callable[[tuple[int, ...], float, np.random.Generator], tuple[int, int]]


def parse(
    about: str, nets: Collection[str], out: Path, *, scenes: int, test_scenes: int, threads: int
) -> argparse.Namespace:
    """The options of a script that trains ``nets``, with these defaults, its threads set."""
    parser = argparse.ArgumentParser(description=about)
    add = parser.add_argument
    add("--nets", nargs="+", choices=nets, default=list(nets))
    add("--scenes", type=int, default=scenes, help="drawn for training")
    add("--test-scenes", type=int, default=test_scenes, help="drawn for the report")
    add("--epochs", type=int, help="instead of each net's own number")
    add("--batch", type=int, default=32)
    add("--seed", type=int, default=0)
    add("--out", type=Path, default=out, help="folder")
    add("--threads", type=int, default=threads, help="with one, a seed fixes the weights")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    return options


def examples(example: Callable[[int], Example], count: int, processes: int) -> list[Example]:
    """Draw ``count`` scenes, each by its number."""
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(example, range(count), chunksize=50))


def batches(
    data: Sequence[Example], size: int, rng: np.random.Generator
) -> Iterator[list[Example]]:
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


def jitter(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary the brightness and saturation of each image (N, 3, H, W)."""
    count = len(images)
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (count, 3, 1, 1))).float()
    lift = torch.from_numpy(rng.uniform(-0.2, 0.2, (count, 1, 1, 1))).float()
    colour = torch.from_numpy(rng.uniform(0.7, 1.2, (count, 1, 1, 1))).float()
    grey = images.mean(dim=1, keepdim=True)
    return (grey + (images - grey) * colour) * gain + lift


def for_training(net: nn.Module) -> nn.Module:
    """The net with batch norms that follow a short training, and in the layout of CPUs."""
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0.1  # torchvision's MNASNet has 3e-4, for far longer training
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on a CPU
    return net


def fit(
    build: Callable[[], nn.Module],
    recipe: Recipe,
    task: Task,
    data: Sequence[Example],
    *,
    name: str,
    options: argparse.Namespace,
) -> nn.Module:
    """Train the net that ``build`` returns with AdamW and a one-cycle learning rate.

    Of the ``options`` it reads seed, batch and epochs, if any in place of the recipe's.
    """
    recipe, batch = replace(recipe, epochs=options.epochs or recipe.epochs), options.batch
    torch.manual_seed(options.seed)
    rng = np.random.default_rng([TRAINING_SEED, options.seed])
    net = build()
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * sum(1 for _ in batches(data, batch, rng))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, steps, pct_start=0.15)
    start = time.perf_counter()
    for epoch in range(recipe.epochs):
        net.train()
        losses = []
        for rows in batches(data, batch, rng):
            images, labels = _tensors(rows, task, epoch / recipe.epochs, rng)
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                scores = net(images).float() - recipe.offset
            loss = task.loss(scores, labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        passed = time.perf_counter() - start
        print(f"{name} epoch {epoch + 1}: loss {np.mean(losses):.4f}, {passed:.0f} s", flush=True)
    _settle(net, task, data, rng)
    return net.eval()


def _tensors(
    batch: list[Example], task: Task, progress: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A batch at one size: images (N, 3, H, W) and labels (N, ...)."""
    height, width = task.size(batch[0][0].shape, progress, rng)
    labels = torch.from_numpy(np.stack([label for _, label in batch]))
    return jitter(as_input([image for image, _ in batch], height, width), rng), labels


@torch.no_grad()
def _settle(net: nn.Module, task: Task, data: Sequence[Example], rng: np.random.Generator) -> None:
    """Replace the running batch-norm statistics by means over 60 batches at the final weights."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative mean
    net.train()
    for _, batch in zip(range(60), batches(data, 32, rng), strict=False):
        net(_tensors(batch, task, 1.0, rng)[0])


def save(net: nn.Module, path: Path) -> None:
    """Write the state dict in float16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = net.state_dict()  # no copy: MNASNet needs the version in its metadata
    for key, value in state.items():
        state[key] = value.half().contiguous() if value.is_floating_point() else value
    torch.save(state, path)


def saved(net: nn.Module, build: Callable[[], nn.Module], path: Path) -> nn.Module:
    """Write a net of ``build``, and return the net of the file: a report is on what is there."""
    save(net, path)
    of_file = build()
    of_file.load_state_dict(torch.load(path, weights_only=True))
    return of_file.eval()


def write_accuracy(rows: list[dict[str, object]], path: Path, names: Sequence[str]) -> None:
    """Write the report in the order of ``names``; rows of nets that are not in it are kept."""
    trained = {row["net"] for row in rows}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["net"] not in trained] + rows
    rows.sort(key=lambda row: names.index(str(row["net"])))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
