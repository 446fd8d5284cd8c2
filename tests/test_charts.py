"""The figures, read back from what matplotlib was told to draw."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from concentration import charts, comparison
from concentration.style import PALETTE

METHODS = ["grad_cam", "backpropagation", "deconvolution"]


@pytest.fixture
def energy():
    """Two nets, three methods, four images; half of the deconvolutions are undefined."""
    rng = np.random.default_rng(0)
    rows = [
        {"image_id": image, "net": net, "method": method, "concentration": rng.random()}
        for net in ("vgg19", "alexnet")
        for method in METHODS
        for image in range(4)
    ]
    frame = pd.DataFrame(rows).assign(mask_fraction=lambda f: 0.1 * (1 + f["image_id"]))
    undefined = (frame["method"] == "deconvolution") & (frame["image_id"] < 2)
    return frame.assign(concentration=frame["concentration"].mask(undefined))


def chance(energy):
    """The mean mask fraction, in plain Python: that of an undefined map counts for nothing."""
    fractions = [
        row.mask_fraction for row in energy.itertuples() if row.concentration == row.concentration
    ]
    return sum(fractions) / len(fractions)


def test_bars_by_method_are_the_means_in_the_methods_colours(energy):
    [axes] = charts.by_method(energy).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Grad-CAM", "Backpropagation", "Deconvolution"]
    assert len(axes.patches) == len(METHODS)
    means = energy.groupby("method")["concentration"].mean()
    for place, method in enumerate(METHODS):
        [bar] = [bar for bar in axes.patches if round(bar.get_y() + bar.get_height() / 2) == place]
        assert bar.get_width() == pytest.approx(means[method])
        assert bar.get_facecolor()[:3] == pytest.approx(to_rgb(PALETTE[method]))
        assert bar.get_alpha() in (None, 1)  # eps knows no transparency


def test_bars_by_net_are_the_means(energy):
    [axes] = charts.by_net(energy, "224").axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["vgg19", "alexnet"]
    bars = [bar for bar in axes.patches if bar.get_width() > 0]
    drawn = sorted(bar.get_height() for bar in bars)
    means = energy.groupby(["net", "method"])["concentration"].mean()
    assert drawn == pytest.approx(sorted(means))


@pytest.mark.parametrize(("draw", "axis"), [("by_method", 0), ("by_net", 1)])
def test_level_of_chance_is_that_of_the_defined_records(energy, draw, axis):
    arguments = (energy, "224") if draw == "by_net" else (energy,)
    [axes] = getattr(charts, draw)(*arguments).axes
    [line] = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert line.get_data()[axis] == pytest.approx([chance(energy)] * 2)
    assert chance(energy) != pytest.approx(energy["mask_fraction"].mean())


def test_interval_is_over_images_not_over_records(energy):
    """Twenty copies of every record tell nothing new: the interval must not shrink."""

    def widths(frame):
        [axes] = charts.by_method(frame).axes
        lines = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "-"]
        return [float(np.ptp(line)) for line in lines]

    once, often = widths(energy), widths(pd.concat([energy] * 20, ignore_index=True))
    for narrow, wide in zip(often, once, strict=True):
        assert narrow > wide / 2


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
