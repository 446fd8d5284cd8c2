"""The samples that are shown as pictures."""

from dataclasses import replace

import pytest

from concentration.coco import Sample, sample_id
from concentration.errors import StudyError
from concentration.showcase import choose


def samples(*pairs: tuple[int, str]) -> list[Sample]:
    return [Sample(sample_id(i, c), i, c, f"{i}.jpg", 4, 3, "CC0", ()) for i, c in pairs]


def ids(chosen: list[Sample]) -> list[tuple[int, str]]:
    return [(sample.image_id, sample.class_name) for sample in chosen]


def test_an_image_of_two_classes_comes_first():
    study = samples((5, "clock"), (7, "clock"), (9, "clock"), (2, "tie"), (9, "tie"), (7, "tie"))
    assert ids(choose(study, None)) == [(7, "clock"), (7, "tie")]


def test_the_widest_of_them():
    study = samples((7, "clock"), (9, "clock"), (9, "tie"), (7, "tie"))
    wide = [replace(sample, width=9) if sample.image_id == 9 else sample for sample in study]
    assert ids(choose(wide, None)) == [(9, "clock"), (9, "tie")]


def test_then_the_first_of_every_other_class():
    study = samples((5, "clock"), (7, "clock"), (3, "dog"), (4, "dog"), (7, "tie"), (9, "cat"))
    expected = [(7, "clock"), (7, "tie"), (3, "dog"), (9, "cat")]
    assert ids(choose(study, None)) == expected


def test_where_no_image_is_shared_the_first_of_every_class():
    study = samples((5, "clock"), (7, "clock"), (2, "tie"), (9, "tie"), (1, "dog"))
    assert ids(choose(study, None)) == [(5, "clock"), (2, "tie"), (1, "dog")]


def test_all_is_every_sample():
    study = samples((5, "clock"), (7, "clock"), (2, "tie"))
    assert choose(study, "all") == study


def test_a_study_of_one_sample_shows_it():
    assert ids(choose(samples((5, "clock")), None)) == [(5, "clock")]


def test_wanted_samples_come_in_the_wanted_order():
    study = samples((5, "clock"), (2, "traffic light"))
    wanted = ["000000000002-traffic_light", "000000000005-clock"]
    assert ids(choose(study, wanted)) == [(2, "traffic light"), (5, "clock")]
    assert choose(study, []) == []


def test_an_unknown_sample_is_told_with_the_nearest():
    with pytest.raises(StudyError, match="did you mean '000000000005-clock'"):
        choose(samples((5, "clock")), ["000000000005-clok"])
