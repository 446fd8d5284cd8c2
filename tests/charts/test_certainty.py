"""The chart of the certainty of the net."""

import pytest

from lookwhere.charts import panels

from .figures import SHOWN, draw, fabricated_ranks, note_of, points

pytestmark = pytest.mark.usefixtures("few_draws")


def bins_drawn(figure):
    """What the rows of the chart by prediction are named, without the counts."""
    [axes] = figure.axes
    return [label.get_text().split("\n")[0] for label in axes.get_yticklabels()]


def test_predictions_are_compared_within_classes_with_the_surest():
    """A class that is hard and ranks low lowers the mean of low ranks, and no difference."""
    records = fabricated_ranks()
    pooled = records.groupby("target_rank")["concentration"].mean()
    assert pooled[7] < pooled[1]
    figure = draw("certainty", records)
    assert bins_drawn(figure) == ["1", "6-10"]
    drawn = [x for x, y, _ in points(figure.axes[0]) if y > 0.5]
    assert drawn == pytest.approx([0.1] * len(SHOWN))


def test_sigmoids_are_binned_by_probability():
    records = fabricated_ranks()
    sure = records["target_rank"] == 1
    records = records.assign(
        output_activation="sigmoid",
        target_probability=sure.map({True: 0.9999, False: 0.3}),
        target_recognised=sure.astype("boolean"),
    )
    figure = draw("certainty", records)
    assert bins_drawn(figure) == ["> 0.999", "\N{LESS-THAN OR EQUAL TO} 0.5"]
    assert figure.axes[0].get_ylabel() == "Probability of the target"
    drawn = [x for x, y, _ in points(figure.axes[0]) if y > 0.5]
    assert drawn == pytest.approx([0.1] * len(SHOWN))


def test_panels_are_of_the_bins_with_a_mean_and_the_others_are_named(monkeypatch):
    monkeypatch.setattr(panels, "needed", lambda *_: True)
    records = fabricated_ranks()
    ranks = records["target_rank"].mask(records["image_id"] < 3, 50)
    figure = draw("certainty", records.assign(target_rank=ranks))
    assert [axes.get_title().split("\n")[1][:5] for axes in figure.axes] == ["6-10 "]
    assert not figure.axes[0].texts
    few = "fewer than 10 images to compare: 11-100 (3 images)"
    assert f"Reference: rank of the target 1; {few}" in note_of(figure)


def test_the_surest_bin_has_images_enough_to_be_compared_with():
    records = fabricated_ranks()
    few = (records["target_rank"] == 1) & (records["image_id"] > 6)
    ranks = records["target_rank"].mask(few, 2)
    figure = draw("certainty", records.assign(target_rank=ranks))
    assert bins_drawn(figure) == ["1-2", "6-10"]
