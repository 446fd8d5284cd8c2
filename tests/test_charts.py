"""The charts, read back from the artists of their figures."""

import functools
import re
import subprocess
import sys
import zlib
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere import charts
from lookwhere.charts import dilation_sweep, panels, registry, style
from lookwhere.charts.style import PALETTE
from lookwhere.datasets.samples import Sample
from lookwhere.methods.names import ALL_LABELS, CONTROL_LABELS, LABELS
from lookwhere.metrics.registry import METRICS, of_passes
from lookwhere.report import comparison
from lookwhere.statistics import discrimination, paired, summary, verdicts
from lookwhere.statistics.strata import extent, once, trained_only

from .studies import (
    FIVE,
    NETS,
    OF_MAPS,
    UNTRAINED,
    assert_fits,
    cascade_of,
    declare_further,
    draw_chart,
    fabricate,
    rivals_of,
    sweep_of,
    ticks,
    with_faithfulness,
)

pytestmark = pytest.mark.usefixtures("few_draws")

TWENTY = FIVE + [f"further_{number}" for number in range(15)]
SCRIPTS = Path(charts.__file__).parents[2]
METHODS = FIVE
SHOWN = [*METHODS, *CONTROL_LABELS]
RECORDS = fabricate()
CHARTS = list(registry.entries())


def draw(chart, records=RECORDS):
    return draw_chart(chart, records)


@functools.cache
def chart_of(chart):
    """The chart of the fabricated study, drawn once for all tests that only read it."""
    return draw(chart)


def not_defined(records, net, *methods):
    """The records, of which those of the ``net`` by the ``methods`` are not defined."""
    lost = (records["net"] == net) & records["method"].isin(methods)
    numbers = {name: records[name].mask(lost) for name in OF_MAPS}
    return records.assign(**numbers, status=records["status"].mask(lost, "not_defined"))


LONG = fabricate(nets=["a_net_whose_name_" + 60 * letter for letter in "ab"], images=4)
STUDIES = {
    "two trained nets": RECORDS,
    "one net, one method": fabricate(nets=["vgg19"], methods=["grad_cam"]),
    "one image": fabricate(images=1),
    "long names": LONG,
    "four sizes": fabricate(images=6, sizes=["original", "224", "112", "64"]),
    "twelve classes": fabricate(images=24, classes=[f"class {n}" for n in range(12)]),
    "thirty nets": fabricate(images=2, nets=[f"net_{n}" for n in range(30)]),
    "eighty classes": fabricate(images=160, nets=["a"], classes=[f"class {n}" for n in range(80)]),
    "names of dollars": fabricate(nets=["a$\\frac$", "b"], classes=["$x_$", "c"]),
    "nothing defined": RECORDS.assign(concentration=np.nan, status="zero_energy"),
    "no ranks": RECORDS.assign(target_rank=np.nan),
    "methods of a net not defined": not_defined(
        RECORDS, "vgg19", "deconvolution", "guided_backpropagation"
    ),
    "one net, two methods not defined": not_defined(
        fabricate(nets=["vgg19"]), "vgg19", "deconvolution", "guided_backpropagation"
    ),
    "one method never defined": RECORDS.assign(
        concentration=RECORDS["concentration"].where(RECORDS["method"] != "deconvolution")
    ),
}


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("study", STUDIES)
def test_nothing_is_cut_at_the_width_of_a_column_or_a_page(chart, study):
    if study == "one net, one method" and chart in ("differences", "ranks", "wins"):
        return  # the workflow makes none of one method
    assert_fits(draw(chart, STUDIES[study]))


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_a_title_units_and_readable_type(chart):
    figure = chart_of(chart)
    assert figure.get_suptitle()
    labelled = [bool(axes.get_xlabel()) for axes in figure.axes]
    of_panels = chart in ("ranks", "discrimination", "controls")  # one label
    assert all(labelled) or (of_panels and labelled.count(True) == 1)
    for axes in figure.axes:
        for label in axes.get_xticklabels() + axes.get_yticklabels():
            assert label.get_fontsize() >= 7


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_is_transparent(chart):
    """EPS has no transparency."""
    for artist in chart_of(chart).findobj():
        assert artist.get_alpha() in (None, 1) or not artist.get_visible()


