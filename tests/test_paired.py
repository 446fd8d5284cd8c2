"""Paired comparisons, against loops over records, all sign flips, and Holm's steps."""

import functools
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.statistics.paired import between_sizes, both_ways, differences, family
from lookwhere.statistics.strata import PREDICTIONS, as_text

from .studies import CLASSES, FIVE, NETS, SIZES, UNTRAINED, fabricate

RECORDS = fabricate()
IMAGES = RECORDS.groupby("sample")["image_id"].first().to_dict()
METHODS = FIVE


@functools.cache
def table_of(*by):
    """The differences by these columns, computed once for all tests."""
    return differences(RECORDS, by)


def concentrations(records):
    keys = records[["sample", "net", "size", "method"]].itertuples(index=False, name=None)
    return dict(zip(keys, records["concentration"], strict=True))


def pairs_by_hand(records, method, other, keep):
    """(image, difference) of every kept record where both are defined."""
    shares, pairs = concentrations(records), []
    for sample, net, size in product(IMAGES, NETS, SIZES):
        mine = shares[sample, net, size, method]
        on = (sample, other, size, method) if other in NETS else (sample, net, size, other)
        if keep(sample, net, size) and mine == mine and shares[on] == shares[on]:
            pairs.append((IMAGES[sample], mine - shares[on], net))
    return pairs


def signed_rank(pairs):
    """Effect size and exact two-sided p by all sign flips of the images' mean differences."""
    by_image = {}
    for image, difference, _ in pairs:
        by_image.setdefault(image, []).append(difference)
    means = [sum(values) / len(values) for values in by_image.values()]
    order = sorted(means, key=abs)
    ranks = {value: rank for rank, value in enumerate(order, start=1)}
    total = sum(ranks.values())
    observed = sum(ranks[value] for value in means if value > 0)
    flips = [
        sum(rank for rank, up in zip(ranks.values(), signs, strict=True) if up)
        for signs in product([False, True], repeat=len(means))
    ]
    least = min(observed, total - observed)
    p = sum(f <= least for f in flips) + sum(f >= total - least for f in flips)
    return (2 * observed - total) / total, min(1, p / len(flips))


def means_of(pairs, place):
    """The mean difference of each image (0) or net (2)."""
    groups = {}
    for pair in pairs:
        groups.setdefault(pair[place], []).append(pair[1])
    return [sum(values) / len(values) for values in groups.values()]


def check(row, pairs):
    assert row["pairs"] == len(pairs)
    assert row["images"] == len({image for image, *_ in pairs})
    mean = sum(difference for _, difference, _ in pairs) / len(pairs)
    assert row["difference"] == pytest.approx(mean)
    of_images = means_of(pairs, 0)
    assert row["ahead"] == sum(mean > 0 for mean in of_images)
    assert row["behind"] == sum(mean < 0 for mean in of_images)
    of_nets = means_of(pairs, 2)
    if "lowest_net" in row and len(of_nets) > 1:
        assert row["lowest_net"] == pytest.approx(min(of_nets))
        assert row["highest_net"] == pytest.approx(max(of_nets))
    elif "lowest_net" in row:
        assert np.isnan([row["lowest_net"], row["highest_net"]]).all()
    assert row["low"] <= row["difference"] <= row["high"]
    effect_size, p = signed_rank(pairs)
    assert row["effect_size"] == pytest.approx(effect_size)
    assert row["p"] == pytest.approx(p)


def test_every_pair_of_methods_and_every_control_is_compared_once():
    table = table_of()
    pairs = [frozenset(pair) for pair in zip(table["method"], table["other"], strict=True)]
    assert len(pairs) == len(set(pairs))
    expected = [frozenset(pair) for pair in combinations(METHODS, 2)]
    expected += [frozenset(pair) for pair in product(METHODS, [*CONTROL_LABELS, *UNTRAINED])]
    assert set(pairs) == set(expected)


def test_over_trained_nets_differences_are_those_of_loops():
    for _, row in table_of().iterrows():
        check(row, pairs_by_hand(RECORDS, row["method"], row["other"], compared(row["other"])))


def compared(other):
    """The records compared with ``other``: of trained nets, or of the same architecture."""
    nets = ["vgg19"] if other in UNTRAINED else [net for net in NETS if net not in UNTRAINED]
    return lambda sample, net, size: net in nets


def test_the_better_method_is_first_and_the_result_states_the_significance():
    turned = RECORDS.assign(concentration=1 - RECORDS["concentration"])
    for records in (RECORDS, turned):
        table = differences(records, ["net"])
        methods = table[table["other"].isin(METHODS)]
        assert (methods["difference"] >= 0).all()
        assert set(methods["result"]) <= {"ahead", "not significant"}
        over_nets = differences(records, [])
        ends = over_nets[["lowest_net", "highest_net"]].dropna()
        inside = over_nets.loc[ends.index, "difference"]
        assert (ends["lowest_net"] <= inside).all()
        assert (inside <= ends["highest_net"]).all()
        against = table[~table["other"].isin(METHODS)]
        sure = against["p_holm"] < 0.05
        for result, expected in {
            "ahead": sure & (against["difference"] > 0),
            "behind": sure & (against["difference"] < 0),
            "not significant": ~sure,
        }.items():
            assert (against["result"] == result).tolist() == expected.tolist()
    assert (against["result"] == "behind").any()


