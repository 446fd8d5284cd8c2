"""Average ranks and critical differences, against a published example and cases by hand."""

import doctest

import numpy as np
import pandas as pd
import pytest

from lookwhere.methods.names import LABELS
from lookwhere.statistics import ranks
from lookwhere.statistics.strata import methods_only, trained_only

from .studies import FIVE, NETS, draw_chart, fabricate

# Demsar 2006, "Statistical comparisons of classifiers over multiple data sets", table 6, where the
# ranks of the last but one row are those of unrounded numbers.
DEMSAR = [
    [0.763, 0.768, 0.771, 0.798],
    [0.599, 0.591, 0.590, 0.569],
    [0.954, 0.971, 0.968, 0.967],
    [0.628, 0.661, 0.654, 0.657],
    [0.882, 0.888, 0.886, 0.898],
    [0.936, 0.931, 0.916, 0.931],
    [0.661, 0.668, 0.609, 0.685],
    [0.583, 0.583, 0.563, 0.625],
    [0.775, 0.838, 0.866, 0.875],
    [1.000, 1.000, 1.000, 1.000],
    [0.940, 0.962, 0.965, 0.962],
    [0.619, 0.666, 0.614, 0.669],
    [0.972, 0.981, 0.9751, 0.975],
    [0.957, 0.978, 0.946, 0.970],
]
FOUR = FIVE[:4]


def records_of(table, net="vgg19", methods=FOUR):
    """Records of one sample an image: a row an image, a column a method."""
    return pd.DataFrame(
        {"sample": f"{image}-dog", "image_id": image, "class": "dog", "net": net, "size": "224"}
        | {"method": method, "concentration": share, "status": "ok"}
        | {"architecture": net, "training": "trained"}
        for image, shares in enumerate(table)
        for method, share in zip(methods, shares, strict=True)
    )


def ranks_of(records, by=()):
    return ranks.ranks(records, list(by)).set_index("method")


def test_the_example_of_demsar_has_his_ranks_critical_difference_and_test():
    table = ranks_of(records_of(DEMSAR))
    assert table["rank"].round(3).tolist() == [3.143, 2.000, 2.893, 1.964]
    assert table["critical_difference"].round(2).tolist() == [1.25] * 4
    assert table["images"].tolist() == [14] * 4
    # He does not correct for ties: two methods tie in three rows, and all four in one.
    ties = 1 - (3 * (2**3 - 2) + (4**3 - 4)) / (14 * (4**3 - 4))
    assert table["chi_square"].to_numpy() * ties == pytest.approx(9.28, abs=0.005)
    # No two of the four differ by more than the critical difference from the best.
    assert table["result"].tolist() == ["not significant"] * 3 + ["best"]


@pytest.mark.parametrize(
    ("maps", "quantile"), [(2, 1.960), (5, 2.728), (10, 3.164)], ids=["2", "5", "10"]
)
def test_critical_differences_are_of_the_published_quantiles(maps, quantile):
    """Demsar 2006, table 5."""
    expected = quantile * np.sqrt(maps * (maps + 1) / (6 * 30))
    assert ranks.critical_difference(maps, 30) == pytest.approx(expected, abs=0.001)


def test_the_example_of_the_docstring_is_right():
    assert doctest.testmod(ranks).attempted == 1
    assert doctest.testmod(ranks).failed == 0


def test_ten_images_in_the_same_order_by_hand():
    """chi square = 12 / (N k (k + 1)) sum(R²) - 3 N (k + 1) = 12 / 120 * 1400 - 120."""
    table = ranks_of(records_of([[0.4, 0.3, 0.2]] * 10, methods=FOUR[:3]))
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["chi_square"].unique() == pytest.approx([20])
    assert table["p"].unique() == pytest.approx([np.exp(-10)])  # of two degrees of freedom
    assert table["result"].tolist() == ["best", "not significant", "behind"]  # CD 1.05


def test_the_image_counts_once_with_the_mean_of_its_records():
    """Of two records the first ranks the methods the one way, the mean the other."""
    first, second = (
        records_of([[0.5, 0.4]] * 10, methods=FOUR[:2]),
        records_of([[0.1, 0.9]] * 10, "alexnet", FOUR[:2]),
    )
    both = ranks_of(pd.concat([first, second], ignore_index=True))
    assert both["rank"].tolist() == [2, 1]
    assert both["images"].tolist() == [10, 10]


def test_records_of_a_study_have_the_ranks_of_loops():
    records = fabricate(images=48)
    table = ranks_of(records, ["net"])
    for net in NETS:
        of_net = methods_only(records[records["net"] == net])
        shares = {}
        for row in of_net.to_dict("records"):
            key = row["image_id"], row["sample"], row["size"]
            shares.setdefault(key, {})[row["method"]] = row["concentration"]
        images = {}
        for (image, *_), values in shares.items():
            if all(value == value for value in values.values()):
                images.setdefault(image, []).append(values)
        places = {method: [] for method in FIVE}
        for values in images.values():
            means = {m: sum(value[m] for value in values) / len(values) for m in FIVE}
            for place, method in enumerate(sorted(means, key=means.get, reverse=True), start=1):
                places[method].append(place)
        rows = table[table["net"] == net]
        assert rows["images"].unique() == [len(images)]
        assert rows["of_images"].unique() == [24]
        for method in FIVE:
            assert rows.loc[method, "rank"] == pytest.approx(np.mean(places[method]))


def with_copy(records, method, copy):
    of_method = records[records["method"].astype("str") == method]
    return pd.concat([records, of_method.assign(method=copy)], ignore_index=True)


