"""Another class of the study in the image of a sample."""

import json

import numpy as np
import pytest

from lookwhere.datasets import base, others
from lookwhere.datasets.selections import Span
from lookwhere.io.results import checked_folder

CLASSES = ["dog", "cat", "bus"]
TARGETS = {"dog": [0, 1], "cat": [2], "bus": [3]}


def square(left: int) -> list:
    return [[left, 2, left + 10, 2, left + 10, 12, left, 12]]


@pytest.fixture
def data(tmp_path):
    """Images 1 to 3 of dogs; 1 also shows a cat, 2 a cat and a bus, 3 a box of a cat."""
    present = {1: ["dog", "cat"], 2: ["dog", "cat", "bus"], 3: ["dog", "boxed"]}
    annotations = []
    for image, names in present.items():
        for place, name in enumerate(names):
            annotation = {"id": len(annotations), "image_id": image, "iscrowd": 0}
            region = {"bbox": [0, 0, 5, 5]} if name == "boxed" else {}
            if name != "boxed":
                region = {"segmentation": square(15 * place)}
            category = CLASSES.index("cat" if name == "boxed" else name)
            annotations.append(annotation | region | {"category_id": category})
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 50, "height": 20} for n in present]
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    path = tmp_path / "instances.json"
    path.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )
    return base.load("coco", path, tmp_path)


def dogs(data):
    return base.select(data, [Span("dog", 0, 3)], 0)


def test_it_is_a_class_of_the_study_that_could_be_drawn_in_the_image(data):
    """Image 3 has a box of a cat, without a mask: no other class there."""
    chosen = others.choose(data, dogs(data), TARGETS, 0)
    assert {name: each.class_name for name, each in chosen.items()} in (
        {"000000000001-dog": "cat", "000000000002-dog": other} for other in ("cat", "bus")
    )
    [mask] = chosen["000000000001-dog"].masks()
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 11, 15, 24)


def test_classes_outside_the_study_are_none(data):
    chosen = others.choose(data, dogs(data), {"dog": [0], "bus": [1]}, 0)
    assert {name: each.class_name for name, each in chosen.items()} == {"000000000002-dog": "bus"}


def test_of_several_the_seed_decides(data):
    drawn = [
        others.choose(data, dogs(data), TARGETS, seed)["000000000002-dog"].class_name
        for seed in range(20)
    ]
    assert set(drawn) == {"cat", "bus"}
    turned = dict(reversed(TARGETS.items()))
    assert drawn[0] == others.choose(data, dogs(data), turned, 0)["000000000002-dog"].class_name


def test_a_class_that_shares_a_target_is_none(data):
    """One map may explain both."""
    chosen = others.choose(data, dogs(data), TARGETS | {"cat": [1, 2]}, 0)
    assert {name: each.class_name for name, each in chosen.items()} == {"000000000002-dog": "bus"}
    assert not others.choose(data, dogs(data), {name: [0, 1, 2] for name in CLASSES}, 0)


def test_masks_follow_the_pixels_of_reduced_images(data):
    samples = base.select(data, [Span("dog", 0, 3)], 0, max_pixels=250)
    chosen = others.choose(data, samples, TARGETS, 0, max_pixels=250)
    other = chosen["000000000001-dog"]
    assert (other.width, other.height) == (samples[0].width, samples[0].height) == (25, 10)


def test_the_classes_are_read_as_they_were_written(tmp_path):
    classes = {"000000000001-dog": "Verkehrsampel ü"}
    with checked_folder(tmp_path / "others") as draft:
        others.write_classes(classes, draft)
    assert others.read_classes(tmp_path / "others") == classes
