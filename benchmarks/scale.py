"""Cost of a job of maps by its number of samples: seconds and peak memory, a line per job.

Runs the workflow's own job, without Snakemake, on noise in the shapes of COCO's photographs:

    PYTHONPATH=workflow/scripts python benchmarks/scale.py squeezenet1_0 original 30 300
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from turns import FIVE, TARGET_LAYERS

SHAPES = [(640, 480), (480, 640), (640, 427), (640, 428), (500, 375), (427, 640), (612, 612)]
SHAPES += [(640, height) for height in range(360, 480, 8)]  # (W, H)


def job(architecture: str, size: str, count: int, precision: str, threads: int) -> None:
    """Print seconds and peak memory of a job with ``count`` samples, run in this process."""
    from compute_maps import Task, main
    from lookwhere.datasets.images import ImageFolder
    from lookwhere.datasets.samples import Sample, sample_id
    from lookwhere.nets import device

    torch.set_num_threads(threads)
    device.retain_heap()
    shapes = [(int(w), int(h)) for w, h in [size.split("x")]] if "x" in size else SHAPES
    layer = TARGET_LAYERS[architecture]
    net = {"name": architecture, "architecture": architecture, "weights": "random"}
    net |= {"target_layer": layer, "precision": precision}
    net |= {"outputs": "softmax", "threshold": 0.5}
    with tempfile.TemporaryDirectory() as folder:
        samples, noise = [], np.random.default_rng(0)
        for number in range(count):
            width, height = shapes[number % len(shapes)]
            pixels = noise.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
            file = f"{number}.jpg"
            Image.fromarray(pixels).resize((width, height)).save(Path(folder, file))
            samples.append(
                Sample(
                    sample_id(number, "noise"), number, "noise", file, width, height, "", None, ()
                )
            )
        start = time.perf_counter()
        main(
            samples,
            ImageFolder(Path(folder)),
            Task(net, "original" if "x" in size else size, {"noise": [0]}, 0),
            {method: f"{folder}/maps/{method}" for method in FIVE},
            f"{folder}/predictions.parquet",
            f"{folder}/costs.parquet",
            measures_costs=False,
        )
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{architecture:18} {size:9} {precision:9} {count:4} samples {seconds:7.1f} s "
        f"{seconds / count:7.3f} s a sample, peak {peak:.2f} GB",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("size", help="original, a number of pixels, or one shape as WxH")
    parser.add_argument("counts", nargs="+", type=int, help="samples, one job each")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    for count in options.counts:
        process = multiprocessing.get_context("spawn").Process(
            target=job,
            args=(options.architecture, options.size, count, options.precision, options.threads),
        )
        process.start()
        process.join()
