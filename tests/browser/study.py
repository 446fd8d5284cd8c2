"""A small study that was made up for the gallery: its records, maps and pictures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import build_gallery
import show_dataset
from lookwhere.datasets import base, listing, masks
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.listing import Listed
from lookwhere.datasets.samples import Sample, in_order, sample_id, write_samples
from lookwhere.datasets.sizes import input_shape
from lookwhere.io.results import checked_file, checked_folder
from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.metrics.registry import METRICS, of_maps
from tests.studies import union

PAGE = [
    str(Path(__file__).parents[2] / "workflow" / "gallery" / f"gallery.{suffix}")
    for suffix in ("html", "css", "js")
]
DATASET_PAGE = [
    str(Path(__file__).parents[2] / "workflow" / "gallery" / name)
    for name in ("dataset.html", "gallery.css", "dataset.css")
]
# Two of the classes try to break out of the page.
CLASSES = ["traffic light", "</script><!--<img src=x onerror=console.error(1)>", 'a&b "c" \'']
NETS = ["vgg19", "alexnet"]
UNTRAINED = ["alexnet"]
METHODS = ["grad_cam", "backpropagation", "guided_grad_cam"]
SIZES = ["original", "64"]
SHAPES = {1: (60, 80), 2: (80, 60)}  # of the images, (H, W)


@dataclass(frozen=True)
class Study:
    """What ``build_gallery.main`` takes, but for its output, and the measures among it."""

    arguments: dict[str, Any]
    measures: pd.DataFrame

    def gallery(self, folder: Path) -> Path:
        """The study's gallery, built in ``folder``."""
        build_gallery.main(**self.arguments, output=str(folder))
        return folder


def small_study(folder: Path, sizes: Sequence[str] = SIZES) -> Study:
    """Two images of three classes each, two nets, two sizes or others, three methods."""
    rng = np.random.default_rng(0)
    samples = []
    for image_id, (height, width) in SHAPES.items():
        file = f"{image_id}.png"
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / "images" / file)
        for number, name in enumerate(CLASSES):
            left, top = 10 + 5 * number, 20 + 10 * number
            polygon = [left, top, left + 25, top, left + 25, top + 18, left, top + 12]
            mask = union([[polygon]], height, width)
            samples.append(base.sample(image_id, name, file=file, instances=[mask]))
    samples = in_order(samples, CLASSES)
    write_samples(samples, folder / "samples.json")
    with checked_folder(folder / "masks") as draft:
        for sample in samples:
            masks.write(sample.masks()[0], draft / f"{sample.id}.png")
    ids = [sample.id for sample in samples]
    with checked_file(folder / "showcase.json") as draft:
        draft.write_text(json.dumps(ids), "utf-8")
    with checked_file(folder / "measures.parquet") as draft:
        made_up(ids, NETS, METHODS, sizes).to_parquet(draft)
    arguments = {
        "sample_list": str(folder / "samples.json"),
        "images": ImageFolder(folder / "images"),
        "mask_folder": str(folder / "masks"),
        "measures": str(folder / "measures.parquet"),
        "maps": _maps(folder / "showcase", sizes, rng),
        "dataset": _dataset(folder, samples),
        "page": PAGE,
        "nets": dict.fromkeys(NETS, sizes),
        "methods": METHODS,
        "sizes": sizes,
        "chosen": dict(zip(ids, ["first", "first", "worst", *3 * ["named"]], strict=True)),
    }
    return Study(arguments, pd.read_parquet(folder / "measures.parquet"))


def _dataset(folder: Path, samples: Sequence[Sample]) -> str:
    """The page of the data set."""
    listing.write([Listed(name, True, 2).row() for name in CLASSES], folder / "classes.csv")
    rows = [{"sample": s.id, "mask_fraction": s.masks()[0].mean()} for s in samples]
    listing.write(rows, folder / "subset.csv")
    outputs = {"samples": "samples.csv", "sheet": "s.png", "print": "s.pdf", "page": "index.html"}
    (folder / "dataset").mkdir()
    show_dataset.main(
        sample_list=str(folder / "samples.json"),
        images=ImageFolder(folder / "images"),
        mask_folder=str(folder / "masks"),
        subset=str(folder / "subset.csv"),
        classes=str(folder / "classes.csv"),
        page=DATASET_PAGE,
        outputs={key: str(folder / "dataset" / name) for key, name in outputs.items()},
    )
    return str(folder / "dataset" / "index.html")


def made_up(
    ids: Sequence[str], nets: Sequence[str], methods: Sequence[str], sizes: Sequence[str]
) -> pd.DataFrame:
    """Measures of every record, in no order; a tenth is undefined, some targets have no rank.

    A tenth of the maps has negligible energy, and for a tenth that is unknown.
    """
    rng = np.random.default_rng(1)
    keys = ["sample", "net", "size", "method"]
    records = product(ids, nets, sizes, [*methods, *CONTROL_LABELS])
    frame = pd.DataFrame(records, columns=keys)
    frame["class"] = frame["sample"].str.split("-").str[1]
    card = frame.groupby(keys[:3], sort=False).ngroup()
    cards = card.nunique()
    frame = frame.assign(
        mask_fraction=rng.uniform(0.01, 0.4, cards)[card],
        box_fraction=rng.uniform(0.01, 0.5, cards)[card],
        target=920,
        target_rank=np.where(rng.random(cards) < 0.1, np.nan, rng.permutation(cards) + 1.0)[card],
        target_probability=rng.random(cards)[card],
        training=frame["net"].isin(UNTRAINED).map({True: "untrained", False: "trained"}),
        target_recognised=pd.Series(pd.NA, frame.index, dtype="boolean"),
        output_activation="softmax",
        **{name: rng.random(len(frame)) for name in of_maps(METRICS)},
        status="ok",
    )
    undefined = (rng.random(len(frame)) < 0.1) & frame["method"].isin(methods)
    frame.loc[undefined, of_maps(METRICS)] = np.nan
    why = rng.choice(["zero_energy", "not_finite", "empty_mask"], undefined.sum())
    frame.loc[undefined, "status"] = why
    negligible = pd.Series(rng.random(len(frame)) < 0.1, dtype="boolean")
    frame["negligible_energy"] = negligible.mask(rng.random(len(frame)) < 0.1)
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


def _maps(folder: Path, sizes: Sequence[str], rng: np.random.Generator) -> list[str]:
    shards = []
    for net, size in product(NETS, sizes):
        shard = folder / net / size / METHODS[0] / "1-1"
        with checked_folder(shard) as draft:
            for method, (image_id, shape), name in product(METHODS, SHAPES.items(), CLASSES):
                (draft / method).mkdir(exist_ok=True)
                height, width = input_shape(size, *shape)
                saliency = rng.normal(size=(3, height, width)).astype(np.float32) ** 3
                np.save(draft / method / f"{sample_id(image_id, name)}.npy", saliency)
        shards.append(str(shard))
    return shards
