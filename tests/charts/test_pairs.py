"""The charts of paired differences."""

import pytest
from matplotlib.colors import to_hex

from lookwhere.charts.style import PALETTE
from lookwhere.methods.names import ALL_LABELS, CONTROL_LABELS, LABELS
from lookwhere.statistics import paired, verdicts
from lookwhere.statistics.strata import trained_only

from ..studies import NETS, cascade_of, fabricate, rivals_of
from .figures import METHODS, RECORDS, assert_points_are, chart_of, draw, marks, note_of

pytestmark = pytest.mark.usefixtures("few_draws")


def test_pairs_in_another_order_are_named_if_one_and_else_counted():
    worse = (RECORDS["class"] == "dog") & (RECORDS["method"] == "guided_grad_cam")
    low = RECORDS.assign(concentration=RECORDS["concentration"].where(~worse, 0.01))
    note = note_of(draw("concentration", low))
    assert "Another order in a class: 4 pairs of methods (see tables/differences_by_*)" in note
    two = low[low["method"].isin(["grad_cam", "guided_grad_cam", *CONTROL_LABELS])]
    note = note_of(draw("concentration", two))
    assert "Grad-CAM below Guided Grad-CAM in 1 of 2 classes (traffic light)" in note
    assert "Another order" not in note_of(chart_of("concentration"))


def test_sizes_are_compared_pair_by_pair():
    [axes] = chart_of("concentration_by_size").axes
    trained = trained_only(RECORDS)
    assert "224 \N{MINUS SIGN} original" in axes.get_xlabel()
    table = paired.between_sizes(trained[trained["method"].isin(METHODS)])
    assert_points_are(axes, table, "difference", "low", "high")


def test_of_many_sizes_each_is_compared_with_the_first():
    records = fabricate(sizes=["original", "224", "64"])
    [axes] = draw("concentration_by_size", records).axes
    assert [text.get_text() for text in axes.texts] == 5 * ["224"] + 5 * ["64"]
    trained = trained_only(records)
    table = paired.between_sizes(trained[trained["method"].isin(METHODS)])
    to_first = table[table["other"] == "original"].sort_values("size", kind="stable")
    assert_points_are(axes, to_first, "difference", "low", "high")


@pytest.mark.parametrize("ahead", ["later", "earlier"])
def test_differences_are_those_of_the_table_the_largest_first(ahead):
    turned = RECORDS.assign(concentration=1 - RECORDS["concentration"])
    records = RECORDS if ahead == "later" else turned
    table = paired.differences(records, [])
    [axes] = draw("differences", records).axes
    between = table[table["other"].isin(LABELS)]
    in_order = between.sort_values("difference", ascending=False)
    assert_points_are(axes, in_order, "difference", "low", "high")
    labels = [
        f"{LABELS[row.method]}\n\N{MINUS SIGN} {LABELS[row.other]}" for row in in_order.itertuples()
    ]
    shown = [label.get_text().replace("-\n", "-") for label in axes.get_yticklabels()]
    assert [name.replace("\n", " ") for name in shown] == [n.replace("\n", " ") for n in labels]
    assert [text.get_text() for text in axes.texts] == [f"{d:.3f}" for d in in_order["difference"]]


def no_better_than_noise():
    """The records, those of backpropagation on one net as those of noise."""
    of_alexnet = RECORDS["net"] == "alexnet"
    plain = of_alexnet & (RECORDS["method"] == "backpropagation")
    noise = RECORDS[of_alexnet & (RECORDS["method"] == "noise")]
    values = RECORDS["concentration"].copy()
    values[plain] = noise["concentration"].to_numpy()[::-1]
    return RECORDS.assign(concentration=values)


@pytest.mark.parametrize("records", [RECORDS, no_better_than_noise()], ids=["ahead", "one not"])
def test_controls_are_those_of_the_verdicts_in_colour_and_the_others_in_grey(records):
    figure, more = draw("controls", records), (rivals_of(records), cascade_of(records))
    table, every = (f(records, *more) for f in (verdicts.verdicts, verdicts.against_controls))
    [legend] = figure.legends
    names = [text.get_text().replace("\n", " ") for text in legend.get_texts()]
    shapes = {
        name: handle.get_marker() for name, handle in zip(names, legend.legend_handles, strict=True)
    }
    labels = {**ALL_LABELS, **verdicts.LABELS, "untrained": "Untrained: untrained"}

    def place(row):
        return row["difference"], METHODS.index(row["method"]), shapes[labels[row["control"]]]

    controls = {labels[control] for control in every["control"]}
    assert controls == set(names[: len(controls)])
    assert len({shapes[name] for name in controls}) == len(controls) >= 7
    for axes, net in zip(figure.axes, NETS[:2], strict=True):
        assert axes.get_title() == net
        decisive = {row["method"]: row for row in table[table["net"] == net].to_dict("records")}
        expected = [
            (*place(row), PALETTE[method], not row["p_holm"] < 0.05)
            for method, row in decisive.items()
        ]
        expected += [
            (*place(row), "#999999", False)
            for row in every[every["net"] == net].to_dict("records")
            if row["control"] != decisive[row["method"]]["control"]
        ]
        drawn = marks(axes)
        assert len(drawn) == len(expected)
        assert all((x, y, shape, to_hex(c), h) in drawn for x, y, shape, c, h in expected)
