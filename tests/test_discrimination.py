"""Discrimination between two classes in one image: the 2 x 2 of maps and objects."""

import numpy as np
import pandas as pd
import pytest

from lookwhere.metrics.rivals import OTHER_CLASS
from lookwhere.statistics import discrimination

from .studies import fabricate, rivals_of

pytestmark = pytest.mark.usefixtures("few_draws")


def pairs_of(energies, fractions=None, methods=("m",), status="ok"):
    """Rivals of a net from the four energies (N, 4) of each of N images: own map first."""
    table = pd.DataFrame(
        np.asarray(energies, float),
        columns=["own_on_own", "own_on_other", "other_on_own", "other_on_other"],
    )
    places = np.asarray([(0.1, 0.1)] * len(table) if fractions is None else fractions)
    table[["own_fraction", "other_fraction"]] = places
    table = table.assign(
        sample=[f"{n}-dog" for n in range(len(table))],
        image_id=range(len(table)),
        net="net",
        size="64",
        rival=OTHER_CLASS,
        other_class="cat",
        own_total=10.0,
        other_total=10.0,
        pair_status=status,
    )
    return pd.concat([table.assign(method=method) for method in methods], ignore_index=True)


def class_free(images=40, seed=0):
    """Maps that are the same for both classes, and prefer one object or the other."""
    one, two = np.random.default_rng(seed).uniform(0.1, 4, (2, images))
    return pairs_of(np.stack([one, two, one, two], axis=1))


def test_a_method_that_ignores_the_class_has_exactly_one_map_right_in_each_pair():
    rivals = class_free()
    assert set(discrimination.of_pairs(rivals)["right"]) == {1}
    [row] = discrimination.of_methods(rivals).to_dict("records")
    assert (row["both"], row["one"], row["none"]) == (0, 1, 0)
    assert row["discrimination"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(row["p"])  # rounding is not tested
    assert row["lift"] == row["lift_of_other"]


def test_a_map_of_one_salient_object_alone_fails_too():
    """All energy on the sample's own object, whichever class is explained."""
    [row] = discrimination.of_methods(pairs_of([[9, 0, 9, 0]] * 12)).to_dict("records")
    assert (row["both"], row["one"], row["discrimination"]) == (0, 1, 0)


def test_maps_that_are_each_on_their_own_object_are_right_in_all():
    [row] = discrimination.of_methods(pairs_of([[9, 0, 0, 9]] * 12)).to_dict("records")
    assert (row["both"], row["one"], row["none"], row["discrimination"]) == (1, 0, 0, 1)
    assert row["p_holm"] == pytest.approx(2 / 2**12)
    assert (row["lift"], row["lift_of_other"]) == (pytest.approx(9), 0)


def test_maps_that_are_on_the_object_of_the_other_are_right_in_none():
    [row] = discrimination.of_methods(pairs_of([[0, 9, 9, 0]] * 12)).to_dict("records")
    assert (row["none"], row["discrimination"]) == (1, -1)


def test_a_pair_worked_by_hand():
    """More energy lies on the larger object, but less a pixel."""
    rivals = pairs_of([[2, 3, 1, 6]], [(0.1, 0.3)])
    [pair] = discrimination.of_pairs(rivals).to_dict("records")
    assert pair["own_share"] == pytest.approx(20 / (20 + 10))
    assert pair["other_share"] == pytest.approx(20 / (20 + 10))
    assert pair["right"] == 2
    assert pair["discrimination"] == pytest.approx(1 / 3)
    [row] = discrimination.of_methods(rivals).to_dict("records")
    assert row["lift"] == pytest.approx((2 / 10 + 6 / 10) / (0.1 + 0.3))
    assert row["lift_of_other"] == pytest.approx((1 / 10 + 3 / 10) / (0.1 + 0.3))


def test_noise_has_both_maps_right_in_a_quarter_of_the_pairs():
    energies = np.random.default_rng(1).uniform(size=(4000, 4))
    [row] = discrimination.of_methods(pairs_of(energies)).to_dict("records")
    shares = [row[name] for name in ("both", "one", "none")]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_pairs_without_a_value_are_counted_and_left_out():
    kept, lost = pairs_of([[9, 0, 0, 9]] * 12), pairs_of([[np.nan] * 4] * 3, status="zero_energy")
    nowhere = pairs_of([[0, 0, 5, 5]])  # no energy on both objects
    without = kept.head(1).assign(other_class=None, pair_status="no_other_class")
    rivals = pd.concat([kept, lost, nowhere, without], ignore_index=True)
    [row] = discrimination.of_methods(rivals).to_dict("records")
    assert (row["pairs"], row["undefined"], row["both"]) == (16, 4, 1)


def test_a_method_without_any_value_keeps_its_row():
    rivals = pairs_of([[np.nan] * 4] * 12, status="not_defined")
    [row] = discrimination.of_methods(rivals).to_dict("records")
    assert (row["pairs"], row["undefined"], row["images"]) == (12, 12, 0)
    assert np.isnan(row["discrimination"])
    assert np.isnan(row["both"])


def test_rows_are_in_the_order_of_the_study_and_corrected_by_net_and_size():
    records = fabricate()
    table = discrimination.of_methods(rivals_of(records))
    assert list(table["net"].unique()) == list(records["net"].cat.categories)
    assert list(discrimination.tests(table).unique()) == [5]
    assert (table["p_holm"] >= table["p"]).all()


def test_a_study_without_pairs_has_an_empty_table():
    rivals = pairs_of([[1, 0, 0, 1]]).assign(other_class=None)
    assert discrimination.of_methods(rivals).empty
