"""The choice of the subset: what it may depend on, what it holds, and what it refuses."""

import copy
import json

import pytest

from lookwhere.datasets import coco
from lookwhere.errors import StudyError

from .studies import spans

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
        "info": {"description": "made by hand"},
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
    subset = coco.select(instances, spans(classes, count), seed)
    found = {name: [] for name in classes}
    for sample in coco.samples(subset):
        found[sample.class_name].append(sample.image_id)
    return found


def test_draw_is_deterministic(instances):
    first, again = (coco.select(instances, spans(CLASSES, 4), 0) for _ in range(2))
    assert first == again


def test_draw_knows_nothing_of_the_order_of_the_file(instances):
    shuffled = copy.deepcopy(instances)
    for entries in (shuffled["images"], shuffled["annotations"], shuffled["categories"]):
        entries.reverse()
    assert drawn(shuffled) == drawn(instances)


def test_seeds_differ(instances):
    assert len({str(drawn(instances, seed=seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("name", CLASSES)
def test_class_is_drawn_without_regard_to_the_others(instances, name):
    assert drawn(instances, [name])[name] == drawn(instances)[name]


@pytest.mark.parametrize("seed", range(5))
def test_larger_draw_holds_the_smaller(instances, seed):
    previous = set()
    for count in range(1, 9):
        images = drawn(instances, ["umbrella"], count, seed)["umbrella"]
        assert len(set(images)) == count
        assert set(images) > previous
        previous = set(images)


def test_input_is_left_alone(instances):
    before = copy.deepcopy(instances)
    coco.select(instances, spans(CLASSES, 4), 0)
    assert instances == before


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
    subset = coco.select(instances, spans([name], len(pool)), 0)
    [annotation] = [a for a in subset["annotations"] if a["image_id"] == 5]
    assert annotation == plain


def test_missing_iscrowd_is_no_crowd(instances):
    for annotation in instances["annotations"]:
        del annotation["iscrowd"]
    assert 5 in drawn(instances, ["umbrella"], 11)["umbrella"]


def test_subset_holds_what_was_drawn_and_no_more(instances):
    subset = coco.select(instances, spans(CLASSES[:2], 4), 0)
    chosen = drawn(instances, CLASSES[:2])
    expected = [
        annotation
        for name, category in [("traffic light", 10), ("stop sign", 13)]
        for image in chosen[name]
        for annotation in instances["annotations"]
        if (annotation["category_id"], annotation["image_id"]) == (category, image)
    ]
    assert subset["annotations"] == expected
    assert [c["name"] for c in subset["categories"]] == CLASSES[:2]
    assert [i["id"] for i in subset["images"]] == sorted({*chosen[CLASSES[0]], *chosen[CLASSES[1]]})
    assert subset["licenses"] == instances["licenses"]
    assert subset["info"] == instances["info"]


def test_subset_survives_its_file(instances, tmp_path):
    subset = coco.select(instances, spans(CLASSES, 4), 0)
    (tmp_path / "subset.json").write_text(json.dumps(subset))
    assert coco.read(tmp_path / "subset.json") == subset


def test_samples_tell_what_the_file_says(instances):
    samples = coco.samples(coco.select(instances, spans(CLASSES, 4), 0))
    assert [s.class_name for s in samples] == [name for name in CLASSES for _ in range(4)]
    for sample in samples:
        image = sample.image_id
        category = {"traffic light": 10, "stop sign": 13, "umbrella": 28}[sample.class_name]
        assert sample.sample == f"{image:012d}-{sample.class_name.replace(' ', '_')}"
        assert sample.file == f"{image:012d}.jpg"
        assert (sample.width, sample.height) == (40 + image, 30 + image)
        assert sample.licence == ("CC BY" if image < 9 else "unknown")
        assert sample.segmentations == tuple(
            [[image, category, copies, 0, 1, 1]] for copies in range(1 + image % 2)
        )


def test_sample_id_is_that_of_the_contract():
    assert coco.sample_id(139, "traffic light") == "000000000139-traffic_light"


def test_sample_id_is_a_file_name_whatever_the_class():
    assert coco.sample_id(7, "Cabinet/shelf (ブ 2)") == "000000000007-Cabinet_shelf_ブ_2_"


def test_every_fault_of_the_classes_is_told_at_once(instances):
    asked = spans(["trafic light", "umbrela", "stop sign", "toothbrush"], 11)
    with pytest.raises(StudyError) as caught:
        coco.select(instances, asked, 0)
    for fragment in (
        "'trafic light' is not a category of the annotations; did you mean 'traffic light'?",
        "'umbrela' is not a category of the annotations; did you mean 'umbrella'?",
        "'stop sign' has 10 images",
        "'toothbrush' has 0 images",
        "images_per_class: 11",
    ):
        assert fragment in str(caught.value)


def test_class_without_a_near_name_gets_the_list(instances):
    [fault] = coco.class_faults(instances, ["xyz"])
    assert fault.endswith("valid: stop sign, toothbrush, traffic light, umbrella")


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.jpg", "a/../../b.jpg"])
def test_file_name_outside_the_image_folder_is_refused(instances, name):
    for image in instances["images"]:
        image["file_name"] = name
    with pytest.raises(StudyError, match=f"image .* '{name}', outside its folder"):
        coco.select(instances, spans(CLASSES, 4), 0)


def test_file_name_may_name_a_folder_below(instances):
    for image in instances["images"]:
        image["file_name"] = f"train/{image['id']}..jpg"
    assert {s.file for s in coco.samples(coco.select(instances, spans(CLASSES, 4), 0))} <= {
        f"train/{image}..jpg" for image in range(1, 13)
    }


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("annotations", "segmentation"),
        ("images", "file_name"),
        ("images", "width"),
        ("images", "height"),
    ],
)
def test_what_other_exports_leave_out_is_told(instances, part, key):
    for entry in instances[part]:
        del entry[key]
    with pytest.raises(StudyError, match=f"{part[:-1]} .* has no '{key}'"):
        coco.select(instances, spans(CLASSES, 4), 0)


def test_licences_may_be_missing_or_nameless(instances):
    instances["licenses"] = [{"id": 1, "url": "https://example.org"}]
    assert coco.samples(coco.select(instances, spans(CLASSES, 4), 0))[0].licence == "unknown"
    instances["licenses"] = None
    assert coco.samples(coco.select(instances, spans(CLASSES, 4), 0))[0].licence == "unknown"


def test_annotation_of_an_unknown_image_is_refused(instances):
    instances["images"] = []
    with pytest.raises(StudyError, match=r"names the image .* lack"):
        coco.select(instances, spans(CLASSES, 4), 0)


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
def test_damaged_annotations_are_told_by_name(content, message, tmp_path):
    path = tmp_path / "instances.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=rf"instances\.json.*({message})"):
        coco.read(path)


def test_folder_in_place_of_annotations_is_told_by_name(tmp_path):
    with pytest.raises(StudyError, match="can't be read"):
        coco.read(tmp_path)


def test_real_annotations_give_the_thesis_classes(shared_data):
    annotations = coco.read(shared_data / "coco" / "annotations" / "instances_train2017.json")
    samples = coco.samples(coco.select(annotations, spans(["traffic light", "broccoli"], 3), 0))
    assert [s.class_name for s in samples] == 3 * ["traffic light"] + 3 * ["broccoli"]
