"""The numbers of a cascade, beside those of a hand-computed one."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lookwhere.statistics import cascade

from .studies import cascade_of, fabricate

pytestmark = pytest.mark.usefixtures("few_draws")

RECORDS = cascade_of(fabricate())


def row_of(table, net, method, size="224"):
    [row] = table[table[["net", "size", "method"]].eq([net, size, method]).all(axis=1)].to_dict(
        "records"
    )
    return row


def hand(values, images=12):
    """Records of one method: of each stage, seed and image a rank correlation and concentration."""
    last = max(stage for stage, _ in values)
    rows = [
        {
            **{"sample": f"{image}-dog", "image_id": image, "class": "dog"},
            **{"net": "a", "method": "grad_cam", "size": "224", "stage": stage, "seed": seed},
            **{
                "layers": stage,
                "share_of_layers": stage / last,
                "share_of_parameters": stage / last,
            },
            **{"lowest_layer": None, "rank_correlation": alike, "rank_correlation_signed": alike},
            **{"ssim": alike, "entropy": entropy, "mask_fraction": 0.1, "status": "ok"},
            "concentration": share,
        }
        for (stage, seed), (alike, share, entropy) in values.items()
        for image in range(images)
    ]
    return pd.DataFrame(rows).astype({"seed": "Int64"})


HAND = {
    (0, None): (1.0, 0.6, 2.0),
    (1, 0): (0.6, 0.3, 3.0),
    (1, 1): (0.8, 0.3, 3.0),
    (2, 0): (0.1, 0.1, 3.0),
    (2, 1): (0.3, 0.3, 4.0),
}


def test_means_of_a_stage_are_over_images_and_seeds():
    table = cascade.by_stage(hand(HAND)).set_index("stage")
    assert table["rank_correlation"].tolist() == pytest.approx([1, 0.7, 0.2])
    assert table["lift"].tolist() == pytest.approx([6, 3, 2])
    assert table["share_of_layers"].tolist() == [0, 0.5, 1]
    assert table["records"].tolist() == [12, 24, 24]
    assert table["images"].tolist() == [12, 12, 12]


def test_the_verdict_is_that_of_the_last_stage():
    row = row_of(cascade.verdicts(hand(HAND)), "a", "grad_cam")
    assert row["rank_correlation"] == pytest.approx(0.2)
    assert (row["lift"], row["trained_lift"]) == pytest.approx((2, 6))
    assert row["kept_to"] == 0.5
    assert row["entropy_rise"] == pytest.approx((3.5 - 2) / 2)
    assert (row["entropy_rise_records"], row["entropy_rise_undefined"]) == (24, 0)
    assert row["verdict"] == "changes with the net"


def test_maps_without_entropy_have_no_rise_and_are_counted():
    """One twin whose maps vanish, and one image of which the map of the net is flat."""
    records = hand(HAND | {(2, 1): (np.nan, np.nan, np.nan)})
    flat = (records["stage"] == 0) & (records["image_id"] == 0)
    row = row_of(
        cascade.verdicts(records.assign(entropy=records["entropy"].mask(flat, 0))), "a", "grad_cam"
    )
    assert row["entropy_rise"] == pytest.approx((3 - 2) / 2)
    assert (row["entropy_rise_records"], row["entropy_rise_undefined"]) == (24, 13)


@pytest.mark.parametrize(
    ("alike", "images", "verdict"),
    [
        ((0.6, 0.8), 12, "keeps its map"),
        ((0.5, 0.5), 12, "in between"),
        ((0.6, 0.8), 9, "too few images"),
        ((np.nan, np.nan), 12, "undefined"),
    ],
)
def test_a_verdict_needs_an_interval_on_one_side_of_a_half(alike, images, verdict):
    values = HAND | {(2, seed): (alike[seed], 0.1, 2.0) for seed in (0, 1)}
    assert row_of(cascade.verdicts(hand(values, images)), "a", "grad_cam")["verdict"] == verdict


def test_a_map_that_is_kept_to_most_of_the_layers_changes_late():
    values = {(0, None): (1.0, 0.6, 2.0)}
    values |= {(stage, 0): (0.9, 0.1, 2.0) for stage in (1, 2)} | {(3, 0): (0.1, 0.1, 2.0)}
    row = row_of(cascade.verdicts(hand(values)), "a", "grad_cam")
    assert row["kept_to"] == pytest.approx(2 / 3)
    assert row["verdict"] == "changes late"


def test_a_map_that_returns_to_its_order_is_not_kept_to_that_stage():
    values = HAND | {(1, seed): (0.2, 0.1, 2.0) for seed in (0, 1)}
    values |= {(2, seed): (0.9, 0.1, 2.0) for seed in (0, 1)}
    assert row_of(cascade.verdicts(hand(values)), "a", "grad_cam")["kept_to"] == 0


def test_undefined_records_are_counted_and_left_out():
    lost = RECORDS["image_id"] < 2
    some = RECORDS.assign(rank_correlation=RECORDS["rank_correlation"].mask(lost))
    row, whole = (row_of(cascade.verdicts(r), "vgg19", "grad_cam") for r in (some, RECORDS))
    assert row["undefined"] > whole["undefined"]
    assert row["images"] == whole["images"] - 2
    assert row["records"] == whole["records"]


def test_of_the_fabricated_methods_one_keeps_its_map_and_the_others_do_not():
    table = cascade.verdicts(RECORDS)
    assert len(table) == 2 * 2 * 5  # nets, sizes, methods
    kept = table["method"] == "backpropagation"
    assert (table.loc[kept, "verdict"] == "keeps its map").all()
    assert (table.loc[~kept, "verdict"] == "changes with the net").all()
    assert (table.loc[kept, "kept_to"] == 1).all()


def test_twins_are_compared_on_the_same_samples():
    """Wilcoxon's test of the images' differences, the mean of the twins' seeds taken first."""
    table = cascade.against_twins(RECORDS)
    row = row_of(table, "vgg19", "guided_backpropagation")
    own = RECORDS[
        (RECORDS["net"] == "vgg19")
        & (RECORDS["size"] == "224")
        & (RECORDS["method"] == "guided_backpropagation")
    ]
    means = own.pivot_table("concentration", ["sample", "image_id"], "stage", observed=True)
    difference = (means[0] - means[3]).dropna()
    by_image = difference.groupby("image_id").mean()
    assert row["pairs"] == len(difference)
    assert row["difference"] == pytest.approx(difference.mean())
    assert row["p"] == pytest.approx(stats.wilcoxon(by_image).pvalue)
    assert row["twin_lift"] == pytest.approx(1)
    assert row["result"] == "ahead"
    first = own.loc[(own["stage"] == 0) & own["concentration"].notna()]
    expected = first["concentration"].mean() / first["mask_fraction"].mean()
    assert row["lift"] == pytest.approx(expected)


