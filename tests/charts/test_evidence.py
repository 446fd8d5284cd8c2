"""The charts of the evidence: discrimination, faithfulness, nets of known reason, side by side."""

import pytest

from lookwhere.charts import registry
from lookwhere.metrics.registry import METRICS, of_passes
from lookwhere.statistics import discrimination

from ..studies import NETS, OF_MAPS, UNTRAINED, assert_fits, rivals_of, with_faithfulness
from .figures import METHODS, RECORDS, chart_of, draw, note_of

pytestmark = pytest.mark.usefixtures("few_draws")


def test_discrimination_has_both_explanations_of_each_method_beside_chance():
    """A filled mark where the class of the object is explained, an open one where the other is."""
    table = discrimination.of_methods(rivals_of(RECORDS))
    table = table[table["size"] == "original"]
    for axes, (_, of_net) in zip(
        chart_of("discrimination").axes, table.groupby("net", sort=False), strict=True
    ):
        marks = [line for line in axes.lines if len(line.get_xdata()) == 1]
        is_open = ["white" in str(line.get_markerfacecolor()) for line in marks]
        for column, kind in (("lift", False), ("lift_of_other", True)):
            of_kind = [m for m, opened in zip(marks, is_open, strict=True) if opened == kind]
            assert [float(m.get_xdata()[0]) for m in of_kind] == pytest.approx(list(of_net[column]))
        assert list(axes.lines[0].get_xdata()) == [1, 1]


def test_discrimination_marks_the_untrained_net():
    titles = [axes.get_title().replace("\n", " ") for axes in chart_of("discrimination").axes]
    assert titles == [f"{net} (untrained)" if net in UNTRAINED else net for net in NETS]


def test_evidence_marks_and_counts_what_is_undefined_in_a_column():
    rivals = rivals_of(RECORDS)
    lost = (rivals["method"] == "grad_cam") & (rivals["image_id"] < 6)
    rivals["pair_status"] = rivals["pair_status"].mask(lost, "zero_energy")
    chart = registry.load(registry.entries()["evidence"])
    figure = chart.draw({"measures": RECORDS, "rivals": rivals}, reasons={})
    titles = [axes.get_title() for axes in figure.axes]
    halves = [
        [
            place
            for line in axes.lines
            if line.get_fillstyle() == "left"
            for place in line.get_ydata()
        ]
        for axes in figure.axes
    ]
    assert titles == ["On the object?", "Of the class?"]
    assert halves == [[], [METHODS.index("grad_cam")]]
    pairs = discrimination.of_pairs(rivals[~rivals["net"].isin(UNTRAINED)])
    own = pairs[pairs["method"] == "grad_cam"]
    count = own["discrimination"].isna().sum()
    assert f"Discrimination, undefined: Grad-CAM {count} of {len(own)}" in note_of(figure)


def test_faithfulness_is_of_one_net_in_each_panel():
    figure = chart_of("faithfulness")
    records = with_faithfulness(RECORDS)
    trained = records[records["training"] == "trained"]
    names = of_passes(METRICS)
    seen = [axes for axes in figure.axes if axes.get_visible()]
    panels = dict(zip([(n, net) for n in names for net in NETS[:2]], seen, strict=True))
    for (name, net), axes in panels.items():
        assert axes.get_title().endswith(net)
        means = trained[trained["net"] == net].groupby("method", observed=True)[name].mean()
        marks = [float(m.get_xdata()[0]) for m in axes.lines if len(m.get_xdata()) == 1]
        assert marks == pytest.approx([means[method] for method in METHODS])


def test_quadrant_counts_the_records_without_faithfulness():
    records = with_faithfulness(RECORDS)
    lost = (records["method"] == "grad_cam") & (records["image_id"] < 3)
    note = note_of(draw("quadrant", records.assign(road=records["road"].mask(lost))))
    own = records[(records["method"] == "grad_cam") & (records["training"] == "trained")]
    count = (own["road"].isna() | lost[own.index]).sum()
    assert f"ROAD, undefined: Grad-CAM {count} of {len(own)}" in note


def test_agreement_counts_what_it_leaves_out():
    lost = (RECORDS["method"] == "grad_cam") & (RECORDS["net"] == "vgg19")
    lost |= (RECORDS["method"] == "deconvolution") & (RECORDS["image_id"] == 0)
    whole = RECORDS.assign(**{name: RECORDS[name].fillna(0.1) for name in OF_MAPS})
    records = whole.assign(concentration=whole["concentration"].mask(lost))
    note = note_of(draw("agreement", records))
    # two samples of the image, of two nets and sizes; and a method at two sizes
    assert "Records without a value of a method, left out: at most 8 of 96" in note
    assert "Methods of a net and size, more than a fifth undefined, left out: at most 2" in note


@pytest.mark.parametrize("honest", NETS[:2])
def test_the_detector_has_shapes_of_its_own_and_an_axis_from_one_half_or_the_lowest(honest):
    """Its first net is stated to be honest: where the other one is, all rates are 0."""
    share = (RECORDS["net"] == honest).map({True: 0.9, False: 0.001})
    of_nets = RECORDS["method"].isin(METHODS)
    records = RECORDS.assign(concentration=RECORDS["concentration"].mask(of_nets, share))
    panels_of = [
        [line for line in axes.lines if line.get_marker() != "None"]
        for axes in draw("planted", records).axes
    ]
    shapes = [{mark.get_marker() for mark in marks_of} for marks_of in panels_of]
    assert shapes[-1] == {"*", "+", "x"}
    assert not shapes[-1] & set.union(*shapes[:-1])
    assert {x for mark in panels_of[-1] for x in mark.get_xdata()} == {float(honest == NETS[0])}
    assert draw("planted", records).axes[-1].get_xlim() == (0.5 * (honest == NETS[0]), 1.02)
    for marks_of in panels_of:
        grey = [mark.get_zorder() for mark in marks_of if mark.get_markerfacecolor() == "none"]
        filled = [mark.get_zorder() for mark in marks_of if mark.get_markerfacecolor() != "none"]
        assert min(grey) > max(filled)


def test_discrimination_without_any_pair_says_so():
    chart = registry.load(registry.entries()["discrimination"])
    sources = {"measures": RECORDS, "rivals": rivals_of(RECORDS).assign(other_class=None)}
    figure = chart.draw(sources)
    assert_fits(figure)
    [text] = figure.axes[0].texts
    assert text.get_text() == "no sample shows another class of the study"
