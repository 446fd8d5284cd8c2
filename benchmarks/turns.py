"""Time competitors in turns, each in its own process, so that noise affects all of them."""

import csv
import multiprocessing
import time
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from lookwhere.nets import classifiers

FIVE = ["backpropagation", "deconvolution", "guided_backpropagation", "grad_cam", "guided_grad_cam"]
NETS = ["alexnet", "squeezenet1_0", "resnet152", "vgg19"]
OTHER_NETS = ["convnext_tiny", "efficientnet_b0", "vit_b_16"]  # of other activations than ReLU

with (Path(__file__).parents[1] / "resources/architectures.csv").open(encoding="utf-8") as table:
    TARGET_LAYERS = {row["architecture"]: row["target_layer"] for row in csv.DictReader(table)}

Maps = dict[str, np.ndarray]
Run = Callable[[Tensor], Maps]
Maker = Callable[[str, nn.Module, str, list[int]], Run]  # architecture, net, target layer, targets


def take_turns(
    makers: Mapping[str, Maker],
    architecture: str,
    shape: tuple[int, int, int, int],
    rounds: int,
    threads: int,
    check: Callable[[dict[str, Maps]], None],
) -> dict[str, float]:
    """The median seconds per image of each competitor, on images of ``shape`` (N, C, H, W).

    ``check`` first compares the maps of all of them.
    """
    context = multiprocessing.get_context("spawn")
    lines, jobs, maps = {}, [], {}
    try:
        for name, maker in makers.items():
            lines[name], there = context.Pipe()
            job = context.Process(target=_work, args=(there, maker, architecture, shape, threads))
            job.start()
            jobs.append(job)
            there.close()  # so that a dead process raises
            maps[name] = lines[name].recv()  # one by one, since they would compete for cores
        check(maps)
        seconds: dict[str, list[float]] = {name: [] for name in makers}
        for _ in range(rounds):
            for name, line in lines.items():
                line.send("run")
                seconds[name].append(line.recv())
    finally:
        for job in jobs:
            job.terminate()
            job.join()
    return {name: median(each) / shape[0] for name, each in seconds.items()}


def with_head(net: nn.Module) -> nn.Module:
    """The net with random weights in place of zeros: a new ViT's head yields no gradients."""
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.Linear) and not module.weight.any():
            values = torch.randn(module.weight.shape, generator=generator)  # on the CPU
            module.weight.data.copy_(values)
    return net


def _work(
    line: Connection,
    maker: Maker,
    architecture: str,
    shape: tuple[int, int, int, int],
    threads: int,
) -> None:
    torch.set_num_threads(threads)
    warnings.simplefilter("ignore")  # captum warns about its hooks
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    net = with_head(classifiers.load(architecture, "random"))
    targets = list(range(shape[0]))
    run = maker(architecture, net, TARGET_LAYERS[architecture], targets)
    line.send(run(images))  # a warm-up run
    while line.recv() == "run":
        start = time.perf_counter()
        run(images)
        line.send(time.perf_counter() - start)
