"""Reduce the maps of one net, size, group of methods and shard to the grid of the mean map."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lookwhere.datasets import regions
from lookwhere.datasets.samples import Sample, read_samples
from lookwhere.datasets.selections import shard_of
from lookwhere.io.logs import job
from lookwhere.metrics import mean_map, parts, saliency


def main(
    samples: Sequence[Sample],
    region_folder: str,
    map_folders: Mapping[str, str],
    net: str,
    size: str,
    output: str,
) -> None:
    """Write a row a sample and method: its record and the grid, null of a map without energy."""
    rows = []
    for sample in samples:
        region = regions.read_at(region_folder, sample.id, size)
        for method, folder in map_folders.items():
            map_ = saliency.read(Path(folder), sample.id)
            grid = map_ if isinstance(map_, str) else mean_map.on_grid(map_, region)
            cells = None if isinstance(grid, str) else grid.astype(np.float32).ravel()
            record = parts.record(sample, net=net, method=method, size=size)
            rows.append({**record, "grid": cells})
    parts.write(pd.DataFrame(rows), output)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        selection = read_samples(snakemake.input.samples)
        main(
            shard_of(selection, int(snakemake.wildcards.shard), settings["shards"]),
            snakemake.input.regions,
            dict(zip(settings["methods"], snakemake.input.maps, strict=True)),
            snakemake.wildcards.net,
            snakemake.wildcards.size,
            snakemake.output.grids,
        )
