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


def test_valid_annotations_yield_every_sample():
    assert [(s.class_name, s.image_id) for s in chosen(SOUND)] == [
        (name, n) for name in CLASSES for n in range(1, 5)
    ]


FAULTY = {
    # the change, and fragments of the message: thing, value, expected value
    "category without a name": (("categories.1", {"id": 1}), r"categories\[1\] .* has no name"),
    "category that is text": (("categories.0", "clock"), r"categories\[0\] .* has no name"),
    "category twice": (
        ("categories.1.name", "clock"),
        "category 'clock' is listed twice: merge them, or rename one",
    ),
    "shared category id": (("categories.1.id", 0), "'clock' and 'umbrella' share the id 0"),
    "category id in words": (("categories.0.id", "0"), "the id '0', not a whole number from 0"),
    "negative category id": (("categories.0.id", -1), "the id -1, not a whole number from 0"),
    "annotation that is a number": (("annotations.3", 7), r"annotations\[3\] lacks a valid"),
    "unhashable image id": (("annotations.3.image_id", [1]), r"annotations\[3\] lacks a valid"),
    "unhashable category": (("annotations.3.category_id", {}), r"annotations\[3\] lacks a valid"),
    "image id in words": (("annotations.0.image_id", "1"), "image id '1' is not a whole number"),
    "image id with a point": (("annotations.0.image_id", 1.5), "image id 1.5 is not a whole"),
    "negative image id": (("annotations.0.image_id", -1), "image id -1 is not a whole number"),
    "endless image id": (("annotations.0.image_id", 2**64), "is not a whole number"),
    "iscrowd in words": (("annotations.0.iscrowd", "0"), "annotation 1 has the iscrowd '0', not 0"),
    "image with an id with a point": (("images.0.id", 1.0), "image id 1.0 is not a whole number"),
    "image not listed": (("images.0.id", 9), "names the image 1, which the annotations lack"),
    "image id twice": (("images.1.id", 1), "image 1 is listed 2 times: list it once"),
    "one file for two images": (
        ("images.1.file_name", "./1.jpg"),
        "2 images have the file name '1.jpg': give each its own",
    ),
    "image that is text": (
        ("images.0", "1.jpg"),
        r"images\[0\] of the annotations has no valid id",
    ),
    "no width": (("images.0.width", None), "image 1 has no 'width'"),
    "width 0": (("images.0.width", 0), "image 1 has the width 0, not a whole number from 1"),
    "width in words": (("images.0.width", "40"), "image 1 has the width '40', not a whole number"),
    "width with a point": (("images.0.width", 40.0), "image 1 has the width 40.0, not a whole"),
    "negative height": (("images.0.height", -30), "image 1 has the height -30, not a whole"),
    "endless image": (("images.0.width", 10**9), "1000000000 x 30 pixels, more than can be read"),
    "file name a number": (("images.0.file_name", 7), "the file name 7, which is not valid"),
    "no file name": (("images.0.file_name", ""), "the file name '', which is not valid"),
    "folder for a file": (("images.0.file_name", "."), "the file name '.', which is not valid"),
    "file name with a zero": (("images.0.file_name", "a\0b"), "which is not valid"),
    "half a character": (("images.0.file_name", "\ud800.jpg"), "which is not valid"),
    "path upwards": (
        ("images.0.file_name", "a/../../b.jpg"),
        "'a/../../b.jpg', outside its folder",
    ),
    "path from the root": (("images.0.file_name", "/etc/passwd"), "outside its folder"),
    "no segmentation": (("annotations.0.segmentation", None), "annotation 1 has no 'segmentation'"),
    "runs that end early": (
        ("annotations.1.segmentation.counts", [100, 20]),
        "annotation 2, of image 2: run lengths cover 120 of the image's 1200 pixels",
    ),
    "polygon far away": (
        ("annotations.0.segmentation.0.0", 1e12),
        "annotation 1, of image 1: a polygon has the coordinate 1000000000000.0, far outside",
    ),
}


@pytest.mark.parametrize(("change", "message"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_entry_is_reported_by_name(change, message):
    with pytest.raises(StudyError, match=message):
        chosen(changed(change))


def test_a_class_of_crowds_alone_is_reported():
    crowds = [(f"annotations.{n}.iscrowd", 1) for n in range(4)]
    with pytest.raises(StudyError, match="'clock' has 0 images with an instance that can be used"):
        chosen(changed(*crowds))


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
