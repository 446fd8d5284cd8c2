"""Fabricated data sets in several formats, read as a study reads them."""

from pathlib import Path

import numpy as np
from PIL import Image

import dilate_masks
import select_subset
from lookwhere.datasets import base, regions
from lookwhere.datasets.samples import read_samples
from lookwhere.datasets.selections import Span

HEIGHT, WIDTH = 24, 30


def save(pixels, path: Path, **options) -> Path:
    """A picture of the pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels)).save(path, **options)
    return path


def save_image(path: Path, height: int = HEIGHT, width: int = WIDTH) -> Path:
    """A photograph of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return save(pixels, path)


def rectangle(top: int, left: int, bottom: int, right: int, value=True):
    """Pixels (H, W) of ``value`` in a rectangle, and 0 elsewhere."""
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.asarray(value).dtype)
    pixels[top:bottom, left:right] = value
    return pixels


def select(name: str, annotations: Path, images: Path, classes: dict[str, int], **choices):
    """The samples of a study of so many images of each class, by id of the image and class."""
    data = base.load(name, annotations, images, choices)
    spans = [Span(each, 0, count) for each, count in classes.items()]
    return {(each.image_id, each.class_name): each for each in base.select(data, spans, 0)}


def regions_of(name: str, annotations: Path, images: Path, classes: dict[str, int], folder: Path):
    """The region of each sample, not dilated, by the scripts that select and dilate."""
    data = base.load(name, annotations, images)
    spans = [Span(each, 0, count) for each, count in classes.items()]
    selection = str(folder / "1.json")
    select_subset.main(data=data, spans=spans, seed=0, max_pixels=None, output=selection)
    dilate_masks.main(selection, 0, [0, 0.5], str(folder / "regions"))
    samples = read_samples(selection)
    return {each.id: regions.read(folder / "regions" / f"{each.id}.npz") for each in samples}


def reports(caplog, class_name: str, reason: str) -> bool:
    """Whether the log counts one image of a class that is left out for this reason."""
    words = (repr(class_name), reason, "1 image left out")
    return any(all(word in message for word in words) for message in caplog.messages)
