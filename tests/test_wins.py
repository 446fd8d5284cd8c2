"""Wins in counts of images, against plain Python."""

import numpy as np
import pandas as pd
import pytest

from lookwhere.methods.names import LABELS
from lookwhere.statistics import paired, wins
from lookwhere.statistics.strata import methods_only, trained_only

from .studies import FIVE, draw_chart, fabricate

pytestmark = pytest.mark.usefixtures("few_draws")

RECORDS = fabricate(images=48)
NOISE = np.random.default_rng(1).uniform(0, 1, len(RECORDS))
CLOSE = RECORDS.assign(concentration=RECORDS["concentration"] * NOISE)  # some are not significant


def counts_by_hand(records, method, other):
    """Of how many images ``method`` is ahead, behind, and in all."""
    shares, images = {}, {}
    for row in methods_only(trained_only(records)).to_dict("records"):
        shares[row["sample"], row["net"], row["size"], row["method"]] = row["concentration"]
        images[row["sample"]] = row["image_id"]
    differences = {}
    for (sample, net, size, name), share in shares.items():
        difference = share - shares[sample, net, size, other]
        if name == method and difference == difference:
            differences.setdefault(images[sample], []).append(difference)
    means = [sum(of_image) / len(of_image) for of_image in differences.values()]
    return sum(m > 0 for m in means), sum(m < 0 for m in means), len(means)


def test_every_two_methods_have_their_counts_in_both_orders():
    both = wins.wins(CLOSE)
    assert len(both) == 20
    for row in both.to_dict("records"):
        ahead, behind, images = counts_by_hand(CLOSE, row["method"], row["other"])
        assert (row["ahead"], row["behind"], row["images"]) == (ahead, behind, images)
        assert row["share"] == pytest.approx((ahead + (images - ahead - behind) / 2) / images)
        turned = both[(both["method"] == row["other"]) & (both["other"] == row["method"])]
        assert turned["difference"].item() == -row["difference"]
        assert turned["share"].item() == pytest.approx(1 - row["share"])


def test_the_test_is_that_of_the_differences():
    differences = paired.differences(CLOSE, []).set_index(["method", "other"])
    both = wins.wins(CLOSE).set_index(["method", "other"])
    of_methods = differences[differences.index.get_level_values("other").isin(LABELS)]
    assert both.loc[of_methods.index, "p_holm"].equals(of_methods["p_holm"])


def test_the_table_is_a_matrix_with_the_most_wins_first():
    both = wins.wins(CLOSE)
    table = wins.matrix(both)
    assert list(table) == ["method", "number", *"12345"]
    shares = both.groupby("method")["share"].mean()[table["method"]]
    assert shares.is_monotonic_decreasing
    tests = both.set_index(["method", "other"])
    marked = 0
    for row, method in enumerate(table["method"]):
        for column, other in enumerate(table["method"]):
            cell = table.iloc[row][str(column + 1)]
            if row == column:
                assert pd.isna(cell)
                continue
            ahead, _, images = counts_by_hand(CLOSE, method, other)
            significant = bool(tests.loc[(method, other), "p_holm"] < 0.05)
            assert cell == f"{ahead}/{images}" + "*" * significant
            marked += significant
    assert 0 < marked < 20


def test_methods_without_a_common_record_have_no_share():
    gone = RECORDS["concentration"].where(RECORDS["method"] != FIVE[0])
    both = wins.wins(RECORDS.assign(concentration=gone)).set_index(["method", "other"])
    assert both.loc[(FIVE[0], FIVE[1]), "images"] == 0
    assert np.isnan(both.loc[(FIVE[0], FIVE[1]), "share"])


def test_counts_of_too_few_images_have_no_star():
    figure = draw_chart("wins", fabricate(images=10))  # two samples an image
    assert {"5", "0"} <= {text.get_text() for text in figure.axes[0].texts}


def test_the_figure_holds_the_counts_with_a_star_where_significant():
    both = wins.wins(CLOSE).set_index(["method", "other"])
    figure = draw_chart("wins", CLOSE)
    axes = figure.axes[0]
    names = {label: name for name, label in LABELS.items()}
    methods = [names[label.get_text()] for label in axes.get_yticklabels()]
    assert methods == [names[label.get_text()] for label in axes.get_xticklabels()]
    colours = axes.collections[0].get_array().filled(np.nan)
    stars = 0
    for text in axes.texts:
        column, row = (int(place) for place in text.get_position())
        pair = both.loc[(methods[row], methods[column])]
        star = "*" if pair["p_holm"] < 0.05 else ""
        assert text.get_text() == f"{int(pair['ahead'])}{star}"
        assert colours[row, column] == pytest.approx(pair["share"])
        assert text.get_color() == ("white" if abs(2 * pair["share"] - 1) > 0.6 else "0.1")
        stars += len(star)
    assert len(axes.texts) == 20
    assert 0 < stars < 20
    note = figure.legends[0].get_title().get_text().replace("\n", " ")
    assert "Of 24 images" in note
    assert "Holm over 10 pairs of methods" in note
