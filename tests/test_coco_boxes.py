"""Masks beside the bbox of their annotations: real ones agree, and each usual fault is reported."""

import copy
import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from lookwhere.datasets import base
from lookwhere.datasets.coco_boxes import box_iou

SIDES = [
    (10, 20, 60, 25),
    (30, 5, 20, 40),
    (12, 14, 50, 30),
    (60, 30, 30, 50),
]  # x, y, width, height
HEIGHT, WIDTH = 90, 120


def polygon(x, y, width, height):
    return [x, y, x + width, y, x + width, y + height, x, y + height]


@pytest.fixture
def instances():
    """Four images with a rectangle each, and their boxes."""
    return {
        "images": [
            {"id": n, "file_name": f"{n}.jpg", "width": WIDTH, "height": HEIGHT}
            for n, _ in enumerate(SIDES)
        ],
        "annotations": [
            {
                "id": 100 + n,
                "image_id": n,
                "category_id": 1,
                "segmentation": [polygon(*sides)],
                "bbox": list(sides),
            }
            for n, sides in enumerate(SIDES)
        ],
        "categories": [{"id": 1, "name": "dog"}],
    }


@pytest.fixture
def select(tmp_path):
    def select(instances):
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(instances))
        data = base.load("coco", path, tmp_path)
        pools = data.images(["dog"])
        return list(data.samples({"dog": list(pools["dog"])}))

    return select


def percent(annotation):
    points = annotation["segmentation"][0]
    annotation["segmentation"] = [
        [100 * n / length for n, length in zip(points, [WIDTH, HEIGHT] * 4, strict=True)]
    ]


def normalise(annotation):
    percent(annotation)
    annotation["segmentation"] = [[n / 100 for n in annotation["segmentation"][0]]]


def exchange_axes(annotation):
    points = annotation["segmentation"][0]
    annotation["segmentation"] = [[points[i ^ 1] for i in range(8)]]


def run_in_rows(annotation):
    runs = coco_mask.merge(coco_mask.frPyObjects(annotation["segmentation"], HEIGHT, WIDTH))
    pixels = coco_mask.decode(runs).ravel()  # row by row
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff([0, *edges, pixels.size]).tolist()
    annotation["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": counts}


def enlarge(annotation):
    annotation["segmentation"] = [[2 * n for n in annotation["segmentation"][0]]]


FAULTS = [percent, normalise, exchange_axes, run_in_rows, enlarge]


def test_sound_masks_agree_with_their_boxes(instances, select, caplog):
    assert [sample.bbox_iou for sample in select(instances)] == [1, 1, 1, 1]
    assert caplog.text == ""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_masks_elsewhere_than_their_boxes_are_reported_with_examples(
    instances, select, fault, caplog
):
    for annotation in instances["annotations"]:
        fault(annotation)
    samples = select(instances)
    wrong = [sample for sample in samples if sample.bbox_iou < 0.5]
    assert len(wrong) >= 2
    assert f"{len(wrong)} of 4 masks lie elsewhere than the bbox of their annot" in caplog.text
    for sample in wrong[:3]:
        example = f"annotation {100 + sample.image_id} of image {sample.image_id} (IoU "
        assert f"{example}{sample.bbox_iou:.2f})" in caplog.text
    assert caplog.text.count("(IoU 0.") == min(len(wrong), 3)
    if fault is normalise:
        assert "have no pixel" in caplog.text


def test_the_least_of_a_samples_masks_is_recorded(instances, select):
    instances["annotations"].append(copy.deepcopy(instances["annotations"][0]) | {"id": 7})
    instances["annotations"][-1]["bbox"] = [10, 20, 60, 50]  # twice as high
    assert select(instances)[0].bbox_iou == 0.5


SILENT = {
    "no box": None,
    "damaged box": [1, 2, 3],
    "box without area": [0, 0, 0, 0],
    "box that is nan": [float("nan")] * 4,
}


@pytest.mark.parametrize("bbox", SILENT.values(), ids=SILENT.keys())
def test_without_a_box_nothing_is_compared(instances, select, bbox, caplog):
    for annotation in instances["annotations"]:
        annotation["bbox"] = bbox
    assert [sample.bbox_iou for sample in select(instances)] == [None] * 4
    assert caplog.text == ""


def test_small_masks_are_not_compared(instances, select):
    small = {"segmentation": [polygon(1, 1, 5, 5)], "bbox": [50, 50, 9, 9]}
    instances["annotations"][0] |= small
    assert select(instances)[0].bbox_iou is None


@pytest.mark.parametrize("seed", range(50))
def test_the_iou_of_boxes_is_that_of_pycocotools(seed):
    rng = np.random.default_rng(seed)
    one, other = rng.uniform(0, 10, (2, 4)) + 0.1
    [[expected]] = coco_mask.iou([one], [other], [0])
    assert box_iou(one, other) == pytest.approx(expected)


def test_real_masks_agree_with_their_boxes(shared_data, caplog):
    path = shared_data / "coco" / "annotations" / "instances_train2017.json"
    data = base.load("coco", path, shared_data, {"crowds": "count"})
    pools = data.images(list(data.classes()))
    samples = list(data.samples({name: list(pool) for name, pool in pools.items()}))
    ious = [sample.bbox_iou for sample in samples if sample.bbox_iou is not None]
    assert len(ious) > 100
    assert min(ious) > 0.54
    assert "masks lie elsewhere" not in caplog.text
