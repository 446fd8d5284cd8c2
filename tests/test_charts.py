"""The charts, read back from what matplotlib was told to draw."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from concentration import charts, comparison, differences, style, summaries
from concentration.coco import Sample
from concentration.groups import of_trained
from concentration.methods import ALL_LABELS, CONTROL_LABELS, LABELS
from concentration.style import PALETTE

from .studies import NETS, UNTRAINED, fabricate

METHODS = list(LABELS)
RECORDS = fabricate()
GROWTHS = [0, 0.2, 0.6, 1]
OPTIONS = {"concentration_by_net": {"size": "224"}, "dilation_sweep": {"dilation": 0.2}}
HELPERS = {"__init__", "marks", "grouped_bars"}
CHARTS = sorted({path.stem for path in Path(charts.__file__).parent.glob("*.py")} - HELPERS)


def sweep_of(records):
    """A sweep in which concentration and mask grow with the dilation."""
    steps = records.merge(pd.DataFrame({"dilation": GROWTHS}), how="cross")
    growth = 1 + steps["dilation"]
    return steps.assign(
        concentration=(steps["concentration"] * growth).clip(upper=1),
        mask_fraction=steps["mask_fraction"] * growth,
    ).drop(columns="status")


def draw(chart, records=RECORDS, untrained=UNTRAINED):
    module = import_module(f"concentration.charts.{chart}")
    source = sweep_of(records) if chart == "dilation_sweep" else records
    return module.draw(source, untrained, **OPTIONS.get(chart, {}))


LONG = fabricate(nets=["a_net_whose_name_" + 60 * letter for letter in "ab"], images=4)
STUDIES = {
    "two trained nets": (RECORDS, UNTRAINED),
    "one net, one method": (fabricate(nets=["vgg19"], methods=["grad_cam"]), []),
    "one image": (fabricate(images=1), UNTRAINED),
    "long names": (LONG, []),
    "one method never defined": (
        RECORDS.assign(
            concentration=RECORDS["concentration"].where(RECORDS["method"] != "deconvolution")
        ),
        UNTRAINED,
    ),
}


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("study", STUDIES)
def test_nothing_is_cut_at_the_width_of_a_column_or_a_page(chart, study):
    if (chart, study) == ("differences", "one net, one method"):
        return  # the workflow makes none of one method
    figure = draw(chart, *STUDIES[study])
    assert figure.get_figwidth() in (style.COLUMN, style.PAGE)
    assert figure.get_figheight() < 9
    FigureCanvasAgg(figure).draw()
    inside = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    width, height = figure.get_size_inches()
    slack = 0.02
    assert inside.x0 >= -slack
    assert inside.y0 >= -slack
    assert inside.x1 <= width + slack
    assert inside.y1 <= height + slack


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_has_a_title_units_and_readable_type(chart):
    figure = draw(chart)
    assert figure.get_suptitle()
    for axes in figure.axes:
        assert axes.get_xlabel()
        for label in axes.get_xticklabels() + axes.get_yticklabels():
            assert label.get_fontsize() >= 7


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_is_transparent(chart):
    """Eps knows no transparency: it would be lost there."""
    for artist in draw(chart).findobj():
        assert artist.get_alpha() in (None, 1) or not artist.get_visible()


@pytest.mark.parametrize("chart", CHARTS)
def test_a_colour_means_one_method(chart):
    """Whatever has a method's colour belongs to it: the legend says the same in every chart."""
    figure = draw(chart)
    names = {to_hex(color): ALL_LABELS[method] for method, color in PALETTE.items()}
    for legend in figure.legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            color = handle.get_color() if isinstance(handle, Line2D) else handle.get_facecolor()
            said = text.get_text()
            if said in ALL_LABELS.values() and chart != "controls":  # there the shape tells
                assert names[to_hex(color)] == said


def test_palette_and_markers_tell_the_methods_apart():
    assert len({to_hex(color) for color in PALETTE.values()}) == len(ALL_LABELS)
    assert len(set(style.MARKERS.values())) == len(ALL_LABELS)


def bar_of(axes, place):
    [bar] = [b for b in axes.patches if abs(b.get_y() + b.get_height() / 2 - place) < 1e-6]
    return bar


def segments(axes):
    """Ends (x0, x1) of the horizontal intervals, by their height."""
    found = {}
    for collection in axes.collections:
        for (x0, y0), (x1, y1) in collection.get_segments():
            if y0 == y1:
                found[round(y0, 6)] = (x0, x1)
    return found