def test_too_few_images_have_no_test():
    """Of five images that all differ in one direction, p is 2 / 2^5 at the least."""
    table = differences(fabricate(images=10), [])
    assert (table["images"] == 5).all()
    assert set(table["result"]) == {"too few images"}
    same = differences(RECORDS.assign(concentration=0.5), [])
    assert set(same["result"]) == {"equal"}


@pytest.mark.parametrize(
    ("differing", "result"), [(3, "too few images"), (5, "too few images"), (6, "ahead")]
)
def test_images_without_a_difference_are_none_of_a_test(differing, result):
    """Wilcoxon's test drops them: of five others p is 2 / 2^5 at the least, of six 2 / 2^6."""
    records = fabricate(nets=["vgg19"], sizes=["224"], methods=["deconvolution", "grad_cam"])
    own = records[records["method"].isin(["deconvolution", "grad_cam"])]
    more = 0.01 * (1 + own["image_id"]) * (own["image_id"] < differing)
    share = 0.5 + more.where(own["method"] == "grad_cam", 0)
    [row] = differences(own.assign(concentration=share), []).to_dict("records")
    assert (row["images"], row["ahead"], row["behind"]) == (12, differing, 0)
    assert (row["method"], row["result"]) == ("grad_cam", result)


def test_an_untrained_net_is_a_control_of_its_own_architecture_alone():
    table = table_of("net")
    assert set(table.loc[table["other"] == "untrained", "net"]) == {"vgg19"}
    strange = RECORDS.assign(architecture=RECORDS["net"])
    assert "untrained" not in set(differences(strange, [])["other"])


def test_by_net_differences_are_those_of_loops():
    table = table_of("net")
    assert set(table["net"]) == set(NETS)
    assert not (table["net"] == table["other"]).any()  # no net is its own control
    for _, row in table.iterrows():
        of_net = pairs_by_hand(
            RECORDS, row["method"], row["other"], lambda _, net, __, own=row["net"]: net == own
        )
        check(row, of_net)


def test_by_prediction_records_count_in_their_strata():
    table = table_of("prediction")
    ranks = (
        RECORDS.set_index(["sample", "net", "size"])["target_rank"].groupby(level=[0, 1, 2]).first()
    )
    right = table[(table["prediction"] == "top 1")]
    for _, row in right.iterrows():
        keep = compared(row["other"])
        selected = pairs_by_hand(
            RECORDS,
            row["method"],
            row["other"],
            lambda *key, keep=keep: keep(*key) and ranks[key] == 1,
        )
        assert row["pairs"] == len(selected)


@pytest.mark.parametrize("by", [[], ["net"]], ids=["over nets", "by net"])
def test_holm_is_stepped_down_over_the_family_of_a_group(by):
    """Of every two methods, or of every method and control."""
    records = fabricate(images=40)
    noise = np.random.default_rng(0).uniform(0, 2, len(records))
    table = differences(records.assign(concentration=records["concentration"] * noise), by)
    kind = table["other"].isin(METHODS).rename("kind")
    for _, tests in table.groupby([*by, kind]):
        count, highest = len(tests), 0.0
        in_order = tests.sort_values("p")
        for place, (p, corrected) in enumerate(zip(in_order["p"], in_order["p_holm"], strict=True)):
            highest = max(highest, min(1, (count - place) * p))
            assert corrected == pytest.approx(highest)
    # Neither capped at 1, nor all by the number of tests, as Bonferroni's would be.
    assert (table["p_holm"] < 0.05).any()
    assert table["p_holm"].div(table["p"]).round(6).nunique() > 5


def test_effect_size_is_of_ranks_without_zeros_and_with_ties_shared():
    """Differences 0, 1, 1, -2 and 3 by hand: ranks 1.5, 1.5, 3 and 4, of which 3 is against."""
    shares = {"deconvolution": [0, 0, 0, 2, 0], "grad_cam": [0, 1, 1, 0, 3]}
    rows = [
        {"sample": str(i), "image_id": i, "net": "vgg19", "size": "224", "method": method}
        | {"concentration": values[i] / 8, "architecture": "vgg19", "training": "trained"}
        for method, values in shares.items()
        for i in range(5)
    ]
    [row] = differences(pd.DataFrame(rows), []).to_dict("records")
    assert row["pairs"] == 5
    assert row["effect_size"] == pytest.approx((1.5 + 1.5 - 3 + 4) / 10)


def test_untrained_nets_are_not_compared_with_each_other():
    records = fabricate(nets=["vgg19", "r1", "r2"]).assign(architecture="vgg19")
    training = records["net"].map({"vgg19": "trained", "r1": "untrained", "r2": "untrained"})
    records = records.assign(training=training)
    table = differences(records, ["net"])
    assert set(table.loc[table["other"].isin(["r1", "r2"]), "net"]) == {"vgg19"}


