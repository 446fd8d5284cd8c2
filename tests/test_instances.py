"""Instances without a mask, crowds and LVIS' lists: which images are drawn, with which regions."""

import copy
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from lookwhere.datasets import base
from lookwhere.datasets.pools import Kind
from lookwhere.errors import StudyError

from .studies import spans

HEIGHT, WIDTH = 30, 40
SQUARE = [1, 1, 9, 1, 9, 9, 1, 9]
BOX = [20, 10, 12, 9]


def annotation(image_id, number, **values):
    """A square on the left of an image, with the box of another place."""
    return {
        "id": 100 * image_id + number,
        "image_id": image_id,
        "category_id": 3,
        "segmentation": [SQUARE],
        "bbox": [1, 1, 8, 8],
        "iscrowd": 0,
        **values,
    }


def instances_of(*further):
    """Six images with two dogs each, and the ``further`` annotations."""
    return {
        "images": [
            {"id": n, "file_name": f"{n}.png", "width": WIDTH, "height": HEIGHT}
            for n in range(1, 7)
        ],
        "annotations": [
            *(annotation(n, number) for n in range(1, 7) for number in (1, 2)),
            *further,
        ],
        "categories": [{"id": 3, "name": "dog"}],
    }


@pytest.fixture
def load(tmp_path):
    """Load a COCO instances file of this content, with the choices of a study."""

    def load(instances, form="coco", **choices):
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(instances))
        return base.load(form, path, tmp_path, choices)

    return load


def drawn(data, count, seed=0):
    return base.select(data, spans(["dog"], count), seed)


def box_mask(x, y, width, height):
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask


NO_MASK = {
    "no polygon": [],
    "polygon of nothing": [[]],
    "null": None,
    "points": [[5, 5], [9, 9]],
    "box as a polygon": [BOX],
    "run lengths without a pixel": {"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]},
}


@pytest.fixture(params=NO_MASK.values(), ids=NO_MASK.keys())
def box_of_image_2(request):
    return annotation(2, 3, segmentation=request.param, bbox=BOX)


@pytest.mark.parametrize("seed", range(4))
def test_an_image_with_an_instance_without_a_mask_is_not_drawn(load, box_of_image_2, seed, caplog):
    caplog.set_level("INFO")
    samples = drawn(load(instances_of(box_of_image_2)), 5, seed)
    assert [sample.image_id for sample in samples] == [1, 3, 4, 5, 6]
    assert (
        "1 of 13 annotations of 'dog' are boxes without a mask: 1 image left out "
        "(dataset.boxes: use" in caplog.text
    )


def test_the_box_is_the_region_of_an_instance_without_a_mask(load, box_of_image_2):
    samples = drawn(load(instances_of(box_of_image_2), boxes="use"), 6)
    [sample] = [sample for sample in samples if sample.image_id == 2]
    assert sample.boxes == 1
    expected = [box_mask(1, 1, 8, 8), box_mask(1, 1, 8, 8), box_mask(*BOX)]
    assert np.array_equal(sample.masks(), expected)
    assert sum(each.boxes for each in samples) == 1


def test_boxes_beyond_the_image_are_reported(load, caplog):
    """Corners in place of width and height, say."""
    box = annotation(2, 3, segmentation=[], bbox=[30, 20, 39, 29])
    sample = of_image(drawn(load(instances_of(box), boxes="use"), 6), 2)
    assert np.array_equal(sample.masks()[2], box_mask(30, 20, 10, 10))
    assert sample.bbox_iou == pytest.approx(100 / (39 * 29))
    assert "1 of 13 masks lie elsewhere than the bbox" in caplog.text


def test_a_missing_segmentation_is_no_mask(load):
    box = annotation(2, 3, bbox=BOX)
    del box["segmentation"]
    assert [sample.image_id for sample in drawn(load(instances_of(box)), 5)] == [1, 3, 4, 5, 6]


NO_BOX = {
    "none": None,
    "normalised": [0.1, 0.2, 0.5, 0.5],
    "no height": [1, 1, 8, 0],
    "negative": [1, 1, -8, 8],
    "three numbers": [1, 1, 8],
    "text": ["1", "1", "8", "8"],
    "nan": [1, 1, float("nan"), 8],
    "endless": [1, 1, 10**400, 8],
}


@pytest.mark.parametrize("bbox", NO_BOX.values(), ids=NO_BOX.keys())
def test_an_instance_without_mask_and_box_has_no_region(load, bbox):
    for boxes in ("leave_out", "use"):
        data = load(instances_of(annotation(2, 3, segmentation=[], bbox=bbox)), boxes=boxes)
        assert 2 not in {sample.image_id for sample in drawn(data, 5)}
        [sentence] = data.images(["dog"])["dog"].sentences("dog", data.choices)
        assert sentence.startswith("1 of 13 annotations of 'dog' are without mask and box: 1 image")


def test_a_file_without_a_mask_is_reported_with_the_key_that_takes_boxes(load):
    instances = instances_of()
    for each in instances["annotations"]:
        each["segmentation"] = []
    with pytest.raises(StudyError) as caught:
        drawn(load(instances), 2)
    assert "'dog' has 0 images with an instance that can be used" in str(caught.value)
    assert "12 of 12 annotations of 'dog' are boxes without a mask: 6 images" in str(caught.value)
    assert "dataset.boxes: use" in str(caught.value)
    assert [s.boxes for s in drawn(load(instances, boxes="use"), 6)] == [2] * 6


def test_a_polygon_without_area_is_a_mask_and_counted(load, caplog):
    """COCO itself has a few: their images stay, so that its draws are those of the thesis."""
    samples = drawn(load(instances_of(annotation(2, 3, segmentation=[[5, 5, 6, 5, 7, 5]]))), 6)
    [sample] = [sample for sample in samples if sample.image_id == 2]
    assert [mask.sum() for mask in sample.masks()] == [64, 64, 0]
    assert "1 of 13 masks have no pixel, such as annotation 203 of image 2" in caplog.text


CROWD = [22, 4, 30, 4, 30, 12, 22, 12]


def crowd(image_id, **values):
    return annotation(image_id, 3, iscrowd=1, segmentation=[CROWD], bbox=[22, 4, 8, 8], **values)


def of_image(samples, image_id):
    [sample] = [sample for sample in samples if sample.image_id == image_id]
    return sample


def test_crowds_are_left_out_and_counted(load):
    sample = of_image(drawn(load(instances_of(crowd(2))), 6), 2)
    assert (sample.crowds, len(sample.instances)) == (1, 2)


def test_crowds_may_count_as_instances(load):
    sample = of_image(drawn(load(instances_of(crowd(2)), crowds="count"), 6), 2)
    assert sample.crowds == 1
    assert np.array_equal(sample.masks()[2], box_mask(22, 4, 8, 8))


def test_images_with_a_crowd_may_be_skipped(load):
    samples = drawn(load(instances_of(crowd(2)), crowds="skip_image"), 5)
    assert [sample.image_id for sample in samples] == [1, 3, 4, 5, 6]


def test_a_crowd_without_a_mask_counts_by_its_box(load):
    instances = instances_of(crowd(2) | {"segmentation": []})
    assert of_image(drawn(load(instances), 6), 2).crowds == 1
    assert 2 not in {s.image_id for s in drawn(load(instances, crowds="count"), 5)}
    sample = of_image(drawn(load(instances, crowds="count", boxes="use"), 6), 2)
    assert (sample.crowds, sample.boxes) == (1, 1)
    assert np.array_equal(sample.masks()[2], box_mask(22, 4, 8, 8))


def test_the_pool_counts_what_the_annotations_have(load):
    further = [crowd(2), annotation(3, 3, segmentation=[]), annotation(3, 4, segmentation=[])]
    pool = load(instances_of(*further)).images(["dog"])["dog"]
    assert pool.kinds == {Kind.MASK: 12, Kind.CROWD: 1, Kind.BOX: 2}
    assert set(pool) == {1, 2, 4, 5, 6}


def test_what_counts_is_not_reported_as_left_out(load):
    data = load(
        instances_of(crowd(2), annotation(3, 3, segmentation=[])), crowds="count", boxes="use"
    )
    pool = data.images(["dog"])["dog"]
    assert list(pool.sentences("dog", data.choices)) == []
    assert len(pool) == 6


@pytest.mark.parametrize("key", ["not_exhaustive_category_ids", "neg_category_ids"])
def test_images_that_lvis_annotates_in_part_are_left_out(load, key):
    instances = instances_of()
    instances["images"][1][key] = [7, 3]
    instances["images"][2][key] = [7]
    instances["images"][3][key] = []
    data = load(instances)
    assert [sample.image_id for sample in drawn(data, 5)] == [1, 3, 4, 5, 6]
    [sentence] = data.images(["dog"])["dog"].sentences("dog", data.choices)
    assert sentence.startswith("'dog': ")
    assert sentence.endswith(f"({key}): 1 image left out")


@pytest.mark.parametrize("size", [{}, {"width": -1, "height": -1}, {"width": 0, "height": "x"}])
def test_a_missing_size_is_read_from_the_image(load, tmp_path, size):
    instances = instances_of()
    for image in instances["images"]:
        del image["width"], image["height"]
        image |= size
        Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / image["file_name"])
    sizes = [(s.width, s.height, s.is_sized) for s in drawn(load(instances), 6)]
    assert sizes == [(WIDTH, HEIGHT, False)] * 6


def test_a_missing_size_is_that_of_the_run_lengths(load):
    instances = instances_of()
    mask = box_mask(*BOX)
    for image in instances["images"]:
        del image["width"], image["height"]
    for each in instances["annotations"]:
        runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        each["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": runs["counts"].decode()}
    for sample in drawn(load(instances), 6):
        assert np.array_equal(sample.masks(), [mask, mask])
        assert sample.is_sized


def test_several_calls_for_classes_can_be_sampled_together(load):
    instances = instances_of()
    instances["categories"].append({"id": 4, "name": "cat"})
    instances["annotations"] += [
        each | {"category_id": 4} for each in copy.deepcopy(instances["annotations"])
    ]
    data = load(instances)
    for name in ("dog", "cat"):
        assert len(data.images([name])[name]) == 6
    samples = list(data.samples({"dog": [1], "cat": [2]}))
    assert [(s.class_name, s.image_id) for s in samples] == [("dog", 1), ("cat", 2)]
