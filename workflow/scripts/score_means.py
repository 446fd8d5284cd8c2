"""Score the mean map of one net, size and group of methods on the mask of every sample."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lookwhere.datasets import regions
from lookwhere.datasets.samples import read_samples
from lookwhere.io.logs import job
from lookwhere.io.results import read_table
from lookwhere.metrics import mean_map, parts, rivals
from lookwhere.metrics.columns import RECORD
from lookwhere.metrics.rivals import MEAN_MAP


def main(grids: pd.DataFrame, region_folders: Mapping[str, str], size: str, output: str) -> None:
    """Write the rows of the mean map.

    ``grids`` has a row a sample and method; ``region_folders`` the folder of each sample's region.
    """
    parts.write(rivals.table(rows(grids, region_folders, size)), output)


def rows(
    grids: pd.DataFrame, region_folders: Mapping[str, str], size: str
) -> Iterator[dict[str, Any]]:
    """A row a sample and method."""
    samples = list(grids["sample"].unique())
    covered, counted, fractions = [], [], []
    for sample in samples:
        region = regions.read_at(region_folders[sample], sample, size)
        shares = mean_map.coverage(region)
        covered.append(shares[0].ravel())
        counted.append(shares[1].ravel())
        fractions.append(region.fraction(region.mask))
    missing = np.full(mean_map.CELLS**2, np.nan)
    for _, of_method in grids.groupby("method", sort=False):
        in_order = of_method.set_index("sample").loc[samples].reset_index()
        cells = np.stack([missing if grid is None else grid for grid in in_order["grid"]])
        energies = mean_map.score(
            cells, in_order["image_id"], np.array(covered), np.array(counted), fractions
        )
        records = in_order[RECORD].to_dict("records")
        for record, energy in zip(records, energies, strict=True):
            yield {**record, "rival": MEAN_MAP, **asdict(energy)}


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings):
        source = snakemake.input
        main(
            pd.concat((read_table(Path(grids)) for grids in source.grids), ignore_index=True),
            regions.folders_by_sample(map(read_samples, source.selections), source.regions),
            snakemake.wildcards.size,
            snakemake.output.scores,
        )
