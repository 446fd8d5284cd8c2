"""What holds for every chart: its words, type, colours, and what it leaves out."""

import re
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lookwhere import charts
from lookwhere.charts import panels, registry, style
from lookwhere.charts.style import PALETTE
from lookwhere.methods.names import ALL_LABELS
from lookwhere.statistics.strata import extent, trained_only

from ..studies import OF_MAPS, assert_fits, fabricate, ticks
from .figures import METHODS, RECORDS, chart_of, draw, fabricated_ranks, note_of

pytestmark = pytest.mark.usefixtures("few_draws")

SCRIPTS = Path(charts.__file__).parents[2]

CHARTS = list(registry.entries())


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


def test_where_nothing_can_be_compared_a_remark_states_it():
    records = fabricate()
    ranks = (records["image_id"] == 3).map({True: 7, False: 1})
    [axes] = draw("certainty", records.assign(target_rank=ranks)).axes
    assert {text.get_text() for text in axes.texts} == {"fewer than 10 images to compare"}


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
