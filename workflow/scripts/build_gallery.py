"""Build the gallery: a page that shows every map of the showcase, with its pictures beside it."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from lookwhere.datasets import masks, region_kinds
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import read_samples
from lookwhere.io import results
from lookwhere.io.atomic import atomic_folder
from lookwhere.io.logs import job, progress
from lookwhere.report import dataset_page, gallery, pictures, showcase
from lookwhere.statistics import records


def main(
    *,
    sample_list: str,
    images: ImageFolder,
    mask_folder: str,
    measures: str,
    maps: Sequence[str],
    dataset: str,
    page: Sequence[str],
    nets: Mapping[str, Sequence[str]],
    methods: Sequence[str],
    sizes: Sequence[str],
    chosen: Mapping[str, str],
    output: str,
) -> None:
    """Write the folder ``output``; ``page`` lists the files of the template, style and script.

    ``nets`` holds the ``sizes`` of each net.
    ``dataset`` is the page of the data set, which becomes part of the gallery.
    ``chosen`` maps the samples of the gallery to their reasons: see ``gallery.data``.
    """
    template, css, js = (Path(file).read_text("utf-8") for file in page)
    all_samples = read_samples(sample_list)
    samples = showcase.by_id(all_samples, list(chosen))
    outlines = [
        gallery.outline(masks.read(Path(mask_folder, f"{sample.id}.png"))) for sample in samples
    ]
    table = records.read(Path(measures))
    data = gallery.data(
        table,
        samples,
        outlines,
        nets,
        methods,
        sizes,
        chosen=chosen,
        total=table["sample"].nunique(),
        regions=region_kinds.sentence((each.boxes, len(each.instances)) for each in all_samples),
    )
    with atomic_folder(output) as folder:
        for [sample] in progress([[sample] for sample in samples], "samples of the gallery"):
            for size in sizes:
                image, _ = showcase.read_input(sample, images, mask_folder, size)
                small = gallery.shrunk(image)
                gallery.save(small, folder / gallery.input_path(size, sample.id))
                at_size = [net for net, of_net in nets.items() if size in of_net]
                for net, method in product(at_size, methods):
                    saliency = showcase.read_map(maps, sample.id, net, method, size)
                    if isinstance(saliency, str):  # the page has text instead
                        continue
                    path = gallery.map_path(net, method, size, sample.id)
                    gallery.save(pictures.heat(saliency, image), folder / path)
                    path = gallery.scored_path(net, method, size, sample.id)
                    gallery.save(pictures.heat_as_scored(saliency, small), folder / path)
        (folder / "index.html").write_text(gallery.page(template, css, js, data), "utf-8")
        about = dataset_page.in_gallery(Path(dataset).read_text("utf-8"))
        (folder / "dataset.html").write_text(about, "utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        source = snakemake.input
        showcase_ids = results.read_json(Path(source.showcase))
        chosen = dict.fromkeys(showcase_ids, "named" if settings["named"] else "first")
        if settings["worst"]:
            worst = showcase.worst(records.read(Path(source.measures)))
            chosen |= dict.fromkeys(worst, "worst")
        main(
            sample_list=source.samples,
            images=ImageFolder.listed(snakemake.params.images, source.images),
            mask_folder=source.masks,
            measures=source.measures,
            maps=[*source.maps, *source.all_maps],
            dataset=source.dataset,
            page=source.page,
            nets=settings["nets"],
            methods=settings["methods"],
            sizes=settings["sizes"],
            chosen=chosen,
            output=snakemake.output.gallery,
        )
