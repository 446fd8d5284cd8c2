"""The selection of the subset: its dependencies, its content, and its errors."""

import copy
import zlib

import numpy as np
import pytest

from lookwhere.datasets import base, coco
from lookwhere.datasets.samples import read_samples, sample_id, write_samples
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError

from .studies import select, spans, union

CLASSES = ["traffic light", "stop sign", "umbrella"]


@pytest.fixture
def instances():
    """Twelve images: each class in several, some with two instances, some in a crowd only."""
    annotations = []
    for image in range(1, 13):
        for category in (10, 13, 28):
            if image % 7 == category % 7:
                continue  # this image lacks this class
            for copies in range(1 + image % 2):
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": image,
                        "category_id": category,
                        "segmentation": [[image, category, copies, 0, 1, 1]],
                        "iscrowd": int(image == 5),
                    }
                )
    return {
        "info": {"description": "written by hand"},
        "licenses": [{"id": 1, "name": "CC BY"}],
        "images": [
            {
                "id": image,
                "file_name": f"{image:012d}.jpg",
                "width": 40 + image,
                "height": 30 + image,
                **({"license": 1} if image < 9 else {}),
            }
            for image in range(1, 13)
        ],
        "annotations": annotations,
        "categories": [
            {"id": 28, "name": "umbrella"},
            {"id": 10, "name": "traffic light"},
            {"id": 13, "name": "stop sign"},
            {"id": 90, "name": "toothbrush"},
        ],
    }


def drawn(instances, classes=CLASSES, count=4, seed=0):
    """The images of each class, in order."""
    subset = select(instances, spans(classes, count), seed)
    image_ids = {name: [] for name in classes}
    for sample in subset:
        image_ids[sample.class_name].append(sample.image_id)
    return image_ids


def test_draw_is_deterministic(instances):
    first, again = (select(instances, spans(CLASSES, 4), 0) for _ in range(2))
    assert first == again


def test_the_draw_does_not_depend_on_the_order_of_the_file(instances):
    shuffled = copy.deepcopy(instances)
    for entries in (shuffled["images"], shuffled["annotations"], shuffled["categories"]):
        entries.reverse()
    assert drawn(shuffled) == drawn(instances)