@pytest.mark.parametrize("chart", CHARTS)
def test_a_colour_means_one_method(chart):
    """A method's colour has the same entry in the legend of every chart."""
    figure = chart_of(chart)
    names = {to_hex(color): ALL_LABELS[method] for method, color in PALETTE.items()}
    for legend in figure.legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            color = handle.get_color() if isinstance(handle, Line2D) else handle.get_facecolor()
            label = text.get_text()
            if label in ALL_LABELS.values() and chart != "controls":  # marked by shape there
                assert names[to_hex(color)] == label


def note_of(figure):
    """The title of the legend, in one line."""
    return figure.legends[0].get_title().get_text().replace("\n", " ")


@pytest.mark.parametrize("chart", CHARTS)
def test_what_is_not_defined_is_named_apart_from_what_is_undefined(chart):
    records = not_defined(RECORDS, "vgg19", "deconvolution", "guided_backpropagation")
    note = note_of(draw(chart, records))
    assert "Not defined: Deconvolution, Guided Backpropagation (vgg19)" in note
    others = records[records["training"] == "trained"]
    others = others[(others["net"] != "vgg19") & (others["method"] == "deconvolution")]
    if chart == "concentration":
        count = (others["status"] != "ok").sum()
        assert count
        assert f"Deconvolution {count} of {len(others)}" in note


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


def test_of_many_nets_the_note_has_the_number():
    nets = ["a", "b", "c", "d", "e"]
    records = fabricate(nets=nets, images=2, sizes=["224"])
    for net in nets[:4]:
        records = not_defined(records, net, "deconvolution")
    records = not_defined(records, "a", "grad_cam")
    note = note_of(draw("concentration", records))
    assert "Not defined: Deconvolution (4 nets); Grad-CAM (a)" in note


@pytest.mark.parametrize("chart", ["concentration", "distribution", "concentration_by_size"])
def test_a_row_of_a_method_that_is_not_defined_is_labelled(chart):
    records = not_defined(fabricate(nets=["vgg19"]), "vgg19", "deconvolution")
    [axes] = draw(chart, records).axes
    [remark] = [text for text in axes.texts if text.get_text() == "not defined"]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[round(remark.get_position()[1])] == "Deconvolution"


def test_a_point_that_is_not_defined_is_labelled_at_the_edge():
    records = not_defined(RECORDS, "vgg19", "deconvolution", "grad_cam")
    [axes] = draw("concentration_by_net", records).axes
    edges = [text for text in axes.texts if text.get_text() == "not defined"]
    assert [round(text.xy[1]) for text in edges] == [0, 0]  # vgg19 is the first row


def test_a_pair_without_records_in_common_is_labelled():
    records = not_defined(fabricate(nets=["vgg19"]), "vgg19", "deconvolution")
    [axes] = draw("differences", records).axes
    remarks = [text for text in axes.texts if text.get_text() == "no records in common"]
    assert len(remarks) == len(METHODS) - 1


def bar_of(axes, place):
    [bar] = [b for b in axes.patches if abs(b.get_y() + b.get_height() / 2 - place) < 1e-6]
    return bar


def segments(axes):
    """Ends (x0, x1) of the horizontal intervals, by their height."""
    spans = {}
    for collection in axes.collections:
        for (x0, y0), (x1, y1) in collection.get_segments():
            if y0 == y1:
                spans[round(y0, 6)] = (x0, x1)
    return spans


