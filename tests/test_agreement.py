"""Groups that reverse the order of methods, by hand."""

from itertools import product

import pandas as pd
import pytest

from lookwhere.statistics import agreement

NETS, SIZES, CLASSES = ["a", "b"], ["original", "224"], ["dog", "cat"]
PAIR = ("grad_cam", "deconvolution")


def records(images=10, **raised):
    """Grad-CAM has 0.6 and deconvolution 0.4, or in a group the value in ``raised``."""
    rows = []
    for net, size, name, image in product(NETS, SIZES, CLASSES, range(images)):
        for method, share in (("deconvolution", 0.4), ("grad_cam", 0.6)):
            for key, value in raised.items():
                if key in (net, size, name) and method == "deconvolution":
                    share = value
            rows.append(
                {"sample": f"{image}-{name}", "image_id": image, "class": name, "net": net}
                | {"size": size, "method": method, "concentration": share}
            )
    return pd.DataFrame(rows)


def test_groups_that_agree_are_not_reported():
    assert agreement.reversals(records()) == {}


def test_a_class_that_reverses_two_methods_is_named():
    table = records(cat=0.7)
    reversals = agreement.reversals(table)
    assert reversals == {PAIR: {"class": ["cat"]}}
    [sentence] = agreement.sentences(reversals, table, "below")
    assert sentence == "Grad-CAM below Deconvolution in 1 of 2 classes (cat)"


def test_a_class_of_too_few_images_is_not():
    assert agreement.reversals(records(images=9, cat=0.7)) == {}


def test_two_methods_are_compared_on_common_records():
    """All of deconvolution's maps of cats are undefined but one of the easiest image."""
    table = records()
    of_cats = (table["class"] == "cat") & (table["method"] == "deconvolution")
    easiest = (table["class"] == "cat") & (table["image_id"] == 0)
    shares = table["concentration"].mask(of_cats & ~easiest).mask(easiest, 0.9)
    assert agreement.reversals(table.assign(concentration=shares)) == {}


def test_methods_that_swap_places_as_the_mask_grows_are_named():
    sweep = pd.concat(
        [records().assign(dilation=0.0), records(b=0.9).assign(dilation=0.5)], ignore_index=True
    )
    crossings = agreement.crossings(sweep)
    assert crossings[PAIR[::-1]]["net"] == ["b"]
    assert agreement.crossings(records().assign(dilation=0.0)) == {}


@pytest.mark.parametrize("count", [3, 4, 5, 9])
def test_many_sentences_are_counted(count):
    texts = agreement.first(iter(f"sentence {n}" for n in range(count)))
    assert texts[:3] == ["sentence 0", "sentence 1", "sentence 2"]
    assert len(texts) == min(count, 4)
    if count > 4:
        assert texts[-1] == f"and {count - 3} more (see tables/differences_by_*)"


def test_a_size_that_changes_one_class_in_the_other_direction_is_named():
    table = records()
    at_224, of_cats = table["size"] == "224", table["class"] == "cat"
    change = (at_224 & ~of_cats) * 0.3 - (at_224 & of_cats) * 0.1
    table = table.assign(concentration=table["concentration"] + change)
    row = {"method": "grad_cam", "size": "224", "other": "original", "difference": 0.1}
    [sentence] = agreement.changes(table, pd.DataFrame([row]))
    assert sentence == "Grad-CAM falls at 224 in 1 of 2 classes (cat)"
