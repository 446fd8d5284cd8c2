"""Benefit of each choice of the engine, alone: seconds per image with it and without.

PYTHONPATH=workflow/scripts python benchmarks/choices.py
"""

import argparse
from functools import partial

import pandas as pd
import torch
from torch import Tensor, nn

from lookwhere.methods.forward import forward
from lookwhere.methods.run import saliency_maps
from lookwhere.nets import device
from lookwhere.nets.fold import fold as fold_batch_norms
from turns import FIVE, NETS, Maps, Run, take_turns

SHAPES = [(4, 3, 224, 224), (1, 3, 480, 640)]


def engine(
    architecture: str,
    net: nn.Module,
    layer: str,
    targets: list[int],
    *,
    channels_last: bool = False,
    fold: bool = False,
    keep_memory: bool = False,
    precision: str = "float32",
) -> Run:
    """Compute the five maps from one forward and three backward passes, with some choices."""
    if keep_memory:
        device.retain_heap()
    if fold:
        fold_batch_norms(net, layer)
    memory = torch.channels_last if channels_last else torch.contiguous_format
    net = net.to(memory_format=memory)

    def run(images: Tensor) -> Maps:
        inputs = images.contiguous(memory_format=memory)
        done = forward(net, net.get_submodule(layer), inputs, precision)
        saliency_maps(done, torch.tensor(targets), FIVE)
        return {}

    return run


everything = {"channels_last": True, "fold": True, "keep_memory": True}
CHOICES = {
    "none": engine,
    "channels_last": partial(engine, channels_last=True),
    "folded batch norms": partial(engine, fold=True),
    "kept memory": partial(engine, keep_memory=True),
    "all three": partial(engine, **everything),
    "and bfloat16": partial(engine, **everything, precision="bfloat16"),
}
BATCHES = [(n, 3, 224, 224) for n in (1, 4, 16)] + [(n, 3, 480, 640) for n in (1, 2)]


def main(architectures: list[str], rounds: int, threads: int) -> None:
    rows, batches = [], []
    for architecture in architectures:
        for shape in SHAPES:
            seconds = take_turns(CHOICES, architecture, shape, rounds, threads, lambda maps: None)
            rows.append({"net": architecture, "input": shape} | seconds)
            print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)
        for shape in BATCHES:
            best = {"seconds": CHOICES["all three"]}
            seconds = take_turns(best, architecture, shape, rounds, threads, lambda maps: None)
            batches.append({"net": architecture, "batch": shape} | seconds)
    print(pd.DataFrame(batches).round(3).to_string(index=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", default=list(NETS), choices=NETS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    main(options.nets, options.rounds, options.threads)
