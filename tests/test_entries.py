"""Annotations of any bytes yield a clear error, or correct samples."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookwhere.datasets import base, coco
from lookwhere.errors import StudyError

from .studies import select, spans

CLASSES = ["clock", "umbrella"]
SQUARE = [1, 1, 9, 1, 9, 9, 1, 9]
RUNS = {"size": [30, 40], "counts": [100, 20, 1080]}
SOUND = {
    "licenses": [{"id": 1, "name": "CC BY"}],
    "images": [
        {"id": n, "file_name": f"{n}.jpg", "width": 40, "height": 30, "license": 1}
        for n in range(1, 5)
    ],
    "annotations": [
        {
            "id": 10 * category + n,
            "image_id": n,
            "category_id": category,
            "segmentation": RUNS if n == 2 else [SQUARE],
            "iscrowd": 0,
            "area": 64,
        }
        for category in (0, 1)
        for n in range(1, 5)
    ],
    "categories": [{"id": 0, "name": "clock"}, {"id": 1, "name": "umbrella"}],
}


def changed(*changes):
    """The valid annotations with the value at each path, such as ``images.0.id``, replaced."""
    instances = copy.deepcopy(SOUND)
    for path, value in changes:
        *parents, key = [int(part) if part.isdigit() else part for part in path.split(".")]
        place = instances
        for parent in parents:
            place = place[parent]
        place[key] = value
    return instances


def chosen(instances):
    """All four images of both classes, so that the whole file is read."""
    return select(instances, spans(CLASSES, 4), 0)


def test_an_image_twice_with_other_dates_and_licences_is_one():
    """As in merged files."""
    again = {**SOUND["images"][0], "license": 99, "date_captured": "2013-11-17"}
    assert chosen({**SOUND, "images": [*SOUND["images"], again]}) == chosen(SOUND)


def test_valid_annotations_yield_every_sample():
    assert [(s.class_name, s.image_id) for s in chosen(SOUND)] == [
        (name, n) for name in CLASSES for n in range(1, 5)
    ]


FAULTY = {
    # the change, and fragments of the message: thing, value, way out
    "category without a name": (
        ("categories.1", {"id": 1}),
        "'umbrella' is not in the annotations",
    ),
    "category that is text": (("categories.0", "clock"), "'clock' is not in the annotations"),
    "category twice": (
        ("categories.1.name", "clock"),
        "category 'clock' is listed twice, with the ids 0 and 1, and each has annotations: merge",
    ),
    "shared category id": (("categories.1.id", 0), "'clock' and 'umbrella' share the id 0"),
    "category without an id": (("categories.0.id", None), "'clock' has the id None: give it"),
    "unhashable category id": (("categories.0.id", [1]), r"'clock' has the id \[1\]: give it"),
    "iscrowd in words": (
        ("annotations.0.iscrowd", "0"),
        "annotation 1 has the iscrowd '0': write 0 or 1",
    ),
    "image id twice": (
        ("images.1.id", 1),
        "image 1 is listed 2 times, with different values: list it once",
    ),
    "image id twice, once as text": (("images.1.id", "1"), "image 1 is listed 2 times"),
    "one file for two images": (
        ("images.1.file_name", "./1.jpg"),
        "2 images have the file name '1.jpg': give each its own",
    ),
    "one file for two images, by a backslash": (
        ("images.1.file_name", ".\\1.jpg"),
        "2 images have the file name '1.jpg': give each its own",
    ),
    "no width, and no file": (
        ("images.0.width", None),
        "image 1 has the width None and the height 30, and its file yields none: image .*1.jpg",
    ),
    "width 0, and no file": (("images.0.width", 0), "image 1 has the width 0 and the height 30"),
    "negative height, and no file": (("images.0.height", -30), "the width 40 and the height -30"),
    "endless image": (("images.0.width", 10**9), "1000000000 x 30 pixels, more than can be read"),
    "file name a number": (("images.0.file_name", 7), "the file name 7, which is not valid"),
    "no file name": (("images.0.file_name", ""), "image 1 has no 'file_name'"),
    "folder for a file": (("images.0.file_name", "."), "the file name '.', which is not valid"),
    "file name with a zero": (("images.0.file_name", "a\0b"), "which is not valid"),
    "half a character": (("images.0.file_name", "\ud800.jpg"), "which is not valid"),
    "path upwards": (
        ("images.0.file_name", "a/../../b.jpg"),
        "'a/../../b.jpg', outside its folder: give the folder of the images, or one above it",
    ),
    "path from the root": (("images.0.file_name", "/etc/passwd"), "outside its folder"),
    "runs that end early": (
        ("annotations.1.segmentation.counts", [100, 20]),
        "annotation 2, of image 2: run lengths cover 120 of the image's 1200 pixels",
    ),
    "polygon far away": (
        ("annotations.0.segmentation.0.0", 1e12),
        "annotation 1, of image 1: a polygon has the coordinate 1000000000000.0, far outside",
    ),
    "text for a polygon": (
        ("annotations.0.segmentation", "1 1 9 1 9 9"),
        "annotation 1, of image 1: a str is neither a list of polygons nor run lengths",
    ),
}


@pytest.mark.parametrize(("change", "message"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_entry_is_reported_by_name(change, message):
    with pytest.raises(StudyError, match=message):
        chosen(changed(change))


SPELLINGS = {
    "image id as text": ("annotations.0.image_id", "1"),
    "image id with a point": ("annotations.0.image_id", 1.0),
    "listed id as text": ("images.0.id", "1"),
    "listed id with a point": ("images.0.id", 1.0),
    "category id as text": ("annotations.0.category_id", "0"),
    "category id with a point": ("annotations.0.category_id", 0.0),
    "listed category id as text": ("categories.0.id", "0"),
    "width in words": ("images.0.width", "40"),
    "width with a point": ("images.0.width", 40.0),
}


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_number_may_be_text_or_have_a_point(change):
    assert chosen(changed(change)) == chosen(SOUND)


STRAYS = {
    "annotation that is a number": ("annotations.3", 7),
    "no category": ("annotations.3.category_id", None),
    "unhashable category": ("annotations.3.category_id", {}),
    "no image id": ("annotations.3.image_id", None),
    "unhashable image id": ("annotations.3.image_id", [1]),
    "image id with a fraction": ("annotations.3.image_id", 1.5),
}


@pytest.mark.parametrize("change", STRAYS.values(), ids=STRAYS.keys())
def test_annotations_of_no_class_or_image_are_left_out_with_a_warning(change, caplog):
    samples = select(changed(change), spans(CLASSES, 3), 0)
    assert {s.image_id for s in samples if s.class_name == "clock"} == {1, 2, 3}
    assert "1 of 8 annotations have no valid category_id or image_id, such as annot" in caplog.text


UNLISTED = {
    "image not listed": ("images.0.id", 9),
    "image that is text": ("images.0", "1.jpg"),
    "image without an id": ("images.0.id", None),
    "negative image id": ("images.0.id", -1),
    "endless image id": ("images.0.id", 2**64),
}


@pytest.mark.parametrize("change", UNLISTED.values(), ids=UNLISTED.keys())
@pytest.mark.parametrize("seed", range(4))
def test_annotations_of_images_that_are_not_listed_are_left_out_and_counted(change, seed):
    samples = select(changed(change), spans(CLASSES, 3), seed)
    assert {sample.image_id for sample in samples} == {2, 3, 4}
    with pytest.raises(StudyError, match="'clock': images that the annotations do not list: 1 im"):
        chosen(changed(change))


def test_a_class_of_crowds_alone_is_reported_with_the_key_that_takes_them():
    crowds = [(f"annotations.{n}.iscrowd", 1) for n in range(4)]
    with pytest.raises(StudyError) as caught:
        chosen(changed(*crowds))
    assert "'clock' has 0 images with an instance that can be used" in str(caught.value)
    assert "4 of 4 annotations of 'clock' are crowds: 4 images left out" in str(caught.value)
    assert "dataset.crowds: count" in str(caught.value)


OF_OTHERS = {
    "category without a name": {"id": 7},
    "category with a number for a name": {"id": 7, "name": 7},
    "category that is text": "giraffe",
    "category without an id": {"name": "giraffe"},
}


@pytest.mark.parametrize("category", OF_OTHERS.values(), ids=OF_OTHERS.keys())
def test_faults_in_other_categories_are_ignored(category):
    instances = copy.deepcopy(SOUND)
    instances["categories"].insert(0, category)
    assert chosen(instances) == chosen(SOUND)


def test_equal_images_are_one():
    instances = copy.deepcopy(SOUND)
    instances["images"] *= 2
    assert chosen(instances) == chosen(SOUND)


def test_annotations_may_share_an_id():
    instances = copy.deepcopy(SOUND)
    for annotation in instances["annotations"]:
        annotation["id"] = 0
    assert chosen(instances) == chosen(SOUND)


@pytest.mark.parametrize("first", [True, False])
def test_of_categories_of_one_name_the_annotated_is_taken(first):
    """Roboflow exports a root without annotations, which may have the name of the only class."""
    instances = copy.deepcopy(SOUND)
    root = {"id": 7, "name": "clock", "supercategory": "none"}
    instances["categories"].insert(0 if first else 2, root)
    assert chosen(instances) == chosen(SOUND)


@pytest.mark.parametrize(
    "change",
    [
        ("licenses", {}),
        ("licenses", [7, {"id": 1}]),
        ("licenses.0.name", "\ud800"),
        ("images.0.license", [1]),
        ("annotations.0.area", 0),
        ("info", None),
        ("images.0.file_name", "no such name (ブ 2)/é.jpg"),
    ],
    ids=str,
)
def test_errors_in_unused_keys_are_ignored(change):
    assert len(chosen(changed(change))) == 8


def test_errors_in_unused_entries_are_ignored():
    instances = changed(("images.3.width", -1), ("annotations.7.segmentation", "x"))
    for category in (0, 1):
        instances["annotations"][4 * category + 3]["iscrowd"] = 1
    assert len(select(instances, spans(CLASSES, 3), 0)) == 6


def test_an_error_in_an_unused_class_is_ignored():
    instances = changed(("annotations.7.iscrowd", "x"), ("categories.1.id", None))
    assert len(select(instances, spans(["clock"], 4), 0)) == 4


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=5,
)
PATHS = [
    *SOUND,
    *(f"{part}.0" for part in SOUND),
    *(f"images.0.{key}" for key in SOUND["images"][0]),
    *(f"annotations.1.{key}" for key in SOUND["annotations"][1]),
    *("annotations.0.segmentation.0", "annotations.0.segmentation.0.3"),
    *("annotations.1.segmentation.size", "annotations.1.segmentation.counts"),
    *("categories.0.id", "categories.0.name", "licenses.0.name", "licenses.0.id"),
]


def assert_right_or_refused(path):
    """The file yields samples with masks of the right type, or a StudyError."""
    try:
        samples = base.select(base.load("coco", path, path), spans(CLASSES, 4), 0)
    except StudyError:
        return
    assert [s.class_name for s in samples] == ["clock"] * 4 + ["umbrella"] * 4
    assert len({sample.id for sample in samples}) == 8
    for sample in samples:
        "".join([sample.id, sample.file, sample.licence]).encode()
        for mask in sample.masks():
            assert mask.shape == (sample.height, sample.width)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("annotations") / "instances.json"


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(PATHS), GARBAGE)
def test_garbage_for_a_value(file, path, value):
    file.write_text(json.dumps(changed((path, value))))
    assert_right_or_refused(file)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=40) | st.builds(lambda value: json.dumps(value).encode(), GARBAGE))
def test_garbage_for_the_file(file, content):
    file.write_bytes(content)
    with pytest.raises(StudyError, match=r"instances\.json"):
        coco.read(file)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_bytes(file, data):
    """Truncated, or with a replaced byte, like a broken download."""
    content = json.dumps(SOUND).encode()
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.none() | st.binary(min_size=1, max_size=2))
    after = b"" if damage is None else damage + content[place + 1 :]
    file.write_bytes(content[:place] + after)
    assert_right_or_refused(file)


ENDLESS = {
    "nesting": b"[" * 200_000,
    "number": b'{"images": ' + b"9" * 10_000 + b"}",
    "mark of the byte order": b"\xef\xbb\xbf{",
}


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS.keys())
def test_endless_json_is_reported(file, content):
    file.write_bytes(content)
    with pytest.raises(StudyError, match="are not whole JSON"):
        coco.read(file)
