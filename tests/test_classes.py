"""The map from COCO's categories to ImageNet's classes, resources/classes.csv."""

import json
from itertools import groupby
from pathlib import Path

import pandas as pd
import pytest
from torchvision.models import get_model_weights

CLASSES = pd.read_csv(Path(__file__).parents[1] / "resources" / "classes.csv")
IMAGENET = get_model_weights("resnet50").IMAGENET1K_V1.meta["categories"]
COCO = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat"),
    *("dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack"),
    *("umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball"),
    *("kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket"),
    *("bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"),
    *("sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair"),
    *("couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse"),
    *("remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink"),
    *("refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier"),
    *("toothbrush",),
)
PUBLISHED = {  # the first target of each class of the published study
    "traffic light": 920,
    "stop sign": 919,
    "umbrella": 879,
    "laptop": 620,
    "toilet": 861,
    "broccoli": 937,
}


def targets(category: str) -> list[int]:
    return CLASSES.loc[CLASSES["category"] == category, "target"].tolist()


def test_columns_and_no_empty_cell():
    assert CLASSES.columns.tolist() == ["category", "target", "imagenet"]
    assert CLASSES["target"].between(0, 999).all()
    assert not CLASSES.isna().any(axis=None)


def test_names_are_torchvisions():
    assert CLASSES["imagenet"].tolist() == [IMAGENET[target] for target in CLASSES["target"]]


def test_categories_are_cocos_and_at_least_45():
    assert len(COCO) == len(set(COCO)) == 80
    assert set(CLASSES["category"]) <= set(COCO)
    assert CLASSES["category"].nunique() >= 45


def test_the_literal_categories_are_those_of_a_real_file(shared_data):
    annotations = shared_data / "coco" / "annotations" / "instances_train2017.json"
    categories = json.loads(annotations.read_bytes())["categories"]
    assert tuple(category["name"] for category in categories) == COCO


def test_no_target_has_two_rows():
    assert CLASSES["target"].is_unique


def test_rows_are_in_cocos_order_then_by_target():
    rows = list(zip(CLASSES["category"].map(COCO.index), CLASSES["target"], strict=True))
    assert rows == sorted(rows)


@pytest.mark.parametrize("category", PUBLISHED)
def test_published_study(category):
    assert targets(category)[0] == PUBLISHED[category]


def test_dogs_are_the_breeds_and_no_wild_dog():
    """ImageNet's breeds are one run of classes, between the last sea mammal and the wolves."""
    first, last = IMAGENET.index("sea lion") + 1, IMAGENET.index("timber wolf") - 1
    assert (IMAGENET[first], IMAGENET[last]) == ("Chihuahua", "Mexican hairless")
    assert targets("dog") == list(range(first, last + 1))
    assert len(targets("dog")) == 118


def test_birds_are_three_runs():
    """Birds proper, fowl to swans, waders to sea birds: 59 classes."""
    runs = groupby(enumerate(targets("bird")), key=lambda pair: pair[1] - pair[0])
    ends = [(birds[0][1], birds[-1][1]) for birds in (list(run) for _, run in runs)]
    assert [(IMAGENET[first], IMAGENET[last]) for first, last in ends] == [
        ("cock", "great grey owl"),
        ("black grouse", "black swan"),
        ("white stork", "albatross"),
    ]
    assert len(targets("bird")) == 59


@pytest.mark.parametrize(
    ("category", "namesake"),
    [
        ("airplane", 726),  # a carpenter's plane
        ("kite", 21),  # a bird of prey
        ("cat", 383),  # the Madagascar cat, a lemur
        ("bird", 517),  # a crane for building
        ("oven", 544),  # the Dutch oven, a pot
    ],
)
def test_namesakes_are_not_mapped(category, namesake):
    assert namesake not in targets(category)
