"""Bootstrap intervals, against draws by hand, theory, and seaborn's."""

import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from lookwhere.statistics import bootstrap


def by_hand(over, under, images, draws=4000):
    """Draw images with replacement, one by one; the percentiles of the ratio."""
    groups = pd.DataFrame({"over": over, "under": under}).groupby(np.asarray(images))
    sums = [(float(g["over"].sum()), float(g["under"].sum())) for _, g in groups]
    rng, ratios = np.random.default_rng(1), []
    for _ in range(draws):
        drawn = [sums[i] for i in rng.integers(0, len(sums), len(sums))]
        ratios.append(sum(over for over, _ in drawn) / sum(under for _, under in drawn))
    return np.percentile(ratios, [2.5, 97.5])


@pytest.fixture
def records():
    """Records of 30 images, unequally many per image, similar within an image."""
    rng = np.random.default_rng(0)
    images = pd.Series(np.repeat(np.arange(30), rng.integers(1, 9, 30)))
    values = pd.Series(rng.random(30)[images] + 0.05 * rng.normal(size=len(images)))
    return values, pd.Series(0.1 + rng.random(30)[images]), images


def test_of_a_ratio_is_that_of_draws_by_hand(records):
    over, under, images = records
    assert bootstrap.ratio_interval(over, under, images) == pytest.approx(
        by_hand(*records), rel=0.03
    )


def test_of_a_mean_is_that_of_theory():
    """With one record per image, the mean is approximately normal."""
    values = pd.Series(np.random.default_rng(0).random(400))
    low, high = bootstrap.mean_interval(values, pd.Series(range(400)))
    error = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - error, abs=0.1 * error)
    assert high == pytest.approx(values.mean() + error, abs=0.1 * error)


def test_mean_interval_is_seaborns():
    values = pd.Series(np.random.default_rng(0).random(60) ** 2)
    axes = sns.pointplot(x=values, errorbar="ci", n_boot=4000, seed=0)
    [drawn] = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2]
    got = bootstrap.mean_interval(values, pd.Series(range(60)))
    assert got == pytest.approx(sorted(drawn), rel=0.02)


def test_copies_of_records_change_nothing(records):
    many = [pd.concat([column] * 20, ignore_index=True) for column in records]
    expected = bootstrap.ratio_interval(*records)
    assert bootstrap.ratio_interval(*many) == pytest.approx(expected)


def test_is_reproducible(records):
    assert bootstrap.ratio_interval(*records) == bootstrap.ratio_interval(*records)


@pytest.mark.parametrize("batch", [1, 30 * 7])
def test_memory_is_bounded_and_changes_nothing(records, batch, monkeypatch):
    expected = bootstrap.ratio_interval(*records)
    monkeypatch.setattr(bootstrap, "CELLS", batch)
    assert bootstrap.ratio_interval(*records) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_records_of_one_image_have_no_interval(count):
    values = pd.Series(np.random.default_rng(0).random(count))
    assert np.isnan(bootstrap.mean_interval(values, pd.Series([7] * count, dtype="int64"))).all()


def test_images_that_are_all_alike_have_an_interval_of_no_width():
    values = pd.Series([0.25] * 10)
    assert bootstrap.mean_interval(values, pd.Series(range(10))) == (0.25, 0.25)


def test_below_ten_images_there_is_none():
    values = pd.Series(np.random.default_rng(0).random(90))
    assert np.isnan(bootstrap.mean_interval(values, pd.Series(np.arange(90) % 9))).all()
    assert not np.isnan(bootstrap.mean_interval(values, pd.Series(np.arange(90) % 10))).any()


def test_of_a_difference_within_strata_is_that_of_draws_by_hand():
    rng = np.random.default_rng(0)
    images = pd.Series(np.repeat(np.arange(30), 4))
    strata = pd.Series(np.where(images % 3 == 0, "a", "b"))
    member = pd.Series(rng.random(len(images)) < 0.5)
    values = 0.3 * member + (strata == "a") * 0.4 + pd.Series(rng.random(30)[images] / 5)
    table = pd.DataFrame({"image": images, "stratum": strata, "member": member, "value": values})
    by_image = dict(list(table.groupby("image")))
    drawn = []
    for _ in range(1000):
        draw = pd.concat([by_image[i] for i in rng.integers(0, 30, 30)])
        means = draw.groupby(["stratum", "member"])["value"].mean().unstack()
        drawn.append((means[True] - means[False]).mean())
    got = bootstrap.difference_interval(values, images, strata, member)
    assert got == pytest.approx(np.percentile(drawn, [2.5, 97.5]), rel=0.06)
    few = images < 9
    assert np.isnan(
        bootstrap.difference_interval(values[few], images[few], strata[few], member[few])
    ).all()
