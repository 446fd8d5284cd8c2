"""Agreement of metrics: Krippendorff's published example, and scipy on a study of a few numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from lookwhere.metrics.registry import METRICS
from lookwhere.statistics import concordance
from lookwhere.statistics.concordance import ordinal_alpha

from .studies import fabricate

NONE = np.nan
# Krippendorff 2011, section C: four observers, twelve units.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)
METHODS = ["backpropagation", "deconvolution", "guided_backpropagation", "grad_cam"]


def test_alpha_is_that_of_krippendorff_s_example():
    assert ordinal_alpha(PUBLISHED) == pytest.approx(0.815, abs=5e-4)


def test_alpha_is_1_where_all_agree_and_near_0_for_random_ranks():
    ranks = np.tile(np.arange(1.0, 6), (8, 1))
    assert ordinal_alpha(ranks) == pytest.approx(1)
    rng = np.random.default_rng(0)
    assert abs(ordinal_alpha(rng.permuted(np.tile(np.arange(9.0), (300, 1)), axis=1))) < 0.02


@pytest.mark.parametrize("ratings", [np.full((3, 4), NONE), np.ones((3, 4)), np.ones((1, 5))])
def test_alpha_is_undefined_where_nothing_can_be_compared(ratings):
    assert np.isnan(ordinal_alpha(ratings))


@pytest.fixture
def records():
    records = fabricate(nets=["vgg19", "alexnet"], sizes=["original"], methods=METHODS)
    rng = np.random.default_rng(1)
    return records.assign(deletion=rng.random(len(records)))


def row(table, one, other):
    [found] = table[(table["measure"] == one) & (table["other_measure"] == other)].to_dict(
        "records"
    )
    return found


def test_tau_is_scipy_s_of_the_means_within_nets_and_lower_is_turned(records):
    lost = (records["method"] == "grad_cam") & (records["image_id"] < 2)
    records["concentration"] = records["concentration"].fillna(0.1).mask(lost)
    found = row(concordance.of_metrics(records), "concentration", "deletion")
    taus = []
    for net in ("vgg19", "alexnet"):
        of_net = records[(records["net"] == net) & records["method"].isin(METHODS)]
        complete = of_net[of_net["image_id"] >= 2]
        means = complete.groupby("method", observed=True)[["concentration", "deletion"]].mean()
        taus.append(kendalltau(means["concentration"], -means["deletion"]).statistic)
    counts = [found[name] for name in ("images", "records", "undefined", "not_compared")]
    assert counts == [10, 48, 8, 0]
    assert found["tau"] == pytest.approx(np.mean(taus))
    assert (found["lowest"], found["highest"]) == pytest.approx((min(taus), max(taus)))
    assert found["cells"] == 2


def test_every_two_metrics_are_compared_once_and_each_with_itself(records):
    table = concordance.of_metrics(records)
    names = [name for name in METRICS if name in records]
    count = len(names)
    assert len(table) == count * (count + 1) // 2
    assert (table["alpha"].notna() == (table["measure"] == table["other_measure"])).all()


def test_the_alpha_of_a_metric_is_of_images_that_rank_the_methods(records):
    same = records.assign(deletion=records["method"].cat.codes.astype(float))
    table = concordance.of_metrics(same)
    assert row(table, "deletion", "deletion")["alpha"] == pytest.approx(1)
    random = row(concordance.of_metrics(records), "deletion", "deletion")
    assert abs(random["alpha"]) < 0.3
    assert random["images"] == 12


@pytest.fixture
def alike(records):
    """All images rank the methods in one order by deletion; each has a level of its own."""
    level = records["sample"].str[:12].astype(float)
    return records.assign(deletion=-records["method"].cat.codes - 10 * level)


def test_missing_values_alone_change_no_alpha(alike):
    """Ranks among the methods present would differ from those of all."""
    lost = np.random.default_rng(3).random(len(alike)) < 0.1
    some = alike.assign(deletion=alike["deletion"].mask(lost))
    found = row(concordance.of_metrics(some), "deletion", "deletion")
    assert found["alpha"] == pytest.approx(1)
    assert found["undefined"] > 0


def test_missing_values_alone_change_no_tau(alike):
    """A method that lacks the images of low values would come first by its mean."""
    whole = alike.assign(concentration=-alike["deletion"])
    lost = (whole["method"] == METHODS[0]) & whole["sample"].str[:12].astype(int).isin(range(4))
    for name in ("deletion", "concentration"):
        some = whole.assign(**{name: whole[name].mask(lost)})
        found = row(concordance.of_metrics(some), "concentration", "deletion")
        assert found["tau"] == pytest.approx(1)
        assert (found["records"], found["undefined"]) == (48, 8)


def test_a_method_that_is_mostly_undefined_is_not_compared_and_counted(alike):
    lost = (alike["method"] == METHODS[0]) & (alike["net"] == "vgg19")
    some = alike.assign(deletion=alike["deletion"].mask(lost))
    found = row(concordance.of_metrics(some), "deletion", "deletion")
    assert (found["undefined"], found["not_compared"], found["images"]) == (0, 1, 12)
    assert found["alpha"] == pytest.approx(1)


def test_methods_of_equal_maps_count_once(records, monkeypatch):
    monkeypatch.setattr(
        concordance.equal_maps, "groups", lambda records: {"net": [["deconvolution", "grad_cam"]]}
    )
    without = records[records["method"] != "grad_cam"]
    table = concordance.of_metrics(records)
    monkeypatch.undo()
    pd.testing.assert_frame_equal(table, concordance.of_metrics(without))


def test_two_methods_have_no_tau(records):
    few = records[~records["method"].isin(METHODS[2:])]
    found = row(concordance.of_metrics(few), "concentration", "deletion")
    assert np.isnan(found["tau"])
    assert found["cells"] == 0


def test_the_direction_is_that_of_the_declaration(records, monkeypatch):
    turned = row(concordance.of_metrics(records), "concentration", "deletion")["tau"]
    monkeypatch.setitem(METRICS, "deletion", replace(METRICS["deletion"], better="higher"))
    assert row(concordance.of_metrics(records), "concentration", "deletion")["tau"] == -turned
