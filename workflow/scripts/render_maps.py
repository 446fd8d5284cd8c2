"""Render every map of the comparison as a picture, in grey and as heat over the image.

Where there is no map, a file states the reason in place of the pictures.
"""

from collections import defaultdict
from itertools import product
from pathlib import Path

from PIL import Image

from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import read_samples
from lookwhere.io import missing
from lookwhere.io.atomic import atomic_folder
from lookwhere.io.logs import job
from lookwhere.report import pictures, showcase
from lookwhere.report.comparison import fitting

if __name__ == "__main__":
    with (
        job(snakemake.log[0], snakemake.input.settings) as settings,
        atomic_folder(snakemake.output.pictures) as folder,
    ):
        source, nets, sizes = snakemake.input, settings["nets"], settings["sizes"]
        methods = settings["methods"]
        images = ImageFolder.listed(snakemake.params.images, source.images)
        samples = read_samples(source.samples)
        chosen = showcase.read(source.showcase, samples)
        in_comparison = [net for net, of_net in nets.items() if sizes[0] in of_net]
        on_page, _ = fitting(chosen, in_comparison, len(methods), sizes[0])
        lacking: defaultdict[Path, list[str]] = defaultdict(list)
        for sample, size in product(on_page, sizes):
            image, mask = showcase.read_input(sample, images, source.masks, size)
            at_size = [net for net, of_net in nets.items() if size in of_net]
            for net, method in product(at_size, methods):
                saliency = showcase.read_map(source.maps, sample.id, net, method, size)
                output = folder / net / method / size
                output.mkdir(parents=True, exist_ok=True)
                if isinstance(saliency, str):
                    if saliency == missing.NOT_DEFINED:
                        missing.note(output, "not defined for this net")
                    else:
                        lacking[output].append(sample.id)
                    continue
                overlay = pictures.overlay(saliency, image, mask)
                Image.fromarray(overlay).save(output / f"{sample.id}-overlay.png")
                grey = pictures.grey(saliency)
                Image.fromarray(grey).save(output / f"{sample.id}-grey.png")
        for output, ids in lacking.items():
            missing.list_samples(output, ids)