def test_bars_by_method_are_the_means_of_the_trained_nets():
    [axes] = draw("concentration").axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == list(ALL_LABELS.values())
    trained = RECORDS[~RECORDS["net"].isin(UNTRAINED)]
    summary = summaries.summarise(trained).set_index("method")
    for place, method in enumerate(ALL_LABELS):
        bar = bar_of(axes, place)
        share = trained.loc[trained["method"] == method, "concentration"].mean()
        assert bar.get_width() == pytest.approx(share)
        assert bar.get_facecolor()[:3] == pytest.approx(to_rgb(PALETTE[method]))
        ends = summary.loc[method, ["low", "high"]].tolist()
        assert segments(axes)[place] == pytest.approx(ends)
        assert any(text.get_text() == f"{share:.2f}" for text in axes.texts)


def test_untrained_nets_are_hollow_marks_on_the_bars():
    [axes] = draw("concentration").axes
    [marks] = [line for line in axes.lines if line.get_marker() == "D"]
    untrained = RECORDS[RECORDS["net"].isin(UNTRAINED)]
    means = untrained.groupby("method")["concentration"].mean()
    assert marks.get_xdata().tolist() == pytest.approx([means[m] for m in METHODS])
    assert marks.get_ydata().tolist() == [0, 1, 2, 3, 4]


def test_level_of_chance_is_that_of_the_defined_records():
    [axes] = draw("concentration").axes
    [line] = [line for line in axes.lines if line.get_linestyle() == "--"]
    fractions = [
        row.mask_fraction
        for row in RECORDS.itertuples()
        if row.concentration == row.concentration and row.net not in UNTRAINED
    ]
    assert line.get_xdata() == pytest.approx([sum(fractions) / len(fractions)] * 2)


@pytest.mark.parametrize(
    ("chart", "group"), [("concentration_by_net", "net"), ("concentration_by_class", "class")]
)
def test_grouped_bars_are_the_means_and_the_lines_chance_and_the_best_control(chart, group):
    [axes] = draw(chart).axes
    records = (
        RECORDS[RECORDS["size"] == "224"] if group == "net" else of_trained(RECORDS, UNTRAINED)
    )
    means = records.groupby([group, "method"])["concentration"].mean()
    chance = records.dropna(subset="concentration").groupby(group)["mask_fraction"].mean()
    groups = list(records[group].unique())
    assert len(axes.patches) == len(groups) * len(METHODS)
    upright = [
        (round((y0 + y1) / 2), x0)
        for collection in axes.collections
        for (x0, y0), (x1, y1) in collection.get_segments()
        if x0 == x1
    ]
    for place, name in enumerate(groups):
        bars = [b for b in axes.patches if round(b.get_y() + b.get_height() / 2) == place]
        drawn = [bar.get_width() for bar in sorted(bars, key=lambda bar: bar.get_y())]
        assert drawn == pytest.approx([means[name, method] for method in METHODS])
        best = max(means[name, control] for control in CONTROL_LABELS)
        lines = sorted(x for row, x in upright if row == place)
        assert lines == pytest.approx(sorted([chance[name], best]))


def test_untrained_nets_are_said_to_be():
    for chart in ("concentration_by_net", "lift"):
        [axes] = draw(chart).axes
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert labels == [*NETS[:2], "untrained\n(untrained)".replace("\\\n", "\n")]


