"""The charts, read back from what matplotlib was told to draw."""

import subprocess
import sys
from importlib import import_module
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from concentration import charts, comparison, differences, style, summaries
from concentration.charts import marks
from concentration.coco import Sample
from concentration.groups import of_trained
from concentration.methods import ALL_LABELS, CONTROL_LABELS, LABELS
from concentration.style import PALETTE

from .studies import NETS, UNTRAINED, fabricate

SCRIPTS = Path(charts.__file__).parents[2]
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
    "four sizes": (fabricate(images=6, sizes=["original", "224", "112", "64"]), UNTRAINED),
    "twelve classes": (fabricate(images=24, classes=[f"class {n}" for n in range(12)]), UNTRAINED),
    "names of dollars": (fabricate(nets=["a$\\frac$", "b"], classes=["$x_$", "c"]), []),
    "nothing defined": (RECORDS.assign(concentration=np.nan, status="zero_energy"), UNTRAINED),
    "no ranks": (RECORDS.assign(target_rank=np.nan), UNTRAINED),
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
    for axes in figure.axes:  # nor does any label lie on another
        for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
            boxes = [label.get_window_extent() for label in labels if label.get_text()]
            assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
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
        colors = [to_hex(bar.get_facecolor()) for bar in sorted(bars, key=lambda bar: bar.get_y())]
        assert colors == [to_hex(PALETTE[method]) for method in METHODS]
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
        assert ends[round(y, 6)] == (pytest.approx(row[low]), pytest.approx(row[high]), color)


def test_lift_is_a_point_a_net_and_method():
    [axes] = draw("lift").axes
    lifts = summaries.summarise(RECORDS, ["net", "method"])
    assert_points_are(axes, lifts, "lift", "lift_low", "lift_high")
    rows = [round(y) for _, y, _ in points(axes)]
    assert rows == [NETS.index(net) for net in lifts["net"]]


def test_sizes_are_compared_pair_by_pair():
    means, paired = draw("concentration_by_size").axes
    trained = of_trained(RECORDS, UNTRAINED)
    trained = trained[trained["method"].isin(METHODS)]
    expected = summaries.summarise(trained, ["method", "size"]).set_index(["method", "size"])
    for line, band, method in zip(means.lines, means.collections, METHODS, strict=True):
        assert line.get_ydata().tolist() == pytest.approx(expected.loc[method, "mean"].tolist())
        ends = [[y0, y1] for (_, y0), (_, y1) in band.get_segments()]
        assert np.ravel(ends).tolist() == pytest.approx(
            np.ravel(expected.loc[method, ["low", "high"]].to_numpy()).tolist()
        )
    assert "224 \N{MINUS SIGN} original" in paired.get_xlabel()
    table = differences.between_sizes(trained)
    assert_points_are(paired, table, "difference", "low", "high")


def test_of_many_sizes_each_is_compared_with_the_first():
    records = fabricate(images=8, sizes=["original", "224", "64"])
    _, paired = draw("concentration_by_size", records).axes
    assert [text.get_text() for text in paired.texts] == 5 * ["224"] + 5 * ["64"]
    trained = of_trained(records, UNTRAINED)
    table = differences.between_sizes(trained[trained["method"].isin(METHODS)])
    to_first = table[table["other"] == "original"].sort_values("size", kind="stable")
    assert_points_are(paired, to_first, "difference", "low", "high")


def test_sweep_is_a_line_a_method_over_the_chance_of_each_dilation():
    [axes] = draw("dilation_sweep").axes
    sweep = of_trained(sweep_of(RECORDS), UNTRAINED).dropna(subset="concentration")
    expected = summaries.summarise(sweep, ["method", "dilation"]).set_index("method")
    lines = {to_hex(line.get_color()): line for line in axes.lines if line.get_marker() != "None"}
    bands = {to_hex(band.get_facecolor()[0]): band for band in axes.collections}
    for method in ALL_LABELS:
        pale = [0.75 + 0.25 * part for part in to_rgb(PALETTE[method])]
        band = bands[to_hex(pale)]
        line = lines[to_hex(PALETTE[method])]
        assert line.get_xdata().tolist() == pytest.approx([0, 20, 60, 100])
        of_method = expected.loc[method]
        assert line.get_ydata().tolist() == pytest.approx(of_method["mean"].tolist())
        border = band.get_paths()[0].vertices[:, 1]
        for end in [*of_method["low"], *of_method["high"]]:
            assert np.abs(border - end).min() < 1e-9
    [chance] = [line for line in axes.lines if line.get_linestyle() == "--"]
    wanted = sweep.groupby("dilation")["mask_fraction"].mean()
    assert chance.get_ydata().tolist() == pytest.approx(wanted.tolist())
    [study] = [line for line in axes.lines if line.get_marker() == "None" and line != chance]
    assert study.get_xdata() == pytest.approx([20, 20])


