"""Show the data set: numbers of the samples of each class, a contact sheet, and a page of both."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lookwhere.datasets import listing, masks
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import read_samples
from lookwhere.io import results
from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job, progress
from lookwhere.report import contact_sheet, dataset_page


def main(
    *,
    sample_list: str,
    images: ImageFolder,
    mask_folder: str,
    subset: str,
    classes: str,
    page: Sequence[str],
    outputs: dict[str, str],
) -> None:
    """``page`` lists the files of the template and of the two styles."""
    samples = read_samples(sample_list)
    rows = results.read_rows(Path(subset))
    fractions = {row["sample"]: float(row["mask_fraction"]) for row in rows}
    chosen = contact_sheet.choose(samples, fractions)
    tiles = []
    for [sample] in progress([[sample] for sample in chosen], "samples of the contact sheet"):
        image = np.asarray(images.read(sample))
        mask = masks.read(Path(mask_folder, f"{sample.id}.png"))
        tiles.append(contact_sheet.tile(sample, fractions[sample.id], image, mask))
    contact_sheet.save(tiles, len(samples), outputs["sheet"], outputs["print"])
    summary = listing.of_samples(samples, fractions)
    listing.write(summary, outputs["samples"])
    template, css, own = (Path(file).read_text("utf-8") for file in page)
    text = dataset_page.page(
        template,
        f"{css}\n{own}",
        results.read_rows(Path(classes)),
        summary,
        tiles,
        images=len({sample.image_id for sample in samples}),
    )
    with atomic_file(outputs["page"]) as draft:
        draft.write_text(text, "utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings):
        source = snakemake.input
        main(
            sample_list=source.samples,
            images=ImageFolder.listed(snakemake.params.images, source.images),
            mask_folder=source.masks,
            subset=source.subset,
            classes=source.classes,
            page=source.page,
            outputs=dict(snakemake.output.items()),
        )
