"""The maps of the published study's nets on a GPU: compared with the CPU's, and timed.

Prints, and writes gpu.csv beside this file: images a second by batch, for this project and captum,
and the correlation with the CPU's maps. Run it where there is a GPU:

    PYTHONPATH=workflow/scripts python benchmarks/gpu.py
"""

import argparse
import functools
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from libraries import captum
from lookwhere.methods.explainer import Explainer
from lookwhere.nets import classifiers
from lookwhere.nets import device as device_settings
from turns import FIVE, NETS, OTHER_NETS, TARGET_LAYERS, Maps, with_head

SHAPES = {"480x640": (480, 640), "224x224": (224, 224)}
BATCHES = (1, 4, 16, 64)
OF_ONE_SIZE = {"vit_b_16": "224x224"}
CPU, GPU = torch.device("cpu"), torch.device("cuda")


def main(nets: list[str], rounds: int) -> None:
    warnings.simplefilter("ignore")  # captum warns about its hooks
    torch.backends.cudnn.allow_tf32 = False
    print(torch.cuda.get_device_name(), torch.__version__, flush=True)
    rows = []
    for net in nets:
        for size, shape in SHAPES.items():
            if size == OF_ONE_SIZE.get(net, size):
                rows += list(rows_of(net, size, shape, rounds))
                print(pd.DataFrame(rows[-len(BATCHES) * 2 :]).to_string(index=False), flush=True)
    pd.DataFrame(rows).to_csv(Path(__file__).with_name("gpu.csv"), index=False)


def rows_of(net: str, size: str, shape: tuple[int, int], rounds: int) -> list[dict[str, object]]:
    """A row a library and batch."""
    images = torch.randn(max(BATCHES), 3, *shape, generator=torch.Generator().manual_seed(0))
    makers = {"ours": ours(net, GPU), "captum": theirs(net)}
    agreement = least_agreement(ours(net, CPU)(images[:1]), makers["ours"](images[:1]))
    return [
        {"net": net, "input": size, "library": library, "batch": batch}
        | {"images_a_second": rate(run, images[:batch], rounds), "agreement": agreement}
        for library, run in makers.items()
        for batch in BATCHES
    ]


def ours(net: str, device: torch.device) -> Callable[[Tensor], Maps]:
    """From images on the CPU to maps on the CPU."""
    spec = {"architecture": net, "weights": "random", "target_layer": TARGET_LAYERS[net]}
    device_settings.retain_heap()
    explainer = Explainer(spec | {"precision": "float32"}, FIVE, device)
    with_head(explainer.net)
    return lambda images: explainer.explain(images.numpy(), [[0]] * len(images)).maps


def theirs(net: str) -> Callable[[Tensor], Maps]:
    module = with_head(classifiers.load(net, "random")).to(GPU)

    @functools.cache
    def of_batch(count: int) -> Callable[[Tensor], Maps]:
        return captum(net, module, TARGET_LAYERS[net], [0] * count)

    return lambda images: of_batch(len(images))(images.to(GPU))


def rate(run: Callable[[Tensor], Maps], images: Tensor, rounds: int) -> float | None:
    """Images a second, the median of ``rounds``; None where the batch exceeds the memory."""
    seconds = []
    try:
        for _ in range(rounds + 1):
            start = time.perf_counter()
            run(images)  # maps on the CPU: nothing is left to wait for
            seconds.append(time.perf_counter() - start)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return None
    return round(len(images) / median(seconds[1:]), 1)


def least_agreement(one: Maps, other: Maps) -> float:
    """The lowest correlation of the maps of a method.

    Single pixels differ more: where a ReLU's input is 0 but for rounding, a device may pass the
    signal that another does not.
    """
    pairs = (np.corrcoef(one[method].ravel(), other[method].ravel()) for method in one)
    return min(float(pair[0, 1]) for pair in pairs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", default=[*NETS, *OTHER_NETS])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    main(options.nets, options.rounds)