def test_sweep_is_of_the_same_records_at_every_dilation():
    sweep = sweep_of(RECORDS)
    late = (sweep["sample"] == sweep["sample"].iloc[0]) & (sweep["dilation"] == 0)
    holes = sweep.assign(concentration=sweep["concentration"].mask(late))
    whole = sweep[sweep["sample"] != sweep["sample"].iloc[0]]
    module = import_module("concentration.charts.dilation_sweep")
    one, other = (module.draw(frame, UNTRAINED, dilation=0.2).axes[0] for frame in (holes, whole))
    for line, wanted in zip(one.lines, other.lines, strict=True):
        assert line.get_ydata() == pytest.approx(wanted.get_ydata())


def test_a_study_s_dilation_beyond_the_sweep_is_seen():
    module = import_module("concentration.charts.dilation_sweep")
    [axes] = module.draw(sweep_of(RECORDS), UNTRAINED, dilation=1.5).axes
    assert axes.get_xlim()[1] >= 150


def test_ranks_are_binned_and_counted():
    [axes] = draw("target_rank").axes
    trained = of_trained(RECORDS, UNTRAINED)
    trained = trained[trained["method"].isin(METHODS)]
    ranks = trained["target_rank"]
    of_bins = [ranks == 1, ranks == 2, ranks.between(3, 5), ranks > 5]
    counts = [trained.loc[of_bin, "image_id"].nunique() for of_bin in of_bins]
    shown = [label.get_text() for label in axes.get_xticklabels()]
    bins = ["1", "2", "3-5", "6-10"]
    assert shown == [f"{name}\n({n})" for name, n in zip(bins, counts, strict=True)]
    drawn = [place for place, count in enumerate(counts) if count >= 5]
    assert 0 < len(drawn) < 4  # both kinds are there
    for line, method in zip(axes.lines, METHODS, strict=True):
        assert to_hex(line.get_color()) == to_hex(PALETTE[method])
        expected = [
            trained.loc[of_bins[place] & (trained["method"] == method), "concentration"].mean()
            for place in drawn
        ]
        assert line.get_ydata().tolist() == pytest.approx(expected)
        assert [round(x) for x in line.get_xdata()] == drawn
    levels = sorted(intervals(axes))
    defined = trained.dropna(subset="concentration")
    chance = [defined.loc[of_bins[place], "mask_fraction"].mean() for place in drawn]
    assert levels == pytest.approx(sorted(chance), abs=1e-6)


@pytest.mark.parametrize("ahead", ["later", "earlier"])
def test_differences_are_those_of_the_table_with_the_one_ahead_first(ahead):
    """The table is of later methods less earlier ones, whichever is ahead."""
    turned = RECORDS.assign(concentration=1 - RECORDS["concentration"])
    records = RECORDS if ahead == "later" else turned
    table = differences.differences(records, [], UNTRAINED)
    [axes] = draw("differences", records).axes
    drawn = zip(points(axes), axes.get_yticklabels(), axes.texts, strict=True)
    between = table[table["other"].isin(LABELS)]
    shares = {(r.method, r.other): r for r in between.itertuples()}
    methods = {label: method for method, label in LABELS.items()}
    seen = []
    for (x, y, color), label, text in drawn:
        ahead, behind = (methods[n.strip(" \N{MINUS SIGN}")] for n in label.get_text().split("\n"))
        row, sign = shares.get((ahead, behind)), 1
        if row is None:
            row, sign = shares[behind, ahead], -1
        assert x == pytest.approx(sign * row.difference)
        assert x >= 0
        assert color == to_hex(PALETTE[ahead])
        ends = sorted([sign * row.low, sign * row.high])
        assert intervals(axes)[round(y, 6)][:2] == tuple(map(pytest.approx, ends))
        assert text.get_text() == f"{x:.3f}"
        seen.append(x)
    assert len(seen) == 10
    assert seen == sorted(seen, reverse=True)


