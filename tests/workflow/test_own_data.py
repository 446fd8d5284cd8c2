"""A data set in a user's format, from one file: docs/how-to/add-a-data-set.md."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lookwhere.datasets import masks
from lookwhere.datasets.samples import read_samples

from .conftest import REPOSITORY, SMALL

pytestmark = pytest.mark.slow

STUDY = SMALL | {
    "dataset": {
        "format": "mine/pictures.py:pictures",
        "annotations": "mine/masks",
        "images": "mine/images",
    },
    "sizes": [64],
    "pathvars": {"results": "results/mine"},
}


@pytest.fixture(scope="module")
def study(house):
    """The masks of the drawn sample as pictures."""
    sample_study = SMALL | {"images_per_class": 5, "sizes": [64]}
    house.build("results/samples.json", study=sample_study)
    page = (REPOSITORY / "docs/how-to/add-a-data-set.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (house.root / "mine/images").mkdir(parents=True)
    (house.root / "mine/pictures.py").write_text(code)
    for sample in read_samples(house.root / "results/samples.json"):
        folder = house.root / "mine/masks" / sample.class_name
        folder.mkdir(parents=True, exist_ok=True)
        mask = np.logical_or.reduce(sample.masks())
        masks.write(mask, folder / f"{sample.image_id}.png")
        image = Image.open(house.root / "resources/sample/images" / sample.file)
        image.save(house.root / f"mine/images/{sample.image_id}.png")
    house.build(study=STUDY)
    return house


def test_its_samples_have_the_masks_of_the_pictures(study):
    subset = pd.read_csv(study.root / "results/mine/subset.csv")
    assert subset["class"].tolist() == 2 * ["traffic light"] + 2 * ["clock"]
    for sample in read_samples(study.root / "results/mine/samples.json"):
        file = study.root / "mine/masks" / sample.class_name / f"{sample.image_id}.png"
        assert np.array_equal(sample.masks(), [np.asarray(Image.open(file)) > 0])


def test_its_study_is_complete(study):
    results = study.root / "results/mine"
    energy = study.energy("results/mine")
    assert len(energy) == 4 * 5
    assert set(energy["status"]) <= {"ok", "zero_energy"}
    assert (results / "figures/concentration.png").exists()
    assert (results / "gallery/index.html").exists()


def test_a_change_of_a_mask_selects_the_samples_again(study):
    assert study.planned(STUDY) == []
    file = next((study.root / "mine/masks/clock").glob("*.png"))
    mask = np.asarray(Image.open(file)) > 0
    masks.write(~mask, file)
    planned = {job.split()[0] for job in study.planned(STUDY)}
    masks.write(mask, file)
    assert {"select_subset", "dilate_masks", "compute_maps"} <= planned


def test_errors_of_the_configuration_have_a_way_out(study):
    for changes, message in (
        ({"format": "mine/pictures.py:picture"}, "no dataset 'picture'; did you mean 'pictures'?"),
        ({"format": "mine/none.py:pictures"}, "'mine/none.py' does not exist; give the path"),
        ({"annotations": "mine/none"}, "dataset.annotations: 'mine/none' does not exist"),
    ):
        run = study.run("-n", study=STUDY | {"dataset": STUDY["dataset"] | changes})
        assert run.returncode != 0
        assert message in run.stdout + run.stderr
        assert "Traceback" not in run.stdout + run.stderr
    classes = [*STUDY["classes"], {"name": "pizz", "target": 1}]
    run = study.run("results/mine/subset.csv", study=STUDY | {"classes": classes})
    assert "class 'pizz' is not a category of the annotations; valid: " in run.stdout + run.stderr