def test_bars_by_method_are_the_means_of_the_trained_nets():
    [axes] = chart_of("concentration").axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == [ALL_LABELS[method] for method in SHOWN]
    trained = RECORDS[~RECORDS["net"].isin(UNTRAINED)]
    means = summary.summarise(trained).set_index("method")
    for place, method in enumerate(SHOWN):
        bar = bar_of(axes, place)
        share = trained.loc[trained["method"] == method, "concentration"].mean()
        if method in CONTROL_LABELS:  # the same map beside each net
            first = trained[(trained["method"] == method) & (trained["net"] == NETS[0])]
            share = first["concentration"].mean()
        assert bar.get_width() == pytest.approx(share)
        assert bar.get_facecolor()[:3] == pytest.approx(to_rgb(PALETTE[method]))
        assert bar.get_hatch() is None
        ends = means.loc[method, ["low", "high"]].tolist()
        assert segments(axes)[place] == pytest.approx(ends)
        assert any(text.get_text() == f"{share:.2f}" for text in axes.texts)


def marked(axes, marker):
    """(x, y) of the marks of a shape."""
    [line] = [line for line in axes.lines if line.get_marker() == marker]
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_pairs_in_another_order_are_named_if_one_and_else_counted():
    worse = (RECORDS["class"] == "dog") & (RECORDS["method"] == "guided_grad_cam")
    low = RECORDS.assign(concentration=RECORDS["concentration"].where(~worse, 0.01))
    note = note_of(draw("concentration", low))
    assert "Another order in a class: 4 pairs of methods (see tables/differences_by_*)" in note
    two = low[low["method"].isin(["grad_cam", "guided_grad_cam", *CONTROL_LABELS])]
    note = note_of(draw("concentration", two))
    assert "Grad-CAM below Guided Grad-CAM in 1 of 2 classes (traffic light)" in note
    assert "Another order" not in note_of(chart_of("concentration"))


def test_single_nets_are_ticks_and_untrained_nets_crosses_on_the_bars():
    [axes] = chart_of("concentration").axes
    means = RECORDS.groupby(["net", "method"])["concentration"].mean()
    for marker, nets in (("|", NETS[:2]), ("x", UNTRAINED)):
        expected = [
            (means[net, method], METHODS.index(method)) for net in nets for method in METHODS
        ]
        drawn = [(x, round(y)) for x, y in marked(axes, marker)]
        assert drawn == [(pytest.approx(x), y) for x, y in expected]
        assert all(abs(y - round(y)) > 0.1 for _, y in marked(axes, marker))  # beside the interval


def few_defined():
    """Records of which one in eight by deconvolution is defined."""
    lost = (RECORDS["method"] == "deconvolution") & (RECORDS.groupby("method").cumcount() % 8 > 0)
    numbers = {name: RECORDS[name].mask(lost) for name in OF_MAPS}
    return RECORDS.assign(**numbers, status=RECORDS["status"].mask(lost, "zero_energy"))


def test_the_mean_of_few_of_many_records_is_hatched_or_half_filled_and_counted():
    records = few_defined()
    trained = trained_only(records)
    of_method = trained[trained["method"] == "deconvolution"]
    count = f"n = {of_method['concentration'].notna().sum()} of {len(of_method)}"
    [axes] = draw("concentration", records).axes
    hatched = [bar_of(axes, place).get_hatch() is not None for place in range(len(SHOWN))]
    assert hatched == [method == "deconvolution" for method in SHOWN]
    mean = of_method["concentration"].mean()
    assert f"{mean:.2f} ({count})" in [text.get_text() for text in axes.texts]
    [axes] = draw("measures", records).axes
    halves = [to_hex(line.get_color()) for line in axes.lines if line.get_fillstyle() == "left"]
    assert halves == [to_hex(PALETTE["deconvolution"])] * 5
    assert [text.get_text() for text in axes.texts] == [count] * 5
    [axes] = draw("dilation_sweep", records).axes
    assert count in [text.get_text() for text in axes.texts]


def test_level_of_chance_is_that_of_the_defined_records():
    [axes] = chart_of("concentration").axes
    [line] = [line for line in axes.lines if line.get_linestyle() == "--"]
    counted = {  # maps of controls once
        (row.sample, row.size, row.method, row.method in LABELS and row.net): row.mask_fraction
        for row in RECORDS.itertuples()
        if row.concentration == row.concentration and row.net not in UNTRAINED
    }
    assert line.get_xdata() == pytest.approx([sum(counted.values()) / len(counted)] * 2)


