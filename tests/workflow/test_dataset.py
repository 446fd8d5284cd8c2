"""The data set before any net, and studies of all its images, as a user meets them."""

import csv
import json
import re

import pytest

from .conftest import SMALL

pytestmark = pytest.mark.slow

ALL = SMALL | {"images_per_class": "all", "pathvars": {"results": "results/all"}}
OF_DATASET = ["list_classes", "select_subset", "dilate_masks", "list_samples", "show_dataset"]


def rows(house, name):
    with (house.root / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_before_the_annotations_are_there_the_message_names_the_command(house):
    run = house.run("dataset", study=ALL)
    assert run.returncode != 0
    assert "which is not there yet: run snakemake draw_sample first" in run.stderr


@pytest.fixture(scope="module")
def first(house):
    """The data set of a fresh clone, with all images of its classes."""
    house.build("draw_sample", study=ALL)
    assert not (house.root / "results/all/provenance/selections.json").exists()
    run = house.run("--cores", "2", "dataset", study=ALL)
    assert run.returncode == 0, run.stderr[-6000:]
    return run.stderr


def test_all_images_are_samples(house, first):
    listed = {
        row["class"]: int(row["images"]) for row in rows(house, "results/all/dataset/classes.csv")
    }
    assert len(listed) == 6
    subset = [row["class"] for row in rows(house, "results/all/subset.csv")]
    assert {name: subset.count(name) for name in listed} == {
        name: count if name in ("traffic light", "clock") else 0 for name, count in listed.items()
    }
    annotations = json.loads((house.root / "resources/sample/instances.json").read_text())
    ids = {entry["name"]: entry["id"] for entry in annotations["categories"]}
    for name, count in listed.items():
        entries = [e for e in annotations["annotations"] if e["category_id"] == ids[name]]
        assert count == len({entry["image_id"] for entry in entries})


def test_the_screen_shows_the_classes_and_where_the_rest_is(first):
    assert re.search(r"^class +samples +can be drawn +left out", first, re.M)
    assert re.search(r"^traffic light +34 +34 +", first, re.M)
    assert re.search(r" results/all/dataset/index.html$", first, re.M)
    assert re.search(r" results/all/dataset/contact_sheet.png$", first, re.M)
    assert max(map(len, first.splitlines())) < 200


def test_images_are_counted_once(house, first):
    assert first.count("Counting the images of 2 classes") == 1
    again = house.run("dataset", study=ALL)
    assert "Nothing to be done" in again.stderr
    assert "Counting" not in again.stderr
    assert re.search(r"^traffic light +34 +34 +", again.stderr, re.M)
    changed = house.run("--dry-run", "dataset", study=ALL | {"dataset": {"crowds": "count"}})
    assert "Counting the images of 2 classes" in changed.stdout + changed.stderr


def test_no_net_is_needed(house, first):
    jobs = house.run("dataset", "--dry-run", "--forceall", study=SMALL)
    assert jobs.returncode == 0, jobs.stderr
    planned = set(re.findall(r"^rule (\w+):", jobs.stdout + jobs.stderr, re.M))
    assert planned == {"draw_sample", "dataset", *OF_DATASET}


def test_a_class_without_images_ends_with_its_message_and_the_classes_are_listed(house, first):
    annotations = json.loads((house.root / "resources/sample/instances.json").read_text())
    annotations["categories"].append({"id": 99, "name": "giraffe"})
    (house.root / "own.json").write_text(json.dumps(annotations))
    study = ALL | {
        "dataset": {"annotations": "own.json", "images": "resources/sample/images"},
        "classes": [*SMALL["classes"], {"name": "giraffe", "target": 1}],
        "pathvars": {"results": "results/giraffe"},
    }
    run = house.run("dataset", study=study)
    assert run.returncode != 0
    ending = run.stderr[run.stderr.index("Failed: samples") :]
    assert "class 'giraffe' has 0 images with an instance that can be used; leave the" in ending
    assert rows(house, "results/giraffe/dataset/classes.csv")[2]["images"] == "0"


def test_annotations_that_cannot_be_counted_end_the_run_with_their_error(house, first):
    (house.root / "own.json").write_text("{")
    study = ALL | {"dataset": {"annotations": "own.json", "images": "resources/sample/images"}}
    run = house.run("results/all/samples/1.json", study=study)
    assert run.returncode != 0
    assert "annotations 'own.json' are not whole JSON" in run.stderr
