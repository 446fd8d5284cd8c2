"""Verdicts on methods, by constructed records."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lookwhere.statistics.verdicts import verdicts

from .studies import fabricate, rivals_of

pytestmark = pytest.mark.usefixtures("few_draws")

IMAGES = 20


def records_of(shares, net="trained", training="trained", images=IMAGES, seed=0):
    """Records of a net: by method or control the mean concentration, with noise by image."""
    rng = np.random.default_rng(seed)
    rows = [
        {"sample": f"{image}-dog", "image_id": image, "class": "dog", "net": net, "method": method}
        | {"size": "64", "architecture": "vgg", "training": training}
        | {"concentration": share + rng.uniform(-0.1, 0.1)}
        for method, share in shares.items()
        for image in range(images)
    ]
    return pd.DataFrame(rows)


def rivals_from(records, rival, share, seed=1):
    rng = np.random.default_rng(seed)
    values = share + rng.uniform(-0.1, 0.1, len(records))
    return records.assign(rival=rival, concentration=values)


def only(table):
    [row] = table.to_dict("records")
    return row


def test_a_method_above_every_control_is_ahead_of_all_and_the_closest_is_named():
    records = records_of({"grad_cam": 0.8, "centre": 0.3, "noise": 0.1})
    row = only(verdicts(records))
    assert (row["verdict"], row["control"]) == ("ahead of all controls", "centre")
    assert (row["controls"], row["untested"], row["tests"]) == (2, 0, 2)
    assert (row["images"], row["ahead"]) == (IMAGES, IMAGES)
    means = records.groupby("method")["concentration"].mean()
    assert row["difference"] == pytest.approx(means["grad_cam"] - means["centre"])
    assert row["low"] < row["difference"] < row["high"]


def test_one_control_ahead_of_it_decides_against_a_method():
    records = records_of({"grad_cam": 0.5, "centre": 0.9, "sobel": 0.5, "noise": 0.1})
    row = only(verdicts(records))
    assert (row["verdict"], row["control"]) == ("behind", "centre")
    assert row["difference"] < 0


def test_a_control_from_which_it_cannot_be_told_keeps_a_method_from_being_ahead():
    records = records_of({"grad_cam": 0.5, "sobel": 0.5, "noise": 0.1})
    row = only(verdicts(records))
    assert (row["verdict"], row["control"]) == ("no different", "sobel")
    assert row["p_holm"] >= 0.05


def test_p_is_corrected_over_all_methods_and_controls_of_the_net_by_itself():
    shares = {"grad_cam": 0.42, "layer_cam": 0.4, "centre": 0.38, "noise": 0.3}
    records = pd.concat([records_of(shares, net=net, seed=seed) for seed, net in enumerate("ab")])
    table = verdicts(records).set_index(["net", "method"])
    for net in "ab":
        by = records[records["net"] == net].pivot(
            index="image_id", columns="method", values="concentration"
        )
        tests = {
            (method, control): stats.wilcoxon(by[method] - by[control]).pvalue
            for method in ("grad_cam", "layer_cam")
            for control in ("centre", "noise")
        }
        corrected = dict(
            zip(tests, multipletests(list(tests.values()), method="holm")[1], strict=True)
        )
        for method in ("grad_cam", "layer_cam"):
            row = table.loc[(net, method)]
            assert row["p_holm"] == pytest.approx(corrected[method, row["control"]])
            assert row["tests"] == 4


@pytest.mark.parametrize("rival", ["other_class", "least_likely", "mean_map"])
def test_each_rival_is_a_control(rival):
    records = records_of({"grad_cam": 0.5, "noise": 0.1})
    methods = records[records["method"] == "grad_cam"]
    row = only(verdicts(records, rivals_from(methods, rival, 0.8)))
    assert (row["verdict"], row["control"], row["controls"]) == ("behind", rival, 2)


def test_a_method_that_ignores_the_class_is_a_control_of_the_others_and_not_of_itself():
    records = records_of({"grad_cam": 0.3, "mean_activation": 0.7, "noise": 0.1})
    table = verdicts(records).set_index("method")
    assert table.loc["grad_cam", "control"] == "mean_activation"
    assert table.loc["grad_cam", "verdict"] == "behind"
    assert table.loc["mean_activation", "controls"] == 1


def test_rounding_is_no_difference():
    """The map of another class by a method that ignores the class."""
    records = records_of({"mean_activation": 0.7, "noise": 0.1})
    own = records[records["method"] == "mean_activation"]
    noise = np.random.default_rng(0).uniform(0, 1e-8, len(own))
    rivals = own.assign(rival="other_class", concentration=own["concentration"] - noise)
    row = only(verdicts(records, rivals))
    assert (row["verdict"], row["control"]) == ("no different", "other_class")
    assert (row["difference"], row["tests"]) == (0, 1)


def test_the_same_method_on_an_untrained_net_of_the_architecture_is_a_control():
    trained = records_of({"grad_cam": 0.5, "noise": 0.1})
    twin = records_of({"grad_cam": 0.9, "noise": 0.1}, net="twin", training="untrained", seed=5)
    row = only(verdicts(pd.concat([trained, twin])))
    assert (row["net"], row["verdict"], row["control"]) == ("trained", "behind", "twin")
    elsewhere = twin.assign(architecture="alexnet")
    assert only(verdicts(pd.concat([trained, elsewhere])))["verdict"] == "ahead of all controls"


def test_a_control_of_too_few_images_is_counted_and_decides_nothing():
    records = records_of({"grad_cam": 0.8, "noise": 0.1})
    few = records[records["method"] == "grad_cam"].head(3)
    row = only(verdicts(records, rivals_from(few, "other_class", 0.9)))
    assert (row["verdict"], row["control"]) == ("ahead of all controls", "noise")
    assert (row["controls"], row["untested"]) == (1, 1)


def test_a_control_that_is_the_same_on_most_images_is_no_different():
    """Too few images differ for a test, but it has the images for one."""
    records = records_of({"grad_cam": 0.8, "noise": 0.1})
    own = records[records["method"] == "grad_cam"]
    more = 0.1 * (own["image_id"] < 3)
    rivals = own.assign(rival="other_class", concentration=own["concentration"] - more)
    row = only(verdicts(records, rivals))
    assert (row["verdict"], row["control"]) == ("no different", "other_class")
    assert (row["controls"], row["untested"], row["ahead"]) == (2, 0, 3)


def test_without_enough_images_there_is_no_verdict():
    table = verdicts(records_of({"grad_cam": 0.8, "noise": 0.1}, images=3))
    row = only(table)
    assert (row["verdict"], row["controls"], row["untested"]) == ("too few images", 0, 1)
    assert pd.isna(row["control"])
    assert row["tests"] == 1
    assert table["tests"].dtype == "int64"


def test_the_number_of_tests_is_that_of_the_net_where_one_method_has_no_verdict():
    """Of two methods, one with three images: all its controls are too few."""
    records = records_of({"grad_cam": 0.8, "layer_cam": 0.8, "noise": 0.1})
    lost = (records["method"] == "layer_cam") & (records["image_id"] >= 3)
    records["concentration"] = records["concentration"].mask(lost)
    table = verdicts(records).set_index("method")
    assert table["verdict"].to_dict() == {
        "grad_cam": "ahead of all controls",
        "layer_cam": "too few images",
    }
    assert table["tests"].to_dict() == {"grad_cam": 2, "layer_cam": 2}
    assert table["tests"].dtype == "int64"


def test_a_verdict_counts_its_pairs_and_those_without_a_value():
    """The maps of the least likely class are zero on some samples."""
    records = records_of({"grad_cam": 0.8, "noise": 0.1})
    methods = records[records["method"] == "grad_cam"]
    rivals = rivals_from(methods, "least_likely", 0.9)
    rivals["concentration"] = rivals["concentration"].where(rivals["image_id"] < 12)
    row = only(verdicts(records, rivals))
    assert (row["verdict"], row["control"]) == ("behind", "least_likely")
    assert (row["pairs"], row["undefined"], row["images"]) == (12, IMAGES - 12, 12)


def test_a_method_that_is_not_defined_keeps_its_row():
    records = records_of({"grad_cam": np.nan, "layer_cam": 0.8, "noise": 0.1})
    table = verdicts(records).set_index("method")
    assert table.loc["grad_cam", "verdict"] == "too few images"
    assert table.loc["layer_cam", "verdict"] == "ahead of all controls"


def test_nets_are_not_pooled_and_untrained_ones_have_no_verdict():
    records = fabricate()
    table = verdicts(records, rivals_of(records))
    assert list(table["net"].unique()) == ["vgg19", "alexnet"]
    assert len(table) == 2 * 5


def test_the_untrained_twins_of_a_cascade_are_a_control_on_their_own_samples():
    """Their mean over seeds, and of the last stage alone."""
    records = records_of({"grad_cam": 0.8, "noise": 0.1})
    own = records[records["method"] == "grad_cam"]
    steps = [(0, None, 0.8), (1, 0, 0.1), (1, 1, 0.1), (2, 0, 0.85), (2, 1, 0.95)]
    cascade = pd.concat(
        own[own["image_id"] < 12].assign(stage=stage, seed=seed, concentration=share)
        for stage, seed, share in steps
    )
    row = only(verdicts(records, cascade=cascade))
    assert (row["verdict"], row["control"]) == ("behind", "twins")
    assert row["images"] == 12
    few = own.loc[own["image_id"] < 12, "concentration"]
    assert row["difference"] == pytest.approx(few.mean() - 0.9)