@pytest.mark.parametrize(
    ("chart", "group"), [("concentration_by_net", "net"), ("concentration_by_class", "class")]
)
def test_grouped_points_are_the_means_and_the_lines_chance_and_the_best_control(chart, group):
    [axes] = chart_of(chart).axes
    records = RECORDS[RECORDS["size"] == "224"] if group == "net" else trained_only(RECORDS)
    table = summary.summarise(records, [group, "method"])
    assert_points_are(axes, table[table["method"].isin(METHODS)], "mean", "low", "high")
    groups = list(records[group].unique())
    rows = [round(y) for _, y, _ in points(axes)]
    assert rows == [place for place in range(len(groups)) for _ in METHODS]
    upright = [
        (round((y0 + y1) / 2), x0)
        for collection in axes.collections
        for (x0, y0), (x1, y1) in collection.get_segments()
        if x0 == x1
    ]
    counted = once(records) if group == "class" else records
    defined = counted.dropna(subset="concentration")
    for place, name in enumerate(groups):
        of_group = table[table[group] == name].set_index("method")["mean"]
        best = max(of_group[control] for control in CONTROL_LABELS)
        chance = defined.loc[defined[group] == name, "mask_fraction"].mean()
        lines = sorted(x for row, x in upright if row == place)
        assert lines == pytest.approx(sorted([chance, best]))


def test_untrained_nets_are_named_so():
    [axes] = chart_of("concentration_by_net").axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    names = [*NETS[:2], "untrained\n(untrained)"]
    assert labels == [f"{name}\n(12 images)" for name in names]


def points(axes):
    """(x, y, colour) of every marker that stands alone."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], to_hex(line.get_color()))
        for line in axes.lines
        if line.get_marker() not in ("None", "", None) and len(line.get_xdata()) == 1
    ]


def intervals(axes):
    """(low, high, colour) of every horizontal interval, by the height at which it lies."""
    return {
        round(y0, 6): (x0, x1, to_hex(collection.get_color()[0]))
        for collection in axes.collections
        for (x0, y0), (x1, y1) in collection.get_segments()
        if y0 == y1
    }


def assert_points_are(axes, table, value, low, high):
    """Every row of the table is a point in its method's colour, with its interval."""
    drawn = points(axes)
    assert len(drawn) == len(table)
    ends = intervals(axes)
    for (x, y, color), row in zip(drawn, table.to_dict("records"), strict=True):
        assert color == to_hex(PALETTE[row["method"]])
        assert x == pytest.approx(row[value], nan_ok=True)
        expected = [pytest.approx(row[end], nan_ok=True) for end in (low, high)]
        assert ends[round(y, 6)] == (*expected, color)


def test_lift_is_a_point_a_net_and_method_and_the_controls_once():
    [axes] = chart_of("lift").axes
    lifts = summary.summarise(RECORDS, ["net", "method"])
    of_nets = lifts[lifts["method"].isin(METHODS)]
    controls = lifts[lifts["method"].isin(CONTROL_LABELS) & (lifts["net"] == NETS[0])]
    assert_points_are(axes, pd.concat([of_nets, controls]), "lift", "lift_low", "lift_high")
    rows = [round(y) for _, y, _ in points(axes)]
    assert rows == [*(NETS.index(net) for net in of_nets["net"]), 3, 3, 3]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [*NETS[:2], "untrained\n(untrained)", "Controls\n(no net)"]


def test_a_lift_of_zero_is_drawn_at_the_edge():
    dark = (RECORDS["method"] == "grad_cam") & (RECORDS["net"] == NETS[0])
    records = RECORDS.assign(concentration=RECORDS["concentration"].mask(dark, 0.0))
    [axes] = draw("lift", records).axes
    edge = axes.get_xlim()[0]
    assert [(x, round(y)) for x, y, _ in points(axes) if x == edge] == [(edge, 0)]
    assert [text.get_text() for text in axes.texts] == ["0"]
    axes.figure.draw_without_rendering()
    assert axes.get_position().y0 > 0.2  # there is room for the legend below


