"""COCO panoptic annotations, compared with the picture that they are drawn from."""

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import base
from lookwhere.errors import StudyError
from lookwhere.io.receipts import Digests

from .studies import spans

DOG, SKY = 18, 187
HEIGHT, WIDTH = 20, 30
IDS = {"first": 7, "second": 300, "third": 70_000, "sky": 3}  # of 1, 2 and 3 bytes


def pixels():
    """The names of segments (H, W) in an image: two dogs and a crowd below the sky."""
    names = np.full((HEIGHT, WIDTH), "sky", dtype=object)
    names[5:9, 2:8] = "first"
    names[10:18, 12:20] = "second"
    names[15:20, 22:30] = "third"
    return names


@pytest.fixture
def annotations(tmp_path):
    """The panoptic file of three equal images, beside its folder of PNGs."""
    names, folder = pixels(), tmp_path / "panoptic_val2017"
    folder.mkdir()
    ids = np.vectorize(IDS.get)(names)
    colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
    segments = [
        {"id": IDS["first"], "category_id": DOG, "iscrowd": 0, "bbox": [2, 5, 6, 4]},
        {"id": IDS["second"], "category_id": DOG, "iscrowd": 0, "bbox": [12, 10, 8, 8]},
        {"id": IDS["third"], "category_id": DOG, "iscrowd": 1, "bbox": [22, 15, 8, 5]},
        {"id": IDS["sky"], "category_id": SKY, "iscrowd": 0, "bbox": [0, 0, 30, 20]},
    ]
    for number in range(3):
        Image.fromarray(colours).save(folder / f"{number}.png")
    content = {
        "images": [
            {"id": n, "file_name": f"{n}.jpg", "width": WIDTH, "height": HEIGHT} for n in range(3)
        ],
        "annotations": [
            {"image_id": n, "file_name": f"{n}.png", "segments_info": segments} for n in range(3)
        ],
        "categories": [
            {"id": DOG, "name": "dog", "isthing": 1},
            {"id": SKY, "name": "sky", "isthing": 0},
        ],
    }
    path = tmp_path / "panoptic_val2017.json"
    path.write_text(json.dumps(content))
    return path


def load(path, **choices):
    return base.load("panoptic", path, path.parent, choices)


def test_segments_of_things_are_instances(annotations, caplog):
    data = load(annotations)
    assert list(data.classes()) == ["dog"]
    for sample in base.select(data, spans(["dog"], 3), 0):
        expected = [pixels() == name for name in ("first", "second")]
        assert np.array_equal(sample.masks(), expected)
        assert (sample.crowds, sample.bbox_iou) == (1, 1)
    assert "Warning" not in caplog.text


def test_crowds_may_count(annotations):
    [sample] = base.select(load(annotations, crowds="count"), spans(["dog"], 1), 0)
    assert np.array_equal(sample.masks()[2], pixels() == "third")


def test_an_order_of_images_is_that_of_the_instances_file(annotations):
    """The same category, images and seed: a study may change from one to the other."""
    instances = json.loads(annotations.read_text())
    polygon = [1, 1, 9, 1, 9, 9]
    instances["annotations"] = [
        {"id": n, "image_id": n, "category_id": DOG, "segmentation": [polygon]} for n in range(3)
    ]
    path = annotations.with_name("instances.json")
    path.write_text(json.dumps(instances))
    for seed in range(5):
        drawn = [
            base.select(data, spans(["dog"], 1), seed)[0].image_id
            for data in (load(annotations), base.load("coco", path, path.parent))
        ]
        assert drawn[0] == drawn[1]


@pytest.mark.parametrize("name", ["val.v1.json", "val.v1.json.gz", "VAL.JSON"])
def test_the_folder_of_the_pngs_has_the_name_of_the_file(annotations, name):
    """So has the digest, which changes with them."""
    path, folder = annotations.with_name(name), annotations.with_suffix("")
    content = annotations.read_bytes()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    folder = folder.rename(folder.with_name(name.removesuffix(".gz")[: -len(".json")]))
    assert len(base.select(load(path), spans(["dog"], 3), 0)) == 3
    before = Digests().of_path(path)
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "1.png")
    assert Digests().of_path(path) != before


def test_damaged_entries_that_the_study_does_not_use_are_left_out(annotations):
    content = json.loads(annotations.read_text())
    content["annotations"] += [None, {"image_id": 2}, {"image_id": 1, "segments_info": [None]}]
    content["categories"].append(None)
    annotations.write_text(json.dumps(content))
    assert len(base.select(load(annotations), spans(["dog"], 3), 0)) == 3


def test_missing_pngs_are_reported(annotations):
    annotations.with_name("panoptic_val2017").rename(annotations.with_name("elsewhere"))
    with pytest.raises(
        StudyError, match=r"panoptic_val2017', the folder with the PNGs of .*unpack"
    ):
        load(annotations)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("missing", "does not exist: check dataset.annotations"),
        ("text", "is not a picture .*: replace it"),
        ("of another size", "has 30 x 21 pixels.*: replace it"),
    ],
)
def test_a_damaged_png_is_reported(annotations, damage, message):
    for path in annotations.with_name("panoptic_val2017").iterdir():
        if damage == "missing":
            path.unlink()
        elif damage == "text":
            path.write_text("no picture")
        else:
            Image.new("RGB", (WIDTH, HEIGHT + 1)).save(path)
    with pytest.raises(StudyError, match=rf"panoptic_val2017/\d\.png' {message}"):
        base.select(load(annotations), spans(["dog"], 1), 0)


def test_an_instances_file_is_reported(annotations):
    annotations.write_text('{"images": [], "annotations": [{"id": 1}], "categories": []}')
    with pytest.raises(StudyError, match=r"no COCO panoptic file .*use dataset.format: coco"):
        load(annotations)
