"""The chart of the dilation sweep."""

import pytest
from matplotlib.colors import to_hex

from lookwhere.charts import dilation_sweep
from lookwhere.charts.style import PALETTE
from lookwhere.statistics import summary
from lookwhere.statistics.strata import once, trained_only

from ..studies import sweep_of
from .figures import RECORDS, SHOWN, chart_of

pytestmark = pytest.mark.usefixtures("few_draws")


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