def test_every_image_is_a_dot_and_the_lowest_records_are_named():
    figure = chart_of("distribution")
    [axes] = figure.axes
    trained = trained_only(RECORDS)
    dots = [c for c in axes.collections if len(c.get_offsets())]
    assert len(dots) == len(SHOWN)
    for method, drawn in zip(SHOWN, dots, strict=True):
        records = trained[trained["method"] == method]
        if method in CONTROL_LABELS:
            records = records[records["net"] == NETS[0]]
        expected = records.groupby("image_id")["concentration"].mean().dropna()
        assert sorted(drawn.get_offsets()[:, 0]) == pytest.approx(sorted(expected))
    best = trained[trained["method"] == METHODS[-1]].dropna(subset="concentration")
    lowest = best.sort_values("concentration").head(round(len(best) / 10))
    counts = lowest["class"].value_counts()
    name, count = counts.index[0], counts.iloc[0]
    title = figure.legends[0].get_title().get_text().replace("\n", " ")
    start = f"The {len(lowest)} lowest of {len(best)} records by Guided Grad-CAM: {count} {name}"
    assert start in title


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


def test_sweep_is_a_line_a_method_over_the_chance_of_each_dilation():
    [axes] = chart_of("dilation_sweep").axes
    sweep = trained_only(sweep_of(RECORDS)).dropna(subset="concentration")
    expected = summary.summarise(sweep, ["method", "dilation"]).set_index("method")
    lines = {to_hex(line.get_color()): line for line in axes.lines if line.get_marker() != "None"}
    for method in SHOWN:
        line = lines[to_hex(PALETTE[method])]
        assert line.get_xdata().tolist() == pytest.approx([0, 20, 60, 100])
        of_method = expected.loc[method]
        assert line.get_ydata().tolist() == pytest.approx(of_method["mean"].tolist())
        thin = [
            line.get_ydata().tolist()
            for line in axes.lines
            if line.get_marker() == "None" and to_hex(line.get_color()) == to_hex(PALETTE[method])
        ]
        ends = [of_method[end].tolist() for end in ("low", "high")]
        assert thin == [pytest.approx(end) for end in ends]
    [chance] = [line for line in axes.lines if line.get_linestyle() == "--"]
    expected = once(sweep).groupby("dilation")["mask_fraction"].mean()
    assert chance.get_ydata().tolist() == pytest.approx(expected.tolist())
    [study] = [line for line in axes.lines if len(line.get_xdata()) == 2]
    assert study.get_xdata() == pytest.approx([20, 20])


def test_sweep_is_of_the_same_records_at_every_dilation():
    sweep = sweep_of(RECORDS)
    late = (sweep["sample"] == sweep["sample"].iloc[0]) & (sweep["dilation"] == 0)
    holes = sweep.assign(concentration=sweep["concentration"].mask(late))
    whole = sweep[sweep["sample"] != sweep["sample"].iloc[0]]
    one, other = (dilation_sweep.draw(frame, mask_dilation=0.2).axes[0] for frame in (holes, whole))
    for line, expected in zip(one.lines, other.lines, strict=True):
        assert line.get_ydata() == pytest.approx(expected.get_ydata())


def test_a_study_s_dilation_beyond_the_sweep_is_visible():
    [axes] = dilation_sweep.draw(sweep_of(RECORDS), mask_dilation=1.5).axes
    assert axes.get_xlim()[1] >= 150


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


def fabricated_ranks():
    """Two classes, one hard and mostly of low rank; within each, a low rank adds 0.1."""
    records = fabricate(images=120)
    hard = records["class"] == "dog"
    low = (hard & (records["image_id"] % 4 > 0)) | (~hard & (records["image_id"] % 4 == 0))
    share = hard.map({True: 0.2, False: 0.8}) + low.map({True: 0.1, False: 0.0})
    return records.assign(
        concentration=share, target_rank=low.map({True: 7, False: 1}), status="ok"
    )


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


def test_where_nothing_can_be_compared_a_remark_states_it():
    records = fabricate()
    ranks = (records["image_id"] == 3).map({True: 7, False: 1})
    [axes] = draw("certainty", records.assign(target_rank=ranks)).axes
    assert {text.get_text() for text in axes.texts} == {"fewer than 10 images to compare"}


