"""The numbers of images of a study that takes all, and their memory."""

import json

import pytest

from lookwhere.datasets import counts
from lookwhere.datasets.selections import plan
from lookwhere.errors import StudyError

from .studies import select, spans

SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]]


def instances(images):
    """Annotations of a dog in each of ``images``, of which the first holds two, and of a crowd."""
    size = {"width": 8, "height": 8}
    listed = [{"id": k, "file_name": f"{k}.png", **size} for k in range(1, images + 2)]
    owners = [1, *range(1, images + 1), images + 1]
    entries = [
        {"id": n, "image_id": k, "category_id": 1, "segmentation": SQUARE, "iscrowd": 0}
        for n, k in enumerate(owners)
    ]
    entries[-1] |= {"iscrowd": 1, "segmentation": {"size": [8, 8], "counts": [9, 5, 50]}}
    categories = [{"id": 1, "name": "dog"}, {"id": 2, "name": "owl"}]
    return {"images": listed, "annotations": entries, "categories": categories}


def test_images_are_counted_as_they_are_selected(tmp_path):
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(instances(7)))
    numbers = counts.count("coco", file, tmp_path, {}, ["dog", "owl", "cat"])
    assert numbers == {"dog": 7, "owl": 0, "cat": 0}
    assert len(select(instances(7), spans(["dog"], 7), 0)) == 7
    with pytest.raises(StudyError, match="'dog' has 7 images"):
        select(instances(7), spans(["dog"], 8), 0)


def test_a_class_without_images_has_its_own_message():
    with pytest.raises(StudyError, match=r"'owl' has 0 .* used; leave the class out"):
        select(instances(7), spans(["owl"], 1), 0)


def test_recorded_selections_hold_the_numbers():
    grown = plan(plan([], {"dog": 10, "owl": 4}), {"dog": 63, "owl": 4})
    assert counts.of_selections(grown, ["dog", "owl", "cat"]) == {"dog": 63, "owl": 4, "cat": 0}
    assert counts.of_selections([], ["dog"]) == {"dog": 0}


def test_the_digest_of_names_changes_where_files_come_or_go(tmp_path):
    images, results = tmp_path / "images", tmp_path / "images/results"
    for folder in ("dog/street", ".hidden", "results"):
        (images / folder).mkdir(parents=True)
    before = counts.names_below(images, results)
    for file in ("results/1.png", ".hidden/1.jpg", "dog/.DS_Store"):
        (images / file).touch()
    assert counts.names_below(images, results) == before
    (images / "dog/street/1.jpg").touch()
    with_image = counts.names_below(images, results)
    assert with_image != before
    (images / "dog/street/1.jpg").write_text("other bytes")
    assert counts.names_below(images, results) == with_image
    (images / "dog/street/1.jpg").rename(images / "dog/1.jpg")
    assert counts.names_below(images, results) not in (before, with_image)


def test_numbers_are_cached_by_what_they_depend_on(tmp_path):
    memory = tmp_path / "images.json"
    keys = [counts.key(["digest", {"boxes": choice}]) for choice in ("use", "leave_out")]
    assert len(set(keys)) == 2
    assert counts.recall(keys[0], memory) is None
    counts.remember(keys[0], {"dog": 7}, memory)
    assert counts.recall(keys[0], memory) == {"dog": 7}
    assert counts.recall(keys[1], memory) is None
    for text in ("", "[]", "{", f'{{"{keys[0]}": 7}}'):
        memory.write_text(text)
        assert counts.recall(keys[0], memory) is None


def test_the_memory_keeps_the_newest(tmp_path):
    memory = tmp_path / "images.json"
    for number in range(counts.MOST + 5):
        counts.remember(f"key {number}", {"dog": number}, memory)
    assert counts.recall("key 4", memory) is None
    assert counts.recall("key 5", memory) == {"dog": 5}
    assert counts.recall(f"key {counts.MOST + 4}", memory) == {"dog": counts.MOST + 4}
    counts.remember("key", {}, tmp_path / "none" / "images.json")  # nowhere to write
