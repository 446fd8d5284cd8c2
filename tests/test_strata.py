"""The groups of records: complete, and without others."""

import pandas as pd
import pytest

from lookwhere.statistics.strata import add_strata, as_text, split, trained_only

from .studies import NETS, SIZES, fabricate

RECORDS = fabricate()


def test_untrained_nets_are_left_out_of_averages_over_nets():
    trained = RECORDS[RECORDS["net"] != "untrained"]
    for by in ([], ["method"], ["size", "method"], ["class", "method"]):
        pd.testing.assert_frame_equal(add_strata(RECORDS, by), trained)
    pd.testing.assert_frame_equal(trained_only(RECORDS), trained)


def test_untrained_nets_stay_in_groups_by_net():
    pd.testing.assert_frame_equal(add_strata(RECORDS, ["net", "method"]), RECORDS)
    by_training = add_strata(RECORDS, ["training", "method"])
    assert len(by_training) == len(RECORDS)
    assert set(by_training.loc[by_training["training"] == "untrained", "net"]) == {"untrained"}
    assert "untrained" not in set(by_training.loc[by_training["training"] == "trained", "net"])


@pytest.mark.parametrize("first", [1, 5])
def test_a_prediction_is_right_or_not(first):
    records = add_strata(RECORDS, ["prediction", "method"])
    right = records[records["prediction"] == f"top {first}"]
    wrong = records[records["prediction"] == f"not top {first}"]
    assert (right["target_rank"] <= first).all()
    assert (wrong["target_rank"] > first).all()
    both = pd.concat([right, wrong]).drop(columns="prediction").sort_index()
    pd.testing.assert_frame_equal(both, trained_only(RECORDS))


def test_a_record_without_a_rank_is_not_right():
    records = RECORDS.assign(target_rank=RECORDS["target_rank"].where(RECORDS["image_id"] > 1))
    unknown = trained_only(records)["target_rank"].isna().sum()
    groups = add_strata(records, ["prediction"])
    assert unknown
    counts = groups[groups["target_rank"].isna()]["prediction"].value_counts().to_dict()
    assert counts == {"not top 1": unknown, "not top 5": unknown}


def test_groups_are_in_the_order_of_categories_whatever_that_of_the_rows():
    shuffled = RECORDS.iloc[::-1]
    keys = [(key["size"], key["net"]) for key, _ in split(shuffled, ["size", "net"])]
    assert keys == [(size, net) for size in SIZES for net in NETS]
    appearing = [key["net"] for key, _ in split(as_text(shuffled), ["net"])]
    assert appearing == NETS[::-1]


def test_a_group_without_records_is_omitted():
    of_two = RECORDS[RECORDS["net"] != "alexnet"]
    assert [key["net"] for key, _ in split(of_two, ["net"])] == ["vgg19", "untrained"]