def test_panels_are_of_the_bins_with_a_mean_and_the_others_are_named(monkeypatch):
    monkeypatch.setattr(panels, "needed", lambda *_: True)
    records = fabricated_ranks()
    ranks = records["target_rank"].mask(records["image_id"] < 3, 50)
    figure = draw("certainty", records.assign(target_rank=ranks))
    assert [axes.get_title().split("\n")[1][:5] for axes in figure.axes] == ["6-10 "]
    assert not figure.axes[0].texts
    few = "fewer than 10 images to compare: 11-100 (3 images)"
    assert f"Reference: rank of the target 1; {few}" in note_of(figure)


@pytest.mark.parametrize("nets", [1, 2, 3, 5])
def test_costs_are_of_the_first_size_and_fill_the_figure(nets):
    records = fabricate(nets=[f"net_{number}" for number in range(nets)])
    figure = draw("cost", records)
    assert_fits(figure)
    assert note_of(figure).startswith(f"12 images, {nets} net{'s' * (nets > 1)}, 1 size")
    assert ("No room for 1 net: see tables/cost" in note_of(figure)) == (nets == 5)
    assert [axes.get_title() for axes in figure.axes] == [
        f"net_{number}, size original" for number in range(min(nets, 4))
    ]
    for axes in figure.axes:
        assert len(ticks(axes.xaxis)) >= 4
        names = [text.get_window_extent() for text in axes.texts]
        assert not any(one.overlaps(other) for one, other in combinations(names, 2))


@pytest.mark.parametrize("chart", ["measures", "certainty", "controls"])
def test_axes_of_panels_have_four_ticks_without_overlap(chart, monkeypatch):
    monkeypatch.setattr(panels, "needed", lambda *_: True)
    records = fabricated_ranks() if chart == "certainty" else RECORDS
    figure = draw(chart, records)
    assert_fits(figure)
    for axes in figure.axes:
        boxes = [label.get_window_extent() for label in ticks(axes.xaxis)]
        assert len(boxes) >= 4
        assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


def test_masks_that_begin_empty_leave_the_axis_whole():
    sweep = sweep_of(RECORDS)
    empty = (sweep["sample"] == sweep["sample"].iloc[0]) & (sweep["dilation"] == 0)
    holes = sweep.assign(
        concentration=sweep["concentration"].mask(empty),
        mask_fraction=sweep["mask_fraction"].mask(empty, 0.0),
    )
    [axes] = dilation_sweep.draw(holes, mask_dilation=0.2).axes
    lines = [line for line in axes.lines if line.get_marker() != "None"]
    assert all(line.get_xdata().tolist() == pytest.approx([0, 20, 60, 100]) for line in lines)


def test_the_surest_bin_has_images_enough_to_be_compared_with():
    records = fabricated_ranks()
    few = (records["target_rank"] == 1) & (records["image_id"] > 6)
    ranks = records["target_rank"].mask(few, 2)
    figure = draw("certainty", records.assign(target_rank=ranks))
    assert bins_drawn(figure) == ["1-2", "6-10"]


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


