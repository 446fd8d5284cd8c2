"""A data set in a user's format, from one file: docs/how-to/add-a-data-set.md."""

import json
import re
from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lookwhere.datasets.samples import read_samples

from .conftest import REPOSITORY, SMALL

pytestmark = pytest.mark.slow

STUDY = SMALL | {
    "dataset": {
        "format": "mine/labelme.py:labelme",
        "annotations": "mine/labels",
        "images": "mine/images",
    },
    "sizes": [64],
    "pathvars": {"results": "results/mine"},
}


@pytest.fixture(scope="module")
def study(house):
    """The boxes of the drawn sample as polygons."""
    sample_study = SMALL | {"images_per_class": 5, "sizes": [64]}
    house.build("results/samples.json", study=sample_study)
    page = (REPOSITORY / "docs/how-to/add-a-data-set.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (house.root / "mine/images").mkdir(parents=True)
    (house.root / "mine/labels").mkdir()
    (house.root / "mine/labelme.py").write_text(code)
    shapes = defaultdict(list)
    for sample in read_samples(house.root / "results/samples.json"):
        for mask in sample.masks():
            rows, columns = np.nonzero(mask)
            corners = product((columns.min(), columns.max()), (rows.min(), rows.max()))
            (a, b, c, d) = [[int(x), int(y)] for x, y in corners]
            shapes[sample].append({"label": sample.class_name, "points": [a, b, d, c]})
    for sample, of_sample in shapes.items():
        image = Image.open(house.root / "resources/sample/images" / sample.file)
        image.save(house.root / f"mine/images/scene {sample.id}.png")
        content = {
            "imagePath": f"scene {sample.id}.png",
            "imageWidth": sample.width,
            "imageHeight": sample.height,
            "shapes": of_sample,
        }
        (house.root / f"mine/labels/scene {sample.id}.json").write_text(json.dumps(content))
    house.build(study=STUDY)
    return house


def test_its_samples_have_the_polygons(study):
    subset = pd.read_csv(study.root / "results/mine/subset.csv")
    assert subset["class"].tolist() == 2 * ["traffic light"] + 2 * ["clock"]
    for sample in read_samples(study.root / "results/mine/samples.json"):
        content = json.loads((study.root / f"mine/labels/{sample.image_id}.json").read_text())
        assert len(sample.masks()) == len(content["shapes"])
        for mask, shape in zip(sample.masks(), content["shapes"], strict=True):
            (left, top), _, (right, bottom), _ = shape["points"]
            expected = np.zeros_like(mask)
            expected[top : bottom + 1, left : right + 1] = True
            assert np.array_equal(mask, expected)


def test_its_study_is_complete(study):
    results = study.root / "results/mine"
    energy = study.energy("results/mine")
    assert len(energy) == 4 * 5
    assert set(energy["status"]) <= {"ok", "zero_energy"}
    assert (results / "figures/concentration.png").exists()
    assert (results / "gallery/index.html").exists()


def test_a_change_of_an_annotation_selects_the_samples_again(study):
    assert study.planned(STUDY) == []
    file = next((study.root / "mine/labels").glob("*.json"))
    before = file.read_text()
    file.write_text(before.replace('"label": "clock"', '"label": "bird"') + " ")
    planned = {job.split()[0] for job in study.planned(STUDY)}
    file.write_text(before)
    assert {"select_subset", "dilate_masks", "compute_maps"} <= planned


def test_errors_of_the_configuration_have_a_way_out(study):
    for changes, message in (
        ({"format": "mine/labelme.py:labelm"}, "no dataset 'labelm'; did you mean 'labelme'?"),
        ({"format": "mine/none.py:labelme"}, "'mine/none.py' does not exist; give the path"),
        ({"annotations": "mine/none"}, "dataset.annotations: 'mine/none' does not exist"),
    ):
        run = study.run("-n", study=STUDY | {"dataset": STUDY["dataset"] | changes})
        assert run.returncode != 0
        assert message in run.stdout + run.stderr
        assert "Traceback" not in run.stdout + run.stderr
    classes = [*STUDY["classes"], {"name": "pizz", "target": 1}]
    run = study.run("results/mine/subset.csv", study=STUDY | {"classes": classes})
    assert "class 'pizz' is not in the annotations; valid: " in run.stdout + run.stderr
