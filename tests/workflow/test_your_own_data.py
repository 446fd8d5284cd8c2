"""docs/how-to/your-own-data.md to the letter: its files, its study, its commands."""

import re
import shlex
import shutil
import subprocess

import pandas as pd
import pytest
import yaml
from PIL import Image

from lookwhere.datasets import masks
from lookwhere.datasets.samples import read_samples

from .conftest import REPOSITORY, SMALL

pytestmark = pytest.mark.slow

PAGE = (REPOSITORY / "docs/how-to/your-own-data.md").read_text("utf-8")
BEFORE, _, AFTER = PAGE.partition("## 3. Write the study file")
[COPY] = re.findall(r"^cp .+$", BEFORE, re.MULTILINE)
STUDY, *_ = re.findall(r"```yaml\n(.*?)```", AFTER, re.DOTALL)
COMMANDS = re.findall(r"^snakemake .+$", AFTER, re.MULTILINE)
RESULTS = re.findall(r"`(results/mine/[^`]+)`", AFTER)


@pytest.fixture(scope="module")
def folder(house):
    """Photographs and masks in the layout of the page: the scenes of the drawn sample."""
    classes = [{"name": "pizza", "target": 4}, {"name": "clock", "target": 5}]
    house.build("results/samples.json", study=SMALL | {"classes": classes, "images_per_class": 5})
    (house.root / "mine/photos").mkdir(parents=True)
    for sample in read_samples(house.root / "results/samples.json"):
        image = Image.open(house.root / "resources/sample/images" / sample.file)
        image.save(house.root / f"mine/photos/IMG_{sample.image_id}.jpg")
        instances = sample.masks()
        for number, mask in enumerate(instances):
            name = f"_{number}" if len(instances) > 1 else ""
            file = house.root / f"mine/masks/{sample.class_name}/IMG_{sample.image_id}{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            masks.write(mask, file)
    subprocess.run(shlex.split(COPY), cwd=house.root, check=True)
    return house


@pytest.fixture(scope="module")
def results(folder):
    """The results of the commands of the page, in their order."""
    shutil.rmtree(folder.root / "results")
    (folder.root / "studies/mine.yaml").write_text(STUDY)
    for command in COMMANDS:
        folder.build(*shlex.split(command)[1:])
    return folder.root / "results/mine"


def test_the_page_has_its_commands():
    assert [shlex.split(command)[1] for command in COMMANDS] == [
        "dataset",
        "results/mine/figures/concentration.png",
        "--configfile",
    ]


def test_the_files_that_the_page_names_are_there(results, folder):
    assert len(set(RESULTS)) >= 4
    for name in RESULTS:
        assert (folder.root / name).is_file(), name


def test_every_mask_is_in_the_study(results, folder):
    subset = pd.read_csv(results / "subset.csv")
    for entry in yaml.safe_load(STUDY)["classes"]:
        of_class = subset[subset["class"] == entry["name"]]
        files = list((folder.root / "mine/masks" / entry["name"]).iterdir())
        assert of_class["instances"].sum() == len(files)
        assert len(of_class) == 5
