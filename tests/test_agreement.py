"""Where groups order the methods otherwise, by hand."""

from itertools import product

import pandas as pd
import pytest

from concentration import agreement

NETS, SIZES, CLASSES = ["a", "b"], ["original", "224"], ["dog", "cat"]


def records(**raised):
    """Grad-CAM has 0.6 and deconvolution 0.4, but for what is raised: ``cat`` to 0.5 and so on."""
    rows = []
    for number, (net, size, name) in enumerate(product(NETS, SIZES, CLASSES)):
        for method, share in (("deconvolution", 0.4), ("grad_cam", 0.6)):
            for key, value in raised.items():
                if key in (net, size, name) and method == "deconvolution":
                    share = value
            rows.append(
                {"sample": f"{number}-{name}", "image_id": number, "class": name, "net": net}
                | {"size": size, "method": method, "concentration": share}
            )
    return pd.DataFrame(rows)


def test_where_all_groups_agree_nothing_is_reported():
    assert agreement.reversals(records()) == {}


def test_a_class_that_orders_two_methods_otherwise_is_named():
    table = records(cat=0.7)
    found = agreement.reversals(table)
    assert found == {("grad_cam", "deconvolution"): {"class": ["cat"]}}
    [sentence] = agreement.sentences(found, table, "behind")
    assert sentence == "Grad-CAM behind Deconvolution: 1 of 2 classes (cat)"


def test_methods_that_change_places_as_the_mask_grows_are_named():
    sweep = pd.concat(
        [records().assign(dilation=0.0), records(b=0.9).assign(dilation=0.5)], ignore_index=True
    )
    found = agreement.crossings(sweep)
    assert found[("deconvolution", "grad_cam")]["net"] == ["b"]
    assert "a" not in found[("deconvolution", "grad_cam")]["net"]
    assert agreement.crossings(records().assign(dilation=0.0)) == {}


@pytest.mark.parametrize("count", [4, 5, 9])
def test_many_pairs_are_counted(count):
    table = records(cat=0.7)
    pairs = {(f"m{n}", "grad_cam"): {"class": ["cat"]} for n in range(count)}
    labels = agreement.LABELS | {f"m{n}": f"M{n}" for n in range(count)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "LABELS", labels)
        texts = agreement.sentences(pairs, table, "behind")
    assert len(texts) == 4
    assert texts[-1] == ("and 2 more" if count == 5 else "and 6 more" if count == 9 else texts[-1])


def test_a_size_that_changes_one_class_in_the_other_direction_is_named():
    table = records()
    at_224, of_cats = table["size"] == "224", table["class"] == "cat"
    change = (at_224 & ~of_cats) * 0.3 - (at_224 & of_cats) * 0.1
    table = table.assign(concentration=table["concentration"] + change, sample=table["class"])
    rows = [
        {"method": method, "size": "224", "other": "original", "difference": 0.1}
        for method in ("grad_cam",)
    ]
    [sentence] = agreement.other_sign(table, pd.DataFrame(rows))
    assert sentence == "The other way round. Grad-CAM at 224: 1 of 2 classes (cat)"
