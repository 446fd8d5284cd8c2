"""The samples that are shown as pictures."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.errors import StudyError
from lookwhere.io import missing
from lookwhere.io.results import checked_folder, write_array
from lookwhere.report.showcase import choose, of_selection, read_map, worst


def samples(*pairs: tuple[int, str]) -> list[Sample]:
    return [Sample(sample_id(i, c), i, c, f"{i}.jpg", 4, 3, "CC0", None, ()) for i, c in pairs]


def ids(chosen: list[Sample]) -> list[tuple[int, str]]:
    return [(sample.image_id, sample.class_name) for sample in chosen]


def test_an_image_of_two_classes_comes_first():
    study = samples((5, "clock"), (7, "clock"), (9, "clock"), (2, "tie"), (9, "tie"), (7, "tie"))
    assert ids(choose([study], None)) == [(7, "clock"), (7, "tie")]


def test_the_widest_of_them():
    study = samples((7, "clock"), (9, "clock"), (9, "tie"), (7, "tie"))
    wide = [replace(sample, width=9) if sample.image_id == 9 else sample for sample in study]
    assert ids(choose([wide], None)) == [(9, "clock"), (9, "tie")]


def test_then_the_first_of_every_other_class():
    study = samples((5, "clock"), (7, "clock"), (3, "dog"), (4, "dog"), (7, "tie"), (9, "cat"))
    expected = [(7, "clock"), (7, "tie"), (3, "dog"), (9, "cat")]
    assert ids(choose([study], None)) == expected


def test_where_no_image_is_shared_the_first_of_every_class():
    study = samples((5, "clock"), (7, "clock"), (2, "tie"), (9, "tie"), (1, "dog"))
    assert ids(choose([study], None)) == [(5, "clock"), (2, "tie"), (1, "dog")]


def test_all_is_every_sample():
    study = samples((5, "clock"), (7, "clock"), (2, "tie"))
    assert choose([study], "all") == study


def test_a_study_of_one_sample_shows_it():
    assert ids(choose([samples((5, "clock"))], None)) == [(5, "clock")]


def test_listed_samples_keep_their_order():
    study = samples((5, "clock"), (2, "traffic light"))
    listed = ["000000000002-traffic_light", "000000000005-clock"]
    assert ids(choose([study], listed)) == [(2, "traffic light"), (5, "clock")]
    assert choose([study], []) == []


def test_an_unknown_sample_is_reported_with_the_nearest():
    with pytest.raises(StudyError, match="did you mean '000000000005-clock'"):
        choose([samples((5, "clock"))], ["000000000005-clok"])


@pytest.mark.parametrize("ids", [None, "all", ["000000000002-tie", "000000000005-clock"]])
def test_each_selection_has_its_own_showcase(ids):
    """So the copied maps of a showcase do not depend on other selections."""
    first, second = samples((5, "clock"), (7, "clock")), samples((2, "tie"), (5, "clock"))[:1]
    together = [*of_selection(first, ids), *of_selection(second, ids)]
    assert sorted(together, key=str) == sorted(choose([first, second], ids), key=str)


def test_the_worst_of_each_class_is_that_of_the_leading_method_on_trained_nets():
    shares = {  # method, net: of samples a1, a2 (class a), b1
        ("grad_cam", "one"): [0.9, 0.8, 0.7],
        ("grad_cam", "two"): [0.2, 0.5, 0.7],
        ("deconvolution", "one"): [0.5, 0.1, 0.1],
        ("deconvolution", "two"): [0.5, 0.1, None],
        ("sobel", "one"): [1.0, 1.0, 1.0],
        ("grad_cam", "random"): [1.0, 0.0, 0.0],
    }
    rows = [
        {"sample": sample, "class": sample[0], "method": method, "net": net, "concentration": share}
        | {"training": "untrained" if net == "random" else "trained"}
        for (method, net), values in shares.items()
        for sample, share in zip(["a1", "a2", "b1"], values, strict=True)
    ]
    table = pd.DataFrame(rows).astype({"concentration": "float64"})
    assert worst(table) == ["a1", "b1"]
    assert worst(table.assign(concentration=float("nan"))) == []


def test_a_map_is_read_from_the_showcase_or_from_all_maps(tmp_path):
    places = {"copied": "net/64/five/1-2/grad_cam/7-dog.npy", "kept": "net/grad_cam/64/1-2/8.npy"}
    folders = []
    for number, place in enumerate(places.values()):
        file = tmp_path / place
        above = file.parents[1] if number == 0 else file.parent
        with checked_folder(above) as draft:
            (draft / file.relative_to(above)).parent.mkdir(parents=True, exist_ok=True)
            write_array(draft / file.relative_to(above), np.full((1, 2, 2), number, "float32"))
        folders.append(str(above))
    assert read_map(folders, "7-dog", "net", "grad_cam", "64").max() == 0
    assert read_map(folders, "8", "net", "grad_cam", "64").max() == 1
    with pytest.raises(StudyError, match="no map of 8 by deconvolution for net at 64"):
        read_map(folders, "8", "net", "deconvolution", "64")


def test_there_is_no_map_of_the_samples_that_the_folder_lists(tmp_path):
    with checked_folder(tmp_path / "net/deconvolution/64/1-2") as draft:
        missing.list_samples(draft, ["8-dog", "9-dog"])
    folders = [str(tmp_path / "net/deconvolution/64/1-2")]
    assert read_map(folders, "9-dog", "net", "deconvolution", "64") == "no_map"
    with pytest.raises(StudyError, match="no map of 7-dog by deconvolution for net at 64"):
        read_map(folders, "7-dog", "net", "deconvolution", "64")


@pytest.mark.parametrize("place", ["net/64/five/1-2", "net/deconvolution/64/1-2"])
def test_there_is_no_map_where_the_folder_says_that_it_is_not_defined(tmp_path, place):
    below = "deconvolution" if place.startswith("net/64") else "."
    with checked_folder(tmp_path / place) as draft:
        (draft / below).mkdir(exist_ok=True)
        missing.note(draft / below, "the net uses GELU")
    folders = [str(tmp_path / place)]
    assert read_map(folders, "8", "net", "deconvolution", "64") == "not_defined"
    with pytest.raises(StudyError, match="no map of 8 by grad_cam for net at 64"):
        read_map(folders, "8", "net", "grad_cam", "64")
    (tmp_path / place / below / missing.FILE).write_text("another reason")
    with pytest.raises(StudyError, match="was damaged or changed after it was written"):
        read_map(folders, "8", "net", "deconvolution", "64")
