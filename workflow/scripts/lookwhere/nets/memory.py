"""The memory of a job of maps, estimated from its largest image.

Arithmetic without torch, which the Snakefile needs as well. docs/performance.md compares it with
the memory of jobs.
"""

import csv
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from math import prod
from pathlib import Path

from lookwhere.datasets.sizes import ORIGINAL, Shape, input_shape
from lookwhere.io import results

# Pixels of a batch, which bound its memory; a single image may be larger. On a CPU more pixels
# speed up some nets and slow others (docs/performance.md); batches too large for a GPU are halved.
PIXELS_PER_BATCH = {"cpu": 4 * 224 * 224, "mps": 16 * 224 * 224, "cuda": 64 * 224 * 224}

USUAL = 4000  # MB of a job of maps, unless its images are large
START = 1500  # MB of Python, torch, the weights of most nets, and Snakemake on a cluster
HELD = 800  # MB of these that weights may have: twice, as they are read and in the net

# The heap of a job grows up to this multiple of the bytes that are alive: freed blocks seldom have
# the size that is needed next.
FRAGMENTED = 1.5
# Bytes a pixel beside the pass: the next image while it is read, the last maps while they are
# written.
BESIDE = 200

PREPARED = 12  # bytes a pixel of a map that others are compared with
# Bytes a pixel of the jobs without a net, twice those of dilated masks with few instances.
ARRAYS = 80

# Files with the limit of a container, in bytes: of control groups, versions 2 and 1.
CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Footprint:
    """What a net needs memory for, as in ``NetSummary``: its passes, and its weights."""

    bytes_per_pixel: float
    parameters: int = 0

    @property
    def start(self) -> float:
        """The MB of a job before its passes."""
        return START + max(0, 2 * 4 * self.parameters / 1e6 - HELD)

    @property
    def of_pixel(self) -> float:
        """The bytes of a job for each pixel of its batch."""
        return FRAGMENTED * self.bytes_per_pixel + BESIDE


@dataclass(frozen=True)
class Need:
    """The memory that the largest image of a study needs, with a net at a size."""

    net: str
    size: str
    image: str
    width: int
    height: int
    mem_mb: int

    def __str__(self) -> str:
        return (
            f"image {self.image!r} of {self.width} x {self.height} pixels needs about "
            f"{in_gb(self.mem_mb)} with {self.net} at the size {self.size}"
        )