def points(axes):
    """(x, y, colour) of every marker that stands alone."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], to_hex(line.get_color()))
        for line in axes.lines
        if line.get_marker() not in ("None", "", None) and len(line.get_xdata()) == 1
    ]


def test_lift_is_a_point_a_net_and_method():
    [axes] = draw("lift").axes
    lifts = summaries.summarise(RECORDS, ["net", "method"])
    drawn = {(round(y), color): x for x, y, color in points(axes)}
    assert len(drawn) == len(lifts) == len(NETS) * len(ALL_LABELS)
    for row in lifts.itertuples():
        place = NETS.index(row.net), to_hex(PALETTE[row.method])
        assert drawn[place] == pytest.approx(row.lift)


def test_sizes_are_compared_pair_by_pair():
    means, paired = draw("concentration_by_size").axes
    trained = of_trained(RECORDS, UNTRAINED)
    trained = trained[trained["method"].isin(METHODS)]
    expected = trained.groupby(["method", "size"])["concentration"].mean()
    for line, method in zip(means.lines, METHODS, strict=True):
        shares = [expected[method, size] for size in ("original", "224")]
        assert line.get_ydata().tolist() == pytest.approx(shares)
    table = differences.between_sizes(trained)
    assert [x for x, _, _ in points(paired)] == pytest.approx(table["difference"].tolist())


def test_sweep_is_a_line_a_method_over_the_chance_of_each_dilation():
    [axes] = draw("dilation_sweep").axes
    sweep = of_trained(sweep_of(RECORDS), UNTRAINED)
    expected = sweep.groupby(["method", "dilation"])["concentration"].mean()
    lines = {to_hex(line.get_color()): line for line in axes.lines if line.get_marker() != "None"}
    for method in ALL_LABELS:
        line = lines[to_hex(PALETTE[method])]
        assert line.get_xdata().tolist() == pytest.approx([0, 20, 60, 100])
        assert line.get_ydata().tolist() == pytest.approx(expected[method].tolist())
    [chance] = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert (np.diff(chance.get_ydata()) > 0).all()


def test_ranks_are_binned_and_counted():
    [axes] = draw("target_rank").axes
    trained = of_trained(RECORDS, UNTRAINED)
    ranks = trained.drop_duplicates(["sample", "net", "size"])["target_rank"]
    counts = [(ranks == 1).sum(), (ranks == 2).sum(), ranks.between(3, 5).sum(), (ranks > 5).sum()]
    shown = [label.get_text() for label in axes.get_xticklabels()]
    bins = ["1", "2", "3 to 5", "6 to 10"]
    assert shown == [f"{name}\n({n})" for name, n in zip(bins, counts, strict=True)]
    [line] = [li for li in axes.lines if to_hex(li.get_color()) == to_hex(PALETTE["grad_cam"])]
    of_method = trained[trained["method"] == "grad_cam"]
    first = of_method.loc[of_method["target_rank"] == 1, "concentration"].mean()
    assert line.get_ydata()[0] == pytest.approx(first)


def test_differences_are_those_of_the_table():
    table = differences.differences(RECORDS, [], UNTRAINED)
    [axes] = draw("differences").axes
    between = table[table["other"].isin(LABELS)]
    assert [x for x, _, _ in points(axes)] == pytest.approx(between["difference"].tolist())
    [axes] = draw("controls").axes
    against = table[~table["other"].isin(LABELS)]
    drawn = sorted(x for x, _, _ in points(axes))
    assert drawn == pytest.approx(sorted(against["difference"]))


def test_measures_are_those_of_the_table():
    table = summaries.summarise_measures(of_trained(RECORDS, UNTRAINED))
    [axes] = draw("measures").axes
    assert [x for x, _, _ in points(axes)] == pytest.approx(table["mean"].tolist())


def test_comparison_tells_the_concentration_of_every_map():
    rng = np.random.default_rng(0)
    mask = np.zeros((6, 8), dtype=bool)
    mask[2:4, 3:6] = True
    row = comparison.Row(
        label="vgg19\nclock",
        image=rng.integers(0, 256, (6, 8, 3), dtype=np.uint8),
        mask=mask,
        maps={"backpropagation": rng.normal(size=(3, 6, 8)), "grad_cam": np.zeros((1, 6, 8))},
        concentration={"backpropagation": 0.256, "grad_cam": float("nan")},
    )
    figure = comparison.comparison([row, row])
    captions = [axes.get_xlabel() for axes in figure.axes]
    assert captions == ["", "P = 0.26", "P undefined"] * 2
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Input", "Backpropagation", "Grad-CAM", "", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["vgg19\nclock"] * 2


def sample_of(number, width=320, height=240):
    return Sample(f"{number}", number, "dog", f"{number}.jpg", width, height, "CC0", ())


@pytest.mark.parametrize("size", ["original", "224"])
@pytest.mark.parametrize("nets", [1, 4, 20])
def test_comparison_holds_as_many_samples_as_fit_on_a_page(size, nets):
    samples = [sample_of(n, height=240 + 40 * n) for n in range(30)]
    names = [f"net{n}" for n in range(nets)]
    shown = comparison.fitting(samples, names, size)
    assert shown == samples[: len(shown)]

    def height(count):
        rows = []
        for sample in samples[:count]:
            shape = (224, 224) if size == "224" else (sample.height, sample.width)
            picture, mask = np.zeros((*shape, 3), dtype=np.uint8), np.zeros(shape, dtype=bool)
            rows += nets * [comparison.Row("", picture, mask, {}, {})]
        return comparison.comparison(rows).get_figheight()

    assert len(shown) == 1 or height(len(shown)) <= 9.2
    assert height(len(shown) + 1) > 9.2