def test_seeds_differ(instances):
    assert len({str(drawn(instances, seed=seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("name", CLASSES)
def test_the_draw_of_a_class_does_not_depend_on_others(instances, name):
    assert drawn(instances, [name])[name] == drawn(instances)[name]


@pytest.mark.parametrize("seed", range(5))
def test_larger_draw_holds_the_smaller(instances, seed):
    previous = set()
    for count in range(1, 9):
        images = drawn(instances, ["umbrella"], count, seed)["umbrella"]
        assert len(set(images)) == count
        assert set(images) > previous
        previous = set(images)


def test_crowds_are_left_out(instances):
    pool = {
        a["image_id"]
        for a in instances["annotations"]
        if a["category_id"] == 28 and not a["iscrowd"]
    }
    assert 5 not in pool
    for seed in range(5):
        assert set(drawn(instances, ["umbrella"], len(pool), seed)["umbrella"]) == pool


def test_instance_beside_a_crowd_stays(instances):
    crowd, plain = [a for a in instances["annotations"] if a["image_id"] == 5][:2]
    plain["iscrowd"], plain["category_id"] = 0, crowd["category_id"]
    name = {c["id"]: c["name"] for c in instances["categories"]}[crowd["category_id"]]
    pool = {a["image_id"] for a in instances["annotations"] if a["category_id"] == 10}
    [sample] = [s for s in select(instances, spans([name], len(pool)), 0) if s.image_id == 5]
    [mask] = sample.masks()
    assert np.array_equal(mask, union([plain["segmentation"]], 35, 45))


def test_missing_iscrowd_is_no_crowd(instances):
    for annotation in instances["annotations"]:
        del annotation["iscrowd"]
    assert 5 in drawn(instances, ["umbrella"], 11)["umbrella"]


def test_a_later_selection_continues_the_order_of_the_class(instances):
    first, both = (drawn(instances, ["umbrella"], count)["umbrella"] for count in (4, 8))
    later = select(instances, [Span("umbrella", 4, 8)], 0)
    assert sorted([*first, *(sample.image_id for sample in later)]) == both


def test_samples_survive_their_file(instances, tmp_path):
    samples = select(instances, spans(CLASSES, 4), 0)
    write_samples(samples, tmp_path / "samples.json")
    assert read_samples(tmp_path / "samples.json") == samples


def test_samples_hold_the_values_of_the_file(instances):
    samples = select(instances, spans(CLASSES, 4), 0)
    assert [s.class_name for s in samples] == [name for name in CLASSES for _ in range(4)]
    for sample in samples:
        image = sample.image_id
        category = {"traffic light": 10, "stop sign": 13, "umbrella": 28}[sample.class_name]
        assert sample.id == f"{image:012d}-{sample.class_name.replace(' ', '_')}"
        assert sample.file == f"{image:012d}.jpg"
        assert (sample.width, sample.height) == (40 + image, 30 + image)
        assert sample.licence == ("CC BY" if image < 9 else "unknown")
        polygons = [[[image, category, copies, 0, 1, 1]] for copies in range(1 + image % 2)]
        expected = [union([each], 30 + image, 40 + image) for each in polygons]
        assert np.array_equal(sample.masks(), expected)


def test_sample_id_is_that_of_the_contract():
    assert sample_id(139, "traffic light") == "000000000139-traffic_light"


def test_sample_id_is_a_file_name_whatever_the_class():
    assert sample_id(7, "Cabinet/shelf (ブ 2)") == "000000000007-Cabinet_shelf_ブ_2_"


def test_every_error_of_the_classes_is_reported_at_once(instances):
    asked = spans(["trafic light", "umbrela", "stop sign", "toothbrush"], 11)
    with pytest.raises(StudyError) as caught:
        select(instances, asked, 0)
    for fragment in (
        "'trafic light' is not in the annotations; did you mean 'traffic light'?",
        "'umbrela' is not in the annotations; did you mean 'umbrella'?",
        "'stop sign' has 10 images",
        "'toothbrush' has 0 images",
        "images_per_class: 11",
    ):
        assert fragment in str(caught.value)


def test_class_without_a_near_name_gets_the_list(instances):
    with pytest.raises(StudyError, match="valid: stop sign, toothbrush, traffic light, umbrella"):
        select(instances, spans(["xyz"], 1), 0)


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.jpg", "a/../../b.jpg"])
def test_file_name_outside_the_image_folder_is_refused(instances, name):
    for image in instances["images"]:
        image["file_name"] = name
    with pytest.raises(StudyError, match=f"image .* '{name}', outside its folder"):
        select(instances, spans(CLASSES, 4), 0)


def test_file_name_may_name_a_folder_below(instances):
    for image in instances["images"]:
        image["file_name"] = f"train/{image['id']}..jpg"
    assert {s.file for s in (select(instances, spans(CLASSES, 4), 0))} <= {
        f"train/{image}..jpg" for image in range(1, 13)
    }


def test_a_missing_file_name_is_reported(instances):
    for image in instances["images"]:
        del image["file_name"]
    with pytest.raises(StudyError, match=r"image \d+ has no 'file_name'"):
        select(instances, spans(CLASSES, 4), 0)


def test_licences_may_be_missing_or_nameless(instances):
    instances["licenses"] = [{"id": 1, "url": "https://example.org"}]
    assert (select(instances, spans(CLASSES, 4), 0))[0].licence == "unknown"
    instances["licenses"] = None
    assert (select(instances, spans(CLASSES, 4), 0))[0].licence == "unknown"


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_a_class_with_a_text_id_is_drawn_from_its_name(instances, seed):
    pool = drawn(instances, ["umbrella"], 10)["umbrella"]
    for entry in (*instances["categories"], *instances["annotations"]):
        key = "category_id" if "category_id" in entry else "id"
        entry[key] = f"category {entry[key]}"
    order = np.random.default_rng([seed, zlib.crc32(b"umbrella")]).permutation(10)
    expected = sorted(pool[index] for index in order[:4])
    assert drawn(instances, ["umbrella"], 4, seed)["umbrella"] == expected


DAMAGED = {
    "missing": (None, "do not exist"),
    "empty": (b"", "not whole JSON"),
    "cut short": (b'{"images": [{"id": 1', "not whole JSON"),
    "not text": (b"\xff\xd8\xff\xe0", "not whole JSON"),
    "a list": (b"[]", "no list 'images'"),
    "a number": (b"3", "no list 'images'"),
    "no categories": (b'{"images": [], "annotations": []}', "no list 'categories'"),
    "captions": (b'{"images": [], "annotations": {}, "categories": []}', "no list 'annotations'"),
}


@pytest.mark.parametrize(("content", "message"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_annotations_are_reported_by_name(content, message, tmp_path):
    path = tmp_path / "instances.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=rf"instances\.json.*({message})"):
        coco.read(path)


def test_a_folder_in_place_of_annotations_is_reported_by_name(tmp_path):
    with pytest.raises(StudyError, match="can't be read"):
        coco.read(tmp_path)


def test_real_annotations_give_the_thesis_classes(shared_data):
    path = shared_data / "coco" / "annotations" / "instances_train2017.json"
    data = base.load("coco", path, shared_data)
    samples = base.select(data, spans(["traffic light", "broccoli"], 3), 0)
    assert [s.class_name for s in samples] == 3 * ["traffic light"] + 3 * ["broccoli"]
