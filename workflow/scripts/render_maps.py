"""Render every map of the comparison as a picture, in grey and as heat over the image."""

from itertools import product
from pathlib import Path

from PIL import Image

from concentration import coco, pictures, showcase
from concentration.comparison import fitting
from concentration.files import whole_folder
from concentration.jobs import job

if __name__ == "__main__":
    with job(snakemake.log[0]), whole_folder(snakemake.output.pictures) as folder:
        source, params = snakemake.input, snakemake.params
        samples = coco.samples(coco.read(Path(source.instances)))
        shown = fitting(showcase.read(source.showcase, samples), params.nets, params.sizes[0])
        for sample, size in product(shown, params.sizes):
            image, mask = showcase.read_input(sample, params.images, source.masks, size)
            for net, method in product(params.nets, params.methods):
                saliency = showcase.read_map(source.maps, sample.sample, net, method, size)
                target = folder / net / method / size
                target.mkdir(parents=True, exist_ok=True)
                overlay = pictures.overlay(saliency, image, mask)
                Image.fromarray(overlay).save(target / f"{sample.sample}-overlay.png")
                grey = pictures.grey(saliency)
                Image.fromarray(grey).save(target / f"{sample.sample}-grey.png")
