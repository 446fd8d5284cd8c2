"""List the samples of all selections, their images and their masks."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from lookwhere.datasets import masks, regions
from lookwhere.datasets.regions import Region
from lookwhere.datasets.samples import Sample, in_order, read_samples, write_samples
from lookwhere.io import receipts, results
from lookwhere.io.logs import job, progress
from lookwhere.io.results import checked_file, checked_folder, csv_text


def main(
    selections: Sequence[str],
    region_folders: Sequence[str],
    images: pd.DataFrame,
    classes: Sequence[str],
    output: str,
    mask_folder: str,
    subset: str,
) -> None:
    """Merge the ``selections``, each with the folder of its regions.

    ``images`` lists the files of the images with their orientation.
    """
    orientations = dict(zip(images["file"], images["orientation"], strict=True))
    selected = [read_samples(selection) for selection in selections]
    folder_of = regions.folders_by_sample(selected, region_folders)
    samples = in_order(chain.from_iterable(selected), classes)
    rows = []
    with checked_folder(mask_folder) as draft:
        for [sample] in progress([[sample] for sample in samples], "samples"):
            region = regions.read(Path(folder_of[sample.id], f"{sample.id}.npz"))
            masks.write(region.mask, draft / f"{sample.id}.png")
            rows.append(row(sample, region, orientations[sample.file]))
    write_samples(samples, output)
    with checked_file(subset) as draft:
        draft.write_text(csv_text(pd.DataFrame(rows)), "utf-8")


def row(sample: Sample, region: Region, orientation: str) -> dict[str, Any]:
    """The row of a sample in ``subset.csv``."""
    undilated = (region.dilation_index == 0).sum()
    return {
        "sample": sample.id,
        "image_id": sample.image_id,
        "class": sample.class_name,
        "file": sample.file,
        "width": sample.width,
        "height": sample.height,
        "file_width": sample.file_size[0],
        "file_height": sample.file_size[1],
        "orientation": orientation,
        "instances": len(sample.instances),
        "boxes": sample.boxes,
        "crowds": sample.crowds,
        "bbox_iou": sample.bbox_iou,
        "ignored_fraction": 0.0 if region.ignored is None else region.ignored.mean(),
        "mask_fraction": region.fraction(region.mask),
        "mask_growth": region.mask.sum() / undilated - 1 if undilated else None,
        "licence": sample.licence,
    }


def merge_receipts(paths: Sequence[str], receipt: str) -> pd.DataFrame:
    """Merge receipts of images, and return them; each image is listed once."""
    tables = [results.read_table(Path(path)) for path in paths]
    images = pd.concat(tables).drop_duplicates("file")
    rows: list[Mapping[str, Any]] = images.to_dict("records")
    receipts.write(rows, receipt)
    return images


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        images = merge_receipts(snakemake.input.images, snakemake.output.images)
        main(
            snakemake.input.selections,
            snakemake.input.regions,
            images,
            settings["classes"],
            snakemake.output.samples,
            snakemake.output.masks,
            snakemake.output.subset,
        )