def of_maps(net: Footprint, pixels: int) -> int:
    """The MB that a job of maps needs for its largest input, on a CPU.

    Small images share a batch.

    >>> of_maps(Footprint(640), 224 * 224), of_maps(Footprint(640), 4000 * 3000)
    (1800, 15500)
    >>> of_maps(Footprint(640, parameters=600_000_000), 224 * 224)
    5800
    """
    of_batch = net.of_pixel * max(pixels, PIXELS_PER_BATCH["cpu"])
    return -int(-(net.start + of_batch / 1e6) // 100) * 100


def of_cascade(net: Footprint, pixels: int, maps: int) -> int:
    """The MB that a cascade of so many ``maps`` a net needs, for its largest input.

    Beside those of its maps: two more nets, and the maps of the net as it is.

    >>> of_cascade(Footprint(640, parameters=1_000_000), 224 * 224, maps=120)
    1900
    """
    more = 2 * 4 * net.parameters + PREPARED * pixels * maps
    return of_maps(net, pixels) - int(-more / 1e6 // 100) * 100


def of_arrays(pixels: int) -> int:
    """The MB that masks and scores of an image of so many pixels need, without a net.

    >>> of_arrays(480 * 640), of_arrays(4000 * 3000)
    (700, 1600)
    """
    return -int(-(600 + ARRAYS * pixels / 1e6) // 100) * 100


def max_pixels(net: Footprint, limit: int) -> int:
    """The pixels, two digits of them, whose maps need at most ``limit`` MB; 0 if there are none.

    >>> max_pixels(Footprint(640), limit=8000)
    5600000
    """
    pixels = int((limit // 100 * 100 - net.start) * 1e6 / net.of_pixel)
    if pixels < PIXELS_PER_BATCH["cpu"]:
        return 0
    unit = 10 ** (len(str(pixels)) - 2)
    return pixels // unit * unit


def most_pixels(shapes: Iterable[Shape], size: str) -> int:
    """The pixels of the largest input at a size, of images of these ``shapes``."""
    return max((prod(input_shape(size, *shape)) for shape in shapes), default=0)


def read_shapes(samples: Path) -> Mapping[Shape, str]:
    """The shapes of the images in a file by ``write_samples``, each with the file of one image.

    Raises FileNotFoundError where the samples are not selected yet, and StudyError where the file
    is damaged.
    """
    return _read_shapes(samples, samples.stat().st_mtime_ns)


@lru_cache
def _read_shapes(samples: Path, mtime: int) -> Mapping[Shape, str]:
    rows = json.loads(results.read(samples))
    return {(row["height"], row["width"]): row["file"] for row in rows}


def read_footprints(nets: Path) -> dict[str, Footprint]:
    """The footprint of every net in ``nets.csv`` that has one; none before it is written."""
    try:
        with nets.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["bytes_per_pixel"]]
        return {
            row["net"]: Footprint(float(row["bytes_per_pixel"]), int(row["parameters"]))
            for row in rows
        }
    except (OSError, KeyError, ValueError):  # or written by an earlier version
        return {}


def needs(
    footprints: Mapping[str, Footprint],
    shapes: Mapping[Shape, str],
    sizes: Mapping[str, Collection[str]],
) -> list[Need]:
    """What the largest image needs, by size, for every net, the neediest first.

    ``sizes`` are those of each net.
    """
    nets = sorted(footprints, key=lambda net: -footprints[net].of_pixel)
    every = dict.fromkeys(size for net in nets for size in sizes[net])
    found = []
    for size in every:
        height, width = max(shapes, key=lambda shape: most_pixels([shape], size))
        pixels, image = most_pixels([(height, width)], size), shapes[height, width]
        of_size = [
            Need(net, size, image, width, height, of_maps(footprints[net], pixels))
            for net in nets
            if size in sizes[net]
        ]
        found += sorted(of_size, key=lambda need: -need.mem_mb)
    return found


def warnings(
    needs: Sequence[Need],
    footprints: Mapping[str, Footprint],
    limit: int,
    owner: str,
    cores: int,
    each: int,
) -> Iterator[str]:
    """Sentences for what needs more than the ``limit`` in MB of its ``owner``, with the way out.

    One for every size that is too much for a net, and one if jobs on all ``cores`` may be too much
    together. ``each`` is the number of jobs for a net and a size.
    """
    there_is = f"more than the {in_gb(limit)} of {owner}"
    for size in dict.fromkeys(need.size for need in needs):
        over = [need for need in needs if need.size == size and need.mem_mb > limit]
        if over:
            nets = ", ".join(need.net for need in over[1:])
            also = f" (and too much with {nets})" if nets else ""
            pixels = max_pixels(footprints[over[0].net], limit) if size == ORIGINAL else 0
            ways = [f"set max_pixels: {pixels}"] if pixels else []
            ways.append(f"leave out the size {size}")
            yield f"{over[0]}{also}, {there_is}: {', or '.join(ways)}"
    fitting = [need.mem_mb for need in needs if need.mem_mb <= limit]
    at_once = nlargest(cores, fitting * each)
    if sum(at_once) > limit and at_once[0] > USUAL:
        yield (
            f"{len(at_once)} jobs of maps at once may need {in_gb(sum(at_once))}, {there_is}: let "
            f"Snakemake start no more than fit (--resources mem_mb={limit // 1000 * 1000})"
        )


def of_machine() -> int:
    """The MB of this machine, or of the container in which this process runs."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in map(Path, CONTAINER):
        try:
            sizes.append(int(file.read_text("ascii")))
        except (OSError, ValueError):  # no such group, or the word max
            continue
    return min(sizes) // 10**6


def in_gb(mem_mb: float) -> str:
    """``13.3 GB``"""
    return f"{mem_mb / 1000:.1f} GB"
