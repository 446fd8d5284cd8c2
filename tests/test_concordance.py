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
    found = row(concordance.of_metrics(records), "concentration", "deletion")
    taus = []
    for net in ("vgg19", "alexnet"):
        of_net = records[(records["net"] == net) & records["method"].isin(METHODS)]
        means = of_net.groupby("method", observed=True)[["concentration", "deletion"]].mean()
        taus.append(kendalltau(means["concentration"], -means["deletion"]).statistic)
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