def test_a_method_whose_maps_do_not_change_equals_its_twins():
    table = cascade.against_twins(RECORDS)
    assert (table.loc[table["method"] == "backpropagation", "result"] == "equal").all()


def test_the_rounding_of_a_mean_of_equal_twins_is_no_difference():
    """Of three equal numbers pandas' mean differs from them in the last digit, at some."""
    shares = np.random.default_rng(0).uniform(0, 1, 12)
    means = pd.DataFrame([shares] * 3).T.stack().groupby(level=0).mean()
    assert (means != shares).any()
    records = hand({(0, None): (1, 0, 1)} | {(1, seed): (1, 0, 1) for seed in range(3)})
    same = records.assign(concentration=shares[records["image_id"]])
    [row] = cascade.against_twins(same).to_dict("records")
    assert (row["result"], row["ahead"], row["behind"]) == ("equal", 0, 0)


def test_a_method_that_is_not_defined_for_a_net_has_no_pairs():
    lost = (RECORDS["net"] == "vgg19") & (RECORDS["method"] == "grad_cam")
    scores = ["concentration", "rank_correlation", "rank_correlation_signed", "ssim", "entropy"]
    records = RECORDS.assign(
        **{name: RECORDS[name].mask(lost) for name in scores},
        status=RECORDS["status"].mask(lost, "not_defined"),
    )
    assert row_of(cascade.against_twins(records), "vgg19", "grad_cam")["pairs"] == 0
    row = row_of(cascade.verdicts(records), "vgg19", "grad_cam")
    assert (row["verdict"], row["undefined"]) == ("undefined", row["records"])
