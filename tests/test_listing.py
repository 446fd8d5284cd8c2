"""The listing of a data set, on made-up pools."""

import doctest
from collections import Counter
from pathlib import Path

import pytest

from lookwhere.datasets import listing, overview
from lookwhere.datasets.base import Dataset
from lookwhere.datasets.pools import Choices, Kind, Pool
from lookwhere.errors import StudyError
from lookwhere.io import results

from .studies import sample_of

MASKS = {"dog": 3, "owl": 5, "cat": 4, "fox": 4}


class Zoo(Dataset):
    """Images of animals; the annotations of some are faulty."""

    def __init__(self, faulty=(), pooled=True):
        self.faulty, self.pooled, self.calls = set(faulty), pooled, 0

    def classes(self):
        return list(MASKS)

    def images(self, classes):
        self.calls += 1
        if faults := self.faulty & set(classes):
            raise StudyError(f"{min(faults)} has\nno legs")
        pools = {name: {key: [Kind.MASK] for key in range(MASKS[name])} for name in classes}
        if "dog" in pools:
            pools["dog"] |= {10: [Kind.MASK, Kind.BOX], 11: [Kind.CROWD]}
        return {
            name: Pool.of(pool, self.choices) if self.pooled else list(pool)
            for name, pool in pools.items()
        }

    def samples(self, image_ids):
        return []


def test_used_classes_come_first_then_those_of_most_images():
    listed = listing.of_classes(Zoo(), ["dog", "cat"])
    assert [(entry.name, entry.used, entry.images) for entry in listed] == [
        *(("dog", True, 3), ("cat", True, 4), ("owl", False, 5), ("fox", False, 4)),
    ]


def test_annotations_are_counted_by_kind_and_images_by_reason():
    entry = listing.of_classes(Zoo(), ["dog"])[0]
    row = entry.row()
    assert (row["class"], row["used"], row["images"], row["images_left_out"]) == (
        "dog",
        "yes",
        3,
        2,
    )
    counts = [row[kind] for kind in ("masks", "boxes", "crowds", "without_region")]
    assert counts == [4, 1, 1, 0]
    boxes, crowds = entry.notes
    assert "1 of 6 annotations of 'dog' are boxes without a mask: 1 image left out" in boxes
    assert "1 of 6 annotations of 'dog' are crowds: 1 image left out" in crowds
    assert row["notes"] == f"{boxes}; {crowds}"


def test_choices_of_the_study_change_the_counts():
    zoo = Zoo()
    zoo.choices = Choices(boxes="use", crowds="count")
    row = listing.of_classes(zoo, ["dog"])[0].row()
    assert (row["images"], row["images_left_out"], row["notes"]) == (5, 0, "")


def test_a_format_without_pools_counts_images_alone():
    row = listing.of_classes(Zoo(pooled=False), ["owl"])[0].row()
    assert row["images"] == 5
    assert {row[key] for key in ("masks", "boxes", "crowds", "images_left_out", "notes")} == {""}


def test_faulty_classes_are_listed_with_the_fault():
    listed = listing.of_classes(Zoo({"owl", "fox"}), ["dog"])
    assert Counter(entry.images for entry in listed) == {3: 1, 4: 1, 0: 2}
    assert {e.name: e.row()["notes"] for e in listed if not e.images} == {
        "owl": "owl has no legs",
        "fox": "fox has no legs",
    }


def test_one_fault_among_many_classes_is_found_in_few_passes(monkeypatch):
    monkeypatch.setattr("tests.test_listing.MASKS", {f"c{k}": 1 for k in range(1000)})
    zoo = Zoo({"c777"})
    listed = listing.of_classes(zoo, ["c1"])
    assert [entry.name for entry in listed if not entry.images] == ["c777"]
    assert zoo.calls < 30


def test_a_class_that_is_not_annotated_has_a_hint():
    entry = listing.of_classes(Zoo(), ["dgo"])[0]
    assert (entry.name, entry.used, entry.images) == ("dgo", True, 0)
    assert entry.notes == ["'dgo' is not in the annotations; did you mean 'dog'?"]


SAMPLES = [
    sample_of(1, "dog", (40, 30), instances=("a", "b"), boxes=1),
    sample_of(2, "dog", (30, 40), instances=("a",)),
    sample_of(3, "dog", (10, 10), instances=("a",) * 7, crowds=2),
    sample_of(4, "dog", (90, 90), instances=("a",)),
    sample_of(5, "owl", (64, 48), instances=("a",)),
]
FRACTIONS = {s.id: f for s, f in zip(SAMPLES, (0.2, 0.1, 0.00004, 0.9, 0.5), strict=True)}


def test_samples_are_summed_up_by_class():
    dogs, owls = listing.of_samples(SAMPLES, FRACTIONS)
    assert (dogs["class"], dogs["samples"], dogs["instances"]) == ("dog", 4, 11)
    assert (dogs["boxes"], dogs["crowds"]) == (1, 2)
    ends = ("smallest", "median", "largest")
    assert [dogs[f"instances_{end}"] for end in ends] == [1, 1, 7]
    assert [dogs[f"mask_fraction_{end}"] for end in ends] == [0.00004, 0.1, 0.9]
    assert [dogs[f"image_{end}"] for end in ends] == ["10 x 10", "30 x 40", "90 x 90"]
    assert {owls[f"image_{end}"] for end in ends} == {"64 x 48"}


def test_tables_are_read_as_they_were_written(tmp_path):
    name = 'a "dog",\r\nor two'
    rows = [{"class": name, "images": 3}, {"class": "信", "images": ""}]
    listing.write(rows, tmp_path / "classes.csv")
    assert results.read_rows(tmp_path / "classes.csv") == [
        {"class": name, "images": "3"},
        {"class": "信", "images": ""},
    ]
    Path(tmp_path / "classes.csv").write_text("class,images\n")
    with pytest.raises(StudyError, match="changed after it was written"):
        results.read_rows(tmp_path / "classes.csv")


def test_the_overview_has_a_row_a_class_of_the_study(tmp_path):
    listing.write([e.row() for e in listing.of_classes(Zoo(), ["dog", "owl"])], tmp_path / "c.csv")
    listing.write(listing.of_samples(SAMPLES, FRACTIONS), tmp_path / "s.csv")
    classes, samples = (results.read_rows(tmp_path / name) for name in ("c.csv", "s.csv"))
    dogs, owls = overview.overview(classes, samples)
    assert list(dogs.values()) == [
        *("dog", "4", "3", "2", "1 to 7", "0.004 to 90.0 %", "10.0 %"),
        *("10 x 10", "30 x 40", "90 x 90"),
    ]
    assert (owls["left out"], owls["instances"], owls["mask fraction"]) == ("0", "1", "50.0 %")
    assert len(overview.notes(classes)) == 1


def test_examples_are_right():
    assert doctest.testmod(overview).failed == 0
