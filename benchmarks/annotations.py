"""Cost of reading COCO's annotations: seconds and peak memory, against limits of 60 s and 4 GB.

Writes a file of the size of instances_train2017.json, then selects samples from it like the
workflow, in a fresh process. Run it with

    PYTHONPATH=workflow/scripts python benchmarks/annotations.py
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

IMAGES, ANNOTATIONS, CROWDS, CATEGORIES = 118_287, 860_001, 10_052, 80
POLYGONS, RUNS = 20_000, 500  # different polygons, and runs, that the annotations draw from
COORDINATES = 51  # numbers in the mean polygon: makes the file 448 MiB, as COCO's is
GOAL_SECONDS, GOAL_GB = 60, 4

STUDY = """
import sys
from pathlib import Path
from lookwhere.datasets import base, selections
classes = [f"category {number}" for number in (1, 2, 10, 20, 40, 80)]
[selection] = selections.plan([], dict.fromkeys(classes, 30))
data = base.load("coco", Path(sys.argv[1]), Path())
assert len(base.select(data, selection.spans, seed=0)) == 180
"""


def polygon(rng: np.random.Generator) -> str:
    """Corners in a 640 x 480 image, to the hundredth of a pixel."""
    corners = rng.random((3 + rng.poisson(rng.gamma(1, COORDINATES / 2 - 3)), 2)) * (640, 480)
    return f"[[{','.join(f'{number:.2f}' for number in corners.ravel())}]]"


def run_lengths(rng: np.random.Generator) -> str:
    """A crowd's mask in COCO's format: uncompressed run lengths."""
    counts = rng.integers(1, 1000, size=rng.integers(100, 1200))
    return f'{{"counts": [{",".join(map(str, counts))}],"size": [480,640]}}'


def images() -> Iterator[str]:
    for number in range(1, IMAGES + 1):
        yield (
            f'{{"license": {number % 8 + 1},"file_name": "{number:012d}.jpg",'
            f'"coco_url": "http://images.cocodataset.org/train2017/{number:012d}.jpg",'
            '"height": 480,"width": 640,"date_captured": "2013-11-14 11:18:45","flickr_url": '
            f'"http://farm9.staticflickr.com/8186/{number:010d}_4e622c8349_z.jpg","id": {number}}}'
        )


def annotations(rng: np.random.Generator) -> Iterator[str]:
    """Annotations; the k-th category has 1 / k of those of the first, like COCO's unequal ones."""
    shares = 1 / np.arange(1, CATEGORIES + 1)
    categories = rng.choice(CATEGORIES, size=ANNOTATIONS, p=shares / shares.sum()) + 1
    polygons = [polygon(rng) for _ in range(POLYGONS)]
    runs = [run_lengths(rng) for _ in range(RUNS)]
    for number, category in enumerate(categories.tolist(), start=1):
        crowd = number > ANNOTATIONS - CROWDS
        x, y, width, height, shape = rng.random(5).tolist()
        shapes = runs if crowd else polygons
        yield (
            f'{{"segmentation": {shapes[int(shape * len(shapes))]},'
            f'"area": {width * height * 1e4:.5f},"iscrowd": {crowd:d},'
            f'"image_id": {int(rng.integers(IMAGES)) + 1},'
            f'"bbox": [{x * 320:.2f},{y * 240:.2f},{width * 320:.2f},{height * 240:.2f}],'
            f'"category_id": {category},"id": {number}}}'
        )


def write_list(file: TextIO, key: str, entries: Iterator[str]) -> None:
    """Write ``"key": [...]`` entry by entry, without the whole list in memory."""
    file.write(f'"{key}": [{next(entries)}')
    file.writelines(f",{entry}" for entry in entries)
    file.write("]")


def write(path: Path) -> None:
    """Write an instances file of COCO train2017's size, from a fixed seed."""
    licences = (f'{{"id": {number},"name": "licence {number}"}}' for number in range(1, 9))
    categories = (f'{{"id": {k},"name": "category {k}"}}' for k in range(1, CATEGORIES + 1))
    with path.open("w", encoding="ascii") as file:
        file.write('{"info": {},')
        write_list(file, "licenses", licences)
        file.write(",")
        write_list(file, "images", images())
        file.write(",")
        write_list(file, "annotations", annotations(np.random.default_rng(0)))
        file.write(",")
        write_list(file, "categories", categories)
        file.write("}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, metavar="PATH", help="keep the file: a new path")
    keep = parser.parse_args().keep
    if keep and keep.exists():
        parser.error(f"--keep {str(keep)!r} exists: name a new file")
    with tempfile.TemporaryDirectory() as folder:
        path = keep or Path(folder, "instances.json")
        print(f"writing {IMAGES} images, {ANNOTATIONS} annotations to {path}", file=sys.stderr)
        write(path)
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", STUDY, str(path)], check=True)
        seconds = time.perf_counter() - start
        kibibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"file    {path.stat().st_size / 2**20:6.0f} MiB")
    print(f"time    {seconds:6.1f} s   goal {GOAL_SECONDS} s")
    print(f"memory  {kibibytes * 1024 / 1e9:6.2f} GB  goal {GOAL_GB} GB")


if __name__ == "__main__":
    main()
