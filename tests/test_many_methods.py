"""Charts of a study of many methods: they fit a page, and every method can be read."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from lookwhere.charts import registry, style
from lookwhere.methods.names import ALL_LABELS, CONTROL_LABELS, LABELS
from lookwhere.statistics import paired
from lookwhere.statistics.strata import trained_only
from lookwhere.statistics.summary import summarise, summarise_measures

from .studies import (
    FIVE,
    NETS,
    OF_MAPS,
    UNTRAINED,
    assert_fits,
    declare_further,
    draw_chart,
    fabricate,
    ticks,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_draws")]

CHARTS = list(registry.entries())
OF_METHODS = [chart for chart in CHARTS if chart != "agreement"]  # which names metrics alone
FAMILIES = ("path", "gradient", "cam")
LONG = "A method of a name that fills more than a line"
FURTHER = {
    f"further_{n}": (f"Further method {n}" if n else LONG, FAMILIES[n % len(FAMILIES)])
    for n in range(35)
}


@pytest.fixture(params=[20])
def methods(request, monkeypatch):
    """The names of so many methods, of three families."""
    declare_further(monkeypatch, FURTHER)
    names = [*FIVE, *FURTHER][: request.param]
    style.space(names)
    yield names
    monkeypatch.undo()
    style.space(LABELS)


def names_drawn(figure):
    """The texts of a figure and its legend, but for line breaks and numbers of records."""
    texts = [text for axes in figure.axes for text in (*axes.texts, *ticks(axes.yaxis))]
    texts += [axes.title for axes in figure.axes]
    texts += [text for legend in figure.legends for text in legend.get_texts()]
    lines = (text.get_text().replace("\n", " ").replace("- ", "-") for text in texts)
    return {line.split(" (n = ")[0] for line in lines}


@pytest.mark.parametrize("chart", OF_METHODS)
@pytest.mark.parametrize(
    ("methods", "nets"),
    [
        (20, NETS),
        pytest.param(20, [f"net_number_{n}" for n in range(12)], marks=pytest.mark.slow),
        pytest.param(40, NETS, marks=pytest.mark.slow),
    ],
    ids=["20 of 3 nets", "20 of 12 nets", "40 of 3 nets"],
    indirect=["methods"],
)
def test_every_chart_fits_a_page_and_names_every_method(chart, nets, methods):
    sizes = ["original", "224"] if chart == "concentration_by_size" else ["224"]
    records = fabricate(images=12, methods=methods, nets=nets, sizes=sizes)
    figure = draw_chart(chart, records)
    assert_fits(figure)
    shown = names_drawn(figure) | columns(figure)
    assert {LABELS[method] for method in methods} - {LONG} <= shown
    assert any(name.startswith(LONG[:29]) for name in shown)


@pytest.mark.parametrize("chart", CHARTS)
def test_what_is_undefined_leaves_room_for_the_others(chart, methods):
    records = fabricate(images=4, methods=methods)
    lost = records["method"] == methods[2]
    one = records.assign(concentration=records["concentration"].mask(lost))
    assert_fits(draw_chart(chart, one))
    assert_fits(draw_chart(chart, records.assign(concentration=np.nan, status="zero_energy")))


@pytest.mark.parametrize("chart", CHARTS)
def test_methods_that_half_of_the_nets_lack_leave_no_text_on_another(chart, methods):
    """As guided methods do of nets without ReLU: their means are of fewer records."""
    records = fabricate(images=24, methods=methods, nets=["a", "b", "c", "d"])
    lost = records["net"].isin(["c", "d"]) & records["method"].isin(methods[8:])
    records = records.assign(
        **{name: records[name].mask(lost) for name in OF_MAPS},
        status=records["status"].mask(lost, "not_defined"),
    )
    figure = draw_chart(chart, records)
    assert_fits(figure)
    for axes in figure.axes:
        # Of an annotation, the box of its text alone, without the line.
        boxes = [Text.get_window_extent(text) for text in axes.texts if text.get_text()]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def columns(figure):
    return {
        label.get_text().replace("\n", " ") for axes in figure.axes for label in ticks(axes.xaxis)
    }


def points(axes):
    """(x, row, colour) of every marker."""
    marks = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    return [(m.get_xdata()[0], m.get_ydata()[0], to_hex(m.get_color())) for m in marks]


def assert_panel_is(axes, table, value, methods):
    expected = [
        (
            pytest.approx(row[value]),
            methods.index(row["method"]),
            to_hex(style.PALETTE[row["method"]]),
        )
        for row in table.to_dict("records")
    ]
    assert sorted(points(axes), key=lambda point: point[1]) == sorted(
        expected, key=lambda point: point[1]
    )


def test_panels_hold_what_the_table_holds(methods):
    records = fabricate(methods=methods)
    trained, rows = trained_only(records), [*methods, *CONTROL_LABELS]
    by_class = summarise(trained, ["class", "method"])
    for axes, name in zip(
        draw_chart("concentration_by_class", records).axes, ["dog", "traffic light"], strict=True
    ):
        assert axes.get_title() == f"{name}\n(12 images)"
        assert_panel_is(axes, by_class[by_class["class"] == name], "mean", rows)
    measures = summarise_measures(trained)
    panels = draw_chart("measures", records).axes
    for axes, name in zip(panels, measures["measure"].unique(), strict=True):
        assert_panel_is(axes, measures[measures["measure"] == name], "mean", rows)
    lifts = summarise(records, ["net", "method"])
    controls = lifts[lifts["method"].isin(CONTROL_LABELS) & (lifts["net"] == NETS[0])]
    for axes, net in zip(draw_chart("lift", records).axes, NETS, strict=True):
        of_net = lifts[(lifts["net"] == net) & lifts["method"].isin(methods)]
        assert_panel_is(axes, pd.concat([of_net, controls]), "lift", rows)


def test_many_differences_are_a_matrix_white_where_not_significant(methods):
    records = fabricate(images=60, methods=methods)
    table = paired.differences(records, [])
    table = table[table["other"].isin(LABELS)]
    matrix, _ = draw_chart("differences", records).axes
    rows, columns = (
        [t.get_text().replace("\n", " ") for t in ticks(axis)]
        for axis in (matrix.yaxis, matrix.xaxis)
    )
    values = matrix.collections[0].get_array()
    numbers = {text.get_position(): text.get_text() for text in matrix.texts}
    cells = {}
    for (row, column), value in np.ndenumerate(values.filled(np.nan)):
        number = numbers.get((column + 0.5, row + 0.5))
        if number is not None:
            cells[rows[row], columns[column]] = number, value
    assert len(cells) == len(table) == 190
    hollow = 0
    for row in table.to_dict("records"):
        ahead, other = (style.shortened(LABELS[row[key]], 32) for key in ("method", "other"))
        sign = 1 if (ahead, other) in cells else -1
        number, value = cells[(ahead, other)[::sign]]
        shown = float(number.replace("\N{MINUS SIGN}", "-"))
        assert sign * shown == pytest.approx(row["difference"], abs=0.0051)
        if row["p_holm"] < paired.SIGNIFICANT:
            assert sign * value == pytest.approx(row["difference"])
        else:
            assert np.isnan(value)
            hollow += 1
    assert 0 < hollow < len(table)


def test_the_lines_of_the_sweep_are_named_in_the_order_of_their_ends(methods):
    records = fabricate(methods=methods)
    [axes] = draw_chart("dilation_sweep", records).axes
    names = sorted(axes.texts, key=lambda text: text.xyann[1])
    ends = [text.xy[1] for text in names]
    assert ends == sorted(ends)
    assert {text.get_text() for text in names} == {
        ALL_LABELS[m] for m in [*methods, *CONTROL_LABELS]
    }
    for text in names:
        [line] = [
            line
            for line in axes.lines
            if line.get_marker() != "None" and line.get_ydata()[-1] == text.xy[1]
        ]
        assert to_hex(line.get_color()) == to_hex(text.arrow_patch.get_edgecolor())


def test_notes_name_few_methods_and_count_the_others(methods):
    records = fabricate(methods=methods)
    flagged = records.assign(negligible_energy=records["negligible_energy"].fillna(False) | True)
    notes = (
        draw_chart("concentration", flagged).legends[0].get_title().get_text().replace("\n", " ")
    )
    undefined = notes.split("Undefined, left out: ")[1].split("Of negligible")[0]
    assert undefined.count(" of ") == 7  # five methods, and at most so many of one of the others
    assert "and" not in undefined
    assert "15 other methods (see tables/concentration)" in notes


def test_groups_without_room_are_counted_and_their_table_named():
    nets = [f"net_{number}" for number in range(200)]
    records = fabricate(images=2, nets=nets, sizes=["224"])
    figure = draw_chart("concentration_by_net", records)
    shown = sum(axes.get_visible() for axes in figure.axes)
    notes = figure.legends[0].get_title().get_text().replace("\n", " ")
    assert f"No room for {200 - shown} nets: see tables/concentration_by_net" in notes
    assert 20 < shown < 200
    assert UNTRAINED[0] not in nets