def marks(axes):
    """(value, row, shape, colour, whether hollow) of every mark of the figure of controls."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    return [
        (
            pytest.approx(x),
            y,
            line.get_marker(),
            to_hex(line.get_color()),
            to_hex(line.get_markerfacecolor()) == "#ffffff",
        )
        for line in lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


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


def test_measures_are_those_of_the_table():
    table = summary.summarise_measures(trained_only(RECORDS))
    [axes] = chart_of("measures").axes
    assert_points_are(axes, table, "mean", "low", "high")
    trained = once(trained_only(RECORDS)).dropna(subset="concentration")
    upright = [
        x0
        for collection in axes.collections
        for (x0, y0), (x1, y1) in collection.get_segments()
        if x0 == x1
    ]
    boxes = trained["box_fraction"].mean()
    assert upright == pytest.approx([*[trained["mask_fraction"].mean()] * 4, boxes])


@pytest.mark.parametrize("chart", sorted(set(CHARTS) - {"dilation_sweep"}))
def test_undefined_records_are_reported(chart):
    figure = chart_of(chart)
    [legend] = figure.legends
    title = legend.get_title().get_text().replace("\n", " ")
    of_size = {"concentration_by_net": "224", "discrimination": "original", "cost": "original"}
    of_size = of_size.get(chart)
    of_size = "original" if chart.startswith("cascade") else of_size
    records = RECORDS[RECORDS["size"] == of_size] if of_size else RECORDS
    assert extent(records) in title or extent(trained_only(records)) in title
    if chart not in ("concentration_by_net", "lift", "discrimination"):
        records = trained_only(records)
    of_method = records[records["method"] == "grad_cam"]
    missing = of_method["concentration"].isna().sum()
    assert missing
    assert f"Grad-CAM {missing} of {len(of_method)}" in title
    whole = RECORDS.assign(concentration=RECORDS["concentration"].fillna(0.5))
    assert "ndefined" not in draw(chart, whole).legends[0].get_title().get_text()


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("squeezenet1_1_random", ["squeezenet1_1_random"]),
        ("resnext101_32x8d_imagenet1k_v1", ["resnext101_32x8d_", "imagenet1k_v1"]),
        ("Untrained: squeezenet1_1_random", ["Untrained:", "squeezenet1_1_random"]),
        ("a net\n(untrained)", ["a net", "(untrained)"]),
        (30 * "x", [24 * "x", 6 * "x"]),
    ],
    ids=["short", "joints", "words", "lines", "no joint"],
)
def test_long_names_are_broken_between_words_and_else_at_separators(label, lines):
    assert style.wrapped(label).split("\n") == lines


def test_comparison_names_the_concentration_of_every_map():
    rng = np.random.default_rng(0)
    mask = np.zeros((6, 8), dtype=bool)
    mask[2:4, 3:6] = True
    row = comparison.Row(
        sample="1-clock",
        class_name="clock",
        net="vgg19",
        image=rng.integers(0, 256, (6, 8, 3), dtype=np.uint8),
        mask=mask,
        maps={
            "backpropagation": rng.normal(size=(3, 6, 8)),
            "deconvolution": "not_defined",
            "grad_cam": np.zeros((1, 6, 8)),
        },
        concentration={
            "backpropagation": 0.256,
            "deconvolution": float("nan"),
            "grad_cam": float("nan"),
        },
    )
    figure = comparison.comparison([row, row], "Maps at 64 x 64 pixels")
    titles = ["Backpropagation", "Deconvolution", "Grad-CAM"]
    assert figure.get_suptitle() == "Maps at 64 x 64 pixels"
    *cells, scale = figure.axes
    assert [axes.get_xlabel() for axes in cells] == ["", "P = 0.26", "", "P undefined"] * 2
    assert [axes.get_title() for axes in cells] == ["clock", *titles, "", "", "", ""]
    assert [axes.get_ylabel() for axes in cells[1::4]] == ["vgg19"] * 2
    assert [len(axes.images) for axes in cells[::4]] == [1, 0]  # the input, once a sample
    assert [len(axes.images) for axes in cells[2::4]] == [0, 0]
    for axes in cells[2::4]:
        assert [text.get_text() for text in axes.texts] == ["not defined\nfor this net"]
    assert "99.5th percentile" in scale.get_xticklabels()[1].get_text()


def test_pictures_in_eps_are_deflated(tmp_path):
    """What is left is the same picture, in a fraction of the bytes."""
    figure = Figure(figsize=(2, 2))
    pixels = np.kron(np.eye(20, dtype=np.uint8), np.full((10, 10), 255, dtype=np.uint8))
    figure.add_subplot().imshow(np.repeat(pixels[..., None], 3, axis=2), interpolation="none")
    figure.savefig(tmp_path / "plain.eps", dpi=200)
    plain = (tmp_path / "plain.eps").read_bytes()
    small = style.compressed(plain)
    assert len(small) < len(plain) / 3
    [before] = re.findall(rb"colorimage\s([0-9a-f\s]+)\ngrestore", plain)
    [after] = re.findall(
        rb"/FlateDecode filter false 3 colorimage\n([0-9a-f\s]+)>\ngrestore", small
    )
    inflated = zlib.decompress(bytes.fromhex(after.decode()))
    assert inflated == bytes.fromhex(before.decode())
    assert style.compressed(b"%!PS no picture") == b"%!PS no picture"


@pytest.fixture
def twenty(monkeypatch):
    declare_further(monkeypatch, {name: (name, "path") for name in TWENTY[5:]})


def sample_of(number, width=320, height=240):
    return Sample(f"{number}", number, "dog", f"{number}.jpg", width, height, "CC0", None, ())


@pytest.mark.parametrize("size", ["original", "224"])
@pytest.mark.parametrize("nets", [1, 4, 20])
@pytest.mark.parametrize("methods", [METHODS[:1], METHODS[:5], TWENTY], ids=[1, 5, 20])
def test_comparison_holds_as_many_samples_as_fit_on_a_page(size, nets, methods, twenty):
    samples = [sample_of(n, height=240 + 40 * n) for n in range(30)]
    names = [f"net{n}" for n in range(nets)]
    shown, of_nets = comparison.fitting(samples, names, len(methods), size)
    assert shown == samples[: len(shown)]
    assert of_nets == names[: len(of_nets)]

    def height(count, nets):
        rows = []
        for sample in samples[:count]:
            shape = (224, 224) if size == "224" else (sample.height, sample.width)
            picture, mask = np.zeros((*shape, 3), dtype=np.uint8), np.zeros(shape, dtype=bool)
            maps = dict.fromkeys(methods, np.zeros((1, *shape)))
            none = maps, dict.fromkeys(methods, float("nan"))
            rows += nets * [comparison.Row(sample.id, "dog", "", picture, mask, *none)]
        return comparison.comparison(rows, "").get_figheight()

    assert height(len(shown), len(of_nets)) <= 9.2
    if len(of_nets) < nets:
        assert len(shown) == 1
        assert height(1, len(of_nets) + 1) > 9.2
    else:
        assert height(len(shown) + 1, nets) > 9.2


def test_the_maps_of_many_methods_stand_in_blocks_with_their_names(twenty):
    mask = np.zeros((24, 32), dtype=bool)
    mask[6:12, 8:16] = True
    picture, maps = np.zeros((24, 32, 3), np.uint8), dict.fromkeys(TWENTY, np.ones((1, 24, 32)))
    rows = [
        comparison.Row("1-dog", "dog", net, picture, mask, maps, dict.fromkeys(TWENTY, 0.25))
        for net in NETS
    ]
    figure = comparison.comparison(rows, "Maps")
    assert_fits(figure)
    cells = [axes for axes in figure.axes if axes.get_xlabel() == "P = 0.25"]
    assert len(cells) == len(NETS) * len(TWENTY)
    titles = [axes.get_title().replace("\n", " ") for axes in cells if axes.get_title()]
    assert [name.replace("- ", "-") for name in titles] == [LABELS[method] for method in TWENTY]


DRAW = """
import sys, zlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from lookwhere.charts import concentration
from lookwhere.charts.style import styled

figure = concentration.draw(pd.read_parquet(sys.argv[1]))
with styled():
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
print(zlib.crc32(np.asarray(canvas.buffer_rgba()).tobytes()))
"""
OWN_STYLE = """
font.family: monospace
axes.facecolor: yellow
figure.dpi: 40
axes.grid: True
lines.linewidth: 9
text.usetex: True
savefig.bbox: tight
"""


def test_a_matplotlibrc_of_the_user_s_changes_no_figure(tmp_path):
    RECORDS.to_parquet(tmp_path / "records.parquet")

    def pixels() -> str:
        return subprocess.run(
            [sys.executable, "-c", DRAW, "records.parquet"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    plain = pixels()
    (tmp_path / "matplotlibrc").write_text(OWN_STYLE)
    assert pixels() == plain