def test_controls_are_those_of_the_table_and_the_legend_tells_their_shapes():
    figure = draw("controls")
    [axes] = figure.axes
    table = differences.differences(RECORDS, [], UNTRAINED)
    against = table[~table["other"].isin(LABELS)]
    others = against["other"].unique().tolist()
    in_order = pd.concat(against[against["other"] == other] for other in others)
    assert_points_are(axes, in_order, "difference", "low", "high")
    [legend] = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:4] == [*CONTROL_LABELS.values(), "Untrained: untrained"]
    shapes = [handle.get_marker() for handle in legend.legend_handles[:4]]
    assert len(set(shapes)) == 4
    markers = [line.get_marker() for line in axes.lines if len(line.get_xdata()) == 1]
    assert markers == [shape for shape in shapes for _ in METHODS]


def test_what_is_not_significant_is_hollow():
    [axes] = draw("controls").axes
    table = differences.differences(RECORDS, [], UNTRAINED)
    against = table[~table["other"].isin(LABELS)]
    others = against["other"].unique().tolist()
    in_order = pd.concat(against[against["other"] == other] for other in others)
    drawn = [line for line in axes.lines if len(line.get_xdata()) == 1]
    hollow = [to_hex(line.get_markerfacecolor()) == "#ffffff" for line in drawn]
    assert hollow == (~(in_order["p_holm"] < 0.05)).tolist()
    assert sum(hollow) > 0


def test_measures_are_those_of_the_table():
    table = summaries.summarise_measures(of_trained(RECORDS, UNTRAINED))
    [axes] = draw("measures").axes
    assert_points_are(axes, table, "mean", "low", "high")
    trained = of_trained(RECORDS, UNTRAINED).dropna(subset="concentration")
    upright = [
        x0
        for collection in axes.collections
        for (x0, y0), (x1, y1) in collection.get_segments()
        if x0 == x1
    ]
    boxes = trained["box_fraction"].mean()
    assert upright == pytest.approx([*[trained["mask_fraction"].mean()] * 4, boxes])


@pytest.mark.parametrize("chart", sorted(set(CHARTS) - {"dilation_sweep"}))
def test_undefined_records_are_told(chart):
    figure = draw(chart)
    [legend] = figure.legends
    said = legend.get_title().get_text().replace("\n", " ")
    records = RECORDS[RECORDS["size"] == "224"] if chart == "concentration_by_net" else RECORDS
    if chart not in ("concentration_by_net", "lift"):
        records = of_trained(records, UNTRAINED)
    of_method = records[records["method"] == "grad_cam"]
    missing = of_method["concentration"].isna().sum()
    assert missing
    assert f"Grad-CAM {missing} of {len(of_method)}" in said
    whole = RECORDS.assign(concentration=RECORDS["concentration"].fillna(0.5))
    assert draw(chart, whole).legends[0].get_title().get_text() == ""


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("squeezenet1_1_random", ["squeezenet1_1_random"]),
        ("resnext101_32x8d_imagenet1k_v1", ["resnext101_32x8d_", "imagenet1k_v1"]),
        ("a net\n(untrained)", ["a net", "(untrained)"]),
        (30 * "x", [24 * "x", 6 * "x"]),
    ],
    ids=["short", "joints", "lines", "no joint"],
)
def test_long_names_are_broken_at_their_joints(label, lines):
    assert marks.wrapped(label).split("\n") == lines


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
    figure = comparison.comparison([row, row], "Maps at 64 x 64 pixels")
    assert figure.get_suptitle() == "Maps at 64 x 64 pixels"
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
        return comparison.comparison(rows, "").get_figheight()

    assert len(shown) == 1 or height(len(shown)) <= 9.2
    assert height(len(shown) + 1) > 9.2


DRAW = """
import sys, zlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from concentration.charts import concentration
from concentration.style import styled
figure = concentration.draw(pd.read_parquet(sys.argv[1]), ["untrained"])
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