@pytest.mark.parametrize("column", ["net", "size", "class", "prediction"])
def test_groups_are_in_the_order_of_the_study(column):
    ranks = [name for name in PREDICTIONS if "top" in name]  # softmax records
    names = {"net": NETS, "size": SIZES, "class": CLASSES, "prediction": ranks}
    table = table_of(column)
    expected = [n for n in names[column] if n not in UNTRAINED or column == "net"]
    assert table[column].drop_duplicates().tolist() == expected
    assert table[column].nunique() == (table[column] != table[column].shift()).sum()


def test_between_sizes_differences_are_those_of_loops():
    of_methods = RECORDS[RECORDS["method"].isin(METHODS)]
    shares = concentrations(RECORDS)
    table = between_sizes(of_methods)
    assert table["method"].tolist() == METHODS
    for _, row in table.iterrows():
        assert (row["size"], row["other"]) == ("224", "original")
        pairs = [
            (
                IMAGES[sample],
                shares[sample, net, "224", m] - shares[sample, net, "original", m],
                net,
            )
            for m in [row["method"]]
            for sample, net in product(IMAGES, NETS)
        ]
        check(row, [pair for pair in pairs if pair[1] == pair[1]])


def test_three_sizes_make_three_pairs():
    table = between_sizes(
        fabricate(images=4, sizes=["original", "224", "64"], methods=["grad_cam"])
    )
    pairs = table.loc[table["method"] == "grad_cam", ["size", "other"]].itertuples(
        index=False, name=None
    )
    assert list(pairs) == [("224", "original"), ("64", "original"), ("64", "224")]


def test_sizes_are_paired_on_the_nets_that_have_both():
    sizes, nets = ["original", "224", "299"], ["a", "b"]
    records = fabricate(images=12, sizes=sizes, nets=nets, methods=["grad_cam"])
    own = records[(records["net"] == "b") == (records["size"] == "299")]
    table = between_sizes(own[own["method"] == "grad_cam"])
    assert table[["size", "other"]].to_numpy().tolist() == [["224", "original"]]
    shares = concentrations(own)
    changes = [
        later - earlier
        for (sample, _, size, method), earlier in shares.items()
        if (size, method) == ("original", "grad_cam")
        for later in [shares.get((sample, "a", "224", "grad_cam"))]
        if later == later and earlier == earlier  # not NaN
    ]
    assert table["pairs"].tolist() == [len(changes)]
    assert table["difference"].tolist() == [pytest.approx(np.mean(changes))]


def test_methods_that_are_equal_have_no_p():
    same = RECORDS.assign(concentration=0.5)
    table = differences(same, [])
    assert (table["difference"] == 0).all()
    assert table[["effect_size", "p", "p_holm"]].isna().all(axis=None)


def test_a_method_that_is_never_defined_is_compared_with_none():
    gone = RECORDS.assign(
        concentration=RECORDS["concentration"].where(RECORDS["method"] != "deconvolution")
    )
    table = differences(gone, [])
    empty = (table[["method", "other"]] == "deconvolution").any(axis=1)
    assert (table.loc[empty, "pairs"] == 0).all()
    assert table.loc[empty, ["difference", "low", "p_holm"]].isna().all(axis=None)
    assert table.loc[~empty, "p_holm"].notna().all()


def test_the_test_counts_images_not_records():
    """Copies of a net do not change the test."""
    trained = as_text(RECORDS[RECORDS["training"] == "trained"])
    copies = [trained.assign(net=trained["net"] + suffix) for suffix in ("", "b", "c")]
    once, often = differences(trained, []), differences(pd.concat(copies), [])
    assert often["p"].tolist() == pytest.approx(once["p"].tolist())
    assert often["high"].tolist() == pytest.approx(once["high"].tolist())
    assert np.array_equal(often["pairs"], 3 * once["pairs"])


def test_a_pair_seen_from_the_other_method_has_the_opposite_counts():
    pairs = table_of()
    pairs = pairs[pairs["other"].isin(METHODS)]
    both = both_ways(pairs).set_index(["method", "other"])
    for row in pairs.to_dict("records"):
        turned = both.loc[(row["other"], row["method"])]
        assert (turned["ahead"], turned["behind"]) == (row["behind"], row["ahead"])
        assert turned["difference"] == -row["difference"]


def test_without_intervals_all_else_is_the_same():
    bare = differences(RECORDS, [], intervals=False)
    assert bare[["low", "high"]].isna().all(axis=None)
    columns = [name for name in bare if name not in ("low", "high")]
    pd.testing.assert_frame_equal(bare[columns], differences(RECORDS, [])[columns])


def test_the_family_is_the_number_of_tests_of_a_group():
    table = table_of("net")
    of_methods = table["other"].isin(METHODS)
    assert family(table[of_methods], ["net"]) == "10"
    assert family(table[~of_methods], ["net"]) == "15 to 20"  # vgg19 has an untrained net
    untested = table["p"].mask(table["method"] == "grad_cam")
    assert family(table[of_methods].assign(p=untested)) == str(untested[of_methods].count())
