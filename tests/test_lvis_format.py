"""LVIS: names of files in addresses, and classes that are not annotated exhaustively."""

import json
import logging

import numpy as np
import pytest

from lookwhere.datasets import base
from lookwhere.errors import StudyError

from .formats import HEIGHT, WIDTH, rectangle, regions_of, reports, save_image, select

CLASSES = {1: "aerosol_can", 2: "air_conditioner"}


@pytest.fixture
def root(tmp_path):
    """Three images of both classes; of one, further cans are not annotated."""
    images = [
        {
            "id": number,
            "coco_url": f"http://images.cocodataset.org/{folder}/{number:012d}.jpg",
            "width": WIDTH,
            "height": HEIGHT,
            "license": 3,
            "neg_category_ids": [],
            "not_exhaustive_category_ids": [1] if number == 397133 else [],
        }
        for number, folder in ((139, "val2017"), (397133, "val2017"), (9, "train2017"))
    ]
    annotations = [
        {
            "id": 10 * image["id"] + category,
            "image_id": image["id"],
            "category_id": category,
            "segmentation": [[3, 2, 12, 2, 12, 10, 3, 10]],
            "bbox": [3, 2, 9, 8],
            "area": 72,
        }
        for image in images
        for category in CLASSES
    ]
    categories = [
        {"id": key, "name": name, "synset": f"{name}.n.01", "frequency": "c"}
        for key, name in CLASSES.items()
    ]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (tmp_path / "lvis_v1_val.json").write_text(json.dumps(content))
    for name in ("val2017/000000000139", "val2017/000000397133", "train2017/000000000009"):
        save_image(tmp_path / f"images/{name}.jpg")
    return tmp_path


def find(root, classes):
    return select("lvis", root / "lvis_v1_val.json", root / "images", classes)


def test_files_are_those_of_the_addresses(root):
    samples = find(root, {"air_conditioner": 3})
    assert [sample.file for sample in samples.values()] == [
        "train2017/000000000009.jpg",
        "val2017/000000000139.jpg",
        "val2017/000000397133.jpg",
    ]
    for sample in samples.values():
        assert np.array_equal(sample.masks(), [rectangle(2, 3, 10, 12)])


def test_images_with_further_objects_are_left_out_for_the_class_alone(root, caplog):
    caplog.set_level(logging.INFO)
    assert [image_id for image_id, _ in find(root, {"aerosol_can": 2})] == [9, 139]
    assert reports(caplog, "aerosol_can", "not exhaustively annotated")
    with pytest.raises(StudyError, match=r"'aerosol_can' has 2 images .* not exhaustively"):
        find(root, {"aerosol_can": 3})


def test_the_region_is_the_polygon(root, tmp_path):
    folders = root / "lvis_v1_val.json", root / "images"
    for region in regions_of("lvis", *folders, {"aerosol_can": 2}, tmp_path).values():
        assert np.array_equal(region.mask, rectangle(2, 3, 10, 12))


def test_a_file_of_coco_is_refused(root):
    path = root / "lvis_v1_val.json"
    path.write_text(path.read_text().replace("not_exhaustive_category_ids", "none"))
    with pytest.raises(StudyError, match=r"which LVIS' files have: use dataset\.format: coco"):
        base.load("lvis", path, root / "images")
