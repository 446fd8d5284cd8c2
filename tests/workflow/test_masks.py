"""A study of masks as pictures, one mask file per image and class."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lookwhere.datasets import masks
from lookwhere.datasets.samples import read_samples

from .conftest import SMALL

pytestmark = pytest.mark.slow

STUDY = SMALL | {
    "dataset": {"format": "masks", "annotations": "mine/masks", "images": "mine/images"},
    "sizes": [64],
    "pathvars": {"results": "results/mine"},
}


@pytest.fixture(scope="module")
def study(house):
    """The masks of the drawn sample, an indexed picture each."""
    house.build("results/samples.json", study=SMALL | {"images_per_class": 5, "sizes": [64]})
    (house.root / "mine/images").mkdir(parents=True)
    for sample in read_samples(house.root / "results/samples.json"):
        folder = house.root / "mine/masks" / sample.class_name
        folder.mkdir(parents=True, exist_ok=True)
        instances = sample.masks()
        indices = np.max([(1 + i) * mask for i, mask in enumerate(instances)], axis=0)
        Image.fromarray(indices.astype(np.uint8)).save(folder / f"{sample.image_id}.png")
        image = Image.open(house.root / "resources/sample/images" / sample.file)
        image.save(house.root / f"mine/images/{sample.image_id}.png")
    house.build(study=STUDY)
    return house


def test_its_masks_are_those_of_the_pictures(study):
    subset = pd.read_csv(study.root / "results/mine/subset.csv")
    assert subset["class"].tolist() == 2 * ["traffic light"] + 2 * ["clock"]
    for sample in read_samples(study.root / "results/mine/samples.json"):
        file = study.root / f"mine/masks/{sample.class_name}/{sample.image_id}.png"
        indices = np.asarray(Image.open(file))
        expected = [indices == index for index in np.unique(indices)[1:]]
        assert np.array_equal(sample.masks(), expected)


def test_its_study_is_complete(study):
    assert len(study.energy("results/mine")) == 4 * 5
    assert set(study.energy("results/mine")["status"]) <= {"ok", "zero_energy"}
    assert (study.root / "results/mine/gallery/index.html").exists()


def test_a_change_of_a_mask_selects_the_samples_again(study):
    assert study.planned(STUDY) == []
    file = next((study.root / "mine/masks/clock").glob("*.png"))
    before = file.read_bytes()
    masks.write(np.asarray(Image.open(file)) == 0, file)
    planned = {job.split()[0] for job in study.planned(STUDY)}
    file.write_bytes(before)
    assert {"select_subset", "dilate_masks", "compute_maps"} <= planned


def test_an_image_that_arrives_later_selects_the_samples_again(study):
    assert study.planned(STUDY) == []
    file = study.root / "mine/images/arrived.png"
    Image.new("RGB", (40, 30)).save(file)
    assert {"select_subset", "list_classes"} <= {job.split()[0] for job in study.planned(STUDY)}
    file.unlink()
    assert study.planned(STUDY) == []
