"""The charts of means: by method, net, class and image."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from lookwhere.charts.style import PALETTE
from lookwhere.methods.names import ALL_LABELS, CONTROL_LABELS, LABELS
from lookwhere.statistics import summary
from lookwhere.statistics.strata import once, trained_only

from ..studies import NETS, OF_MAPS, UNTRAINED
from .figures import METHODS, RECORDS, SHOWN, assert_points_are, chart_of, draw, points

pytestmark = pytest.mark.usefixtures("few_draws")


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
