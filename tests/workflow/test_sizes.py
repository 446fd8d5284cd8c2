"""A study at every kind of size, on a wide image of which a crop loses the object, and others."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lookwhere.charts.style import FORMATS
from lookwhere.datasets.samples import read_samples

from .conftest import SMALL

pytestmark = pytest.mark.slow

SIZES = ["original", "64", "short-64", "crop-64", "pad-64"]
STUDY = SMALL | {
    "dataset": {"annotations": "mine/instances.json", "images": "mine/images"},
    "methods": ["backpropagation", "grad_cam"],
    "sizes": SIZES,
    "pathvars": {"results": "results/mine"},
}
WIDE = "000000000002-traffic_light"


@pytest.fixture(scope="module")
def results(house):
    """Four drawn images, the first of them with a meadow at its right, twice as wide as itself."""
    house.build("results/samples.json", study=SMALL)
    drawn = json.loads((house.root / "resources/sample/instances.json").read_text("utf-8"))
    categories = {2: 10, 9: 10, 3: 85, 6: 85}  # traffic lights and clocks, by image
    kept = [image for image in drawn["images"] if image["id"] in categories]
    (house.root / "mine/images").mkdir(parents=True)
    for image in kept:
        with Image.open(house.root / "resources/sample/images" / image["file_name"]) as picture:
            if image["id"] == 2:
                image["width"] = 3 * picture.width
            canvas = Image.new("RGB", (image["width"], image["height"]), "olivedrab")
            canvas.paste(picture)
        canvas.save(house.root / "mine/images" / image["file_name"])
    annotations = [
        each
        for each in drawn["annotations"]
        if categories.get(each["image_id"]) == each["category_id"]
    ]
    content = drawn | {"images": kept, "annotations": annotations}
    (house.root / "mine/instances.json").write_text(json.dumps(content), "utf-8")
    house.build(study=STUDY)
    return house.root / "results/mine"


def test_maps_have_the_shape_of_the_input(results):
    for sample in read_samples(results / "samples.json"):
        shorter, longer = sorted([sample.height, sample.width])
        long = int(64 * longer / shorter)
        short = (64, long) if sample.height < sample.width else (long, 64)
        shapes = {"original": (sample.height, sample.width), "short-64": short}
        for size in SIZES:
            [file] = (results / "saliency/squeezenet/grad_cam" / size).glob(f"*/{sample.id}.npy")
            assert np.load(file).shape == (1, *shapes.get(size, (64, 64)))


def test_the_mask_is_where_the_size_places_it(results):
    """From the masks in the size of the image: shares of their own pixels, up to the resize."""
    measures = pd.read_parquet(results / "measures.parquet")
    fractions = measures.groupby(["sample", "size"], observed=True)["mask_fraction"].first()
    for sample in read_samples(results / "samples.json"):
        mask = np.asarray(Image.open(results / "masks" / f"{sample.id}.png")) > 0
        height, width = mask.shape
        shorter, longer = sorted(mask.shape)
        side = shorter * 224 / 256
        rows, columns = (
            slice(round((length - side) / 2), round((length + side) / 2))
            for length in (height, width)
        )
        expected = {
            "original": mask.mean(),
            "64": mask.mean(),
            "short-64": mask.mean(),
            "crop-64": mask[rows, columns].mean(),
            "pad-64": mask.mean() * shorter / longer,
        }
        for size in SIZES:
            assert fractions[sample.id, size] == pytest.approx(expected[size], rel=0.1), size


def test_a_lost_object_is_an_empty_mask_that_all_count(results):
    energy = pd.read_parquet(results / "energy.parquet")
    lost = (energy["sample"] == WIDE) & (energy["size"] == "crop-64")
    assert set(energy.loc[lost, "status"]) == {"empty_mask"}
    assert set(energy.loc[~lost, "status"]) <= {"ok", "zero_energy"}
    listed = pd.read_csv(results / "undefined.csv")
    of_crop = listed[listed["status"] == "empty_mask"]
    assert set(of_crop["sample"]) == {WIDE}
    assert set(of_crop["size"]) == {"crop-64"}
    methods = {"backpropagation", "grad_cam", "centre", "sobel", "noise"}
    assert set(of_crop["method"]) == methods
    table = pd.read_csv(results / "tables/concentration_by_size.csv").set_index(["size", "method"])
    counted = pd.read_csv(results / "tables/undefined.csv")
    counted = counted[counted["status"] == "empty_mask"]
    assert dict(zip(counted["method"], counted["records"], strict=True)) == dict.fromkeys(
        methods, 1
    )
    for size in SIZES:
        for method in methods & set(table.loc[size].index):
            reasons = str(table.loc[(size, method), "reasons"])
            assert ("1 empty_mask" in reasons) == (size == "crop-64")


def test_the_gallery_names_the_lost_object(results):
    page = (results / "gallery/index.html").read_text("utf-8")
    [text] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    data = json.loads(text)
    assert data["size_labels"][3] == "64 \u00d7 64, cropped"
    cards = [(sample, size) for sample in data["samples"]["id"] for size in data["sizes"]]
    statuses = iter(data["maps"]["status"])
    for sample, size in cards:
        for _ in data["methods"]:
            is_empty = data["statuses"][next(statuses)] == "the mask is empty at this size"
            assert is_empty == ((sample, size) == (WIDE, "crop-64"))


def test_figures_are_drawn_at_every_size(results):
    for suffix in FORMATS:
        for name in ("concentration_by_size", "comparison", "dilation_sweep"):
            assert (results / "figures" / f"{name}.{suffix}").stat().st_size
        for size in SIZES:
            figure = results / "figures" / f"concentration_by_net_{size}.{suffix}"
            assert figure.stat().st_size
    for size in SIZES:
        assert list((results / "figures/maps/squeezenet/grad_cam" / size).glob("*-overlay.png"))