def test_a_copy_of_a_method_changes_no_rank_and_shares_its_own():
    records = records_of(DEMSAR)
    alone, both = ranks_of(records), ranks_of(with_copy(records, FOUR[1], "guided_grad_cam"))
    columns = ["rank", "maps", "critical_difference", "chi_square", "p", "result"]
    pd.testing.assert_frame_equal(both.loc[FOUR, columns], alone[columns])
    assert both.loc["guided_grad_cam", columns].equals(both.loc[FOUR[1], columns])


def test_methods_that_are_equal_on_one_net_of_two_are_two():
    one = with_copy(records_of(DEMSAR), FOUR[1], "guided_grad_cam")
    other = records_of([[*row, 0.1] for row in DEMSAR], "alexnet", [*FOUR, "guided_grad_cam"])
    assert ranks_of(one)["maps"].unique() == [4]
    assert ranks_of(pd.concat([one, other], ignore_index=True))["maps"].unique() == [5]


def test_a_method_without_records_on_a_net_costs_the_others_no_image():
    records = records_of(DEMSAR)
    lost = (records["method"] == FOUR[0]) & (records["image_id"] >= 11)  # 3 of 14: over a fifth
    table = ranks_of(records.assign(concentration=records["concentration"].mask(lost)))
    assert table.loc[FOUR[0], "result"] == "not ranked"
    assert np.isnan(table.loc[FOUR[0], "rank"])
    assert table["images"].unique() == [14]
    assert table["maps"].unique() == [3]
    expected = ranks_of(records[records["method"] != FOUR[0]])
    assert table.loc[FOUR[1:], "rank"].equals(expected["rank"])


def test_images_in_which_a_ranked_method_is_undefined_are_counted():
    records = records_of(DEMSAR)
    lost = (records["method"] == FOUR[0]) & (records["image_id"] >= 12)  # 2 of 14
    table = ranks_of(records.assign(concentration=records["concentration"].mask(lost)))
    assert table["images"].unique() == [12]
    assert table["of_images"].unique() == [14]
    assert table["rank"].equals(ranks_of(records_of(DEMSAR[:12]))["rank"])


def test_fewer_than_ten_images_have_ranks_and_no_test():
    table = ranks_of(records_of(DEMSAR[:9]))
    assert table["rank"].notna().all()
    assert table[["critical_difference", "chi_square", "p"]].isna().all(axis=None)
    assert set(table["result"]) == {"too few images"}


def test_without_a_difference_by_friedman_no_method_is_behind():
    """Not even one whose rank is further than the critical difference from the best."""
    shares = np.random.default_rng(0).random((20, 12))
    shares[:, 0] += 0.18
    shares[:, 1] -= 0.12
    table = ranks_of(records_of(shares, methods=list(LABELS)[:12]))
    assert (table["p"] > 0.05).all()
    assert np.ptp(table["rank"]) > table["critical_difference"].iloc[0]
    assert set(table["result"]) == {"not significant"}


def test_two_methods_have_a_critical_difference_alone():
    table = ranks_of(records_of([[0.4, 0.3]] * 12, methods=FOUR[:2]))
    assert table["p"].isna().all()
    assert table["result"].tolist() == ["best", "behind"]


def test_methods_that_are_equal_everywhere_have_no_order():
    same = records_of([[share] * 4 for share in np.linspace(0.1, 0.9, 20)])
    assert set(ranks_of(same)["result"]) == {"equal"}
    ones = ranks_of(same.assign(concentration=1.0))  # which is no evidence of equal maps
    assert ones["rank"].tolist() == [2.5] * 4
    assert set(ones["result"]) == {"not significant"}
    nothing = same.assign(concentration=np.nan)
    assert set(ranks_of(nothing)["result"]) == {"not ranked"}


def test_ranks_over_nets_are_of_trained_nets_and_methods():
    records = fabricate(images=24)
    table = ranks.ranks(records, [])
    assert table["method"].tolist() == FIVE
    pd.testing.assert_frame_equal(table, ranks.ranks(trained_only(records), []))
    assert set(ranks.ranks(records, ["net"])["net"]) == set(NETS)


def test_the_figure_has_a_bar_of_the_critical_difference_and_the_band_of_the_best():
    records = fabricate(images=60)
    first, *others = draw_chart("ranks", records).axes
    assert [axes.get_title().split("\n")[0] for axes in (first, *others)] == [
        *("all nets", "vgg19", "alexnet")
    ]
    table = ranks.ranks(records, []).set_index("method")
    labels = [label.get_text() for label in first.get_yticklabels()]
    assert labels[0] == "Guided Grad-CAM"  # the best in the first row
    marks = [line for line in first.lines if line.get_marker() not in ("None", "", None)]
    assert sorted(mark.get_xdata()[0] for mark in marks) == pytest.approx(sorted(table["rank"]))
    half = table["critical_difference"].iloc[0] / 2
    bars = [path.vertices[:, 0] for bars in first.collections for path in bars.get_paths()]
    assert sorted(bar.mean() for bar in bars) == pytest.approx(sorted(table["rank"]))
    for bar in bars:
        assert np.ptp(bar) == pytest.approx(2 * half)
    [band] = first.patches
    best = table["rank"].min()
    assert (band.get_x(), band.get_width()) == pytest.approx((best - half, 2 * half))


def test_a_panel_without_significance_has_no_bars():
    records = fabricate(images=60, nets=["untrained"], methods=FOUR)
    [axes] = draw_chart("ranks", records).axes
    assert "p = 0." in axes.get_title()
    assert not axes.patches
    ends = [path.vertices for bars in axes.collections for path in bars.get_paths()]
    assert all(np.isnan(end[:, 0]).any() for end in ends)
