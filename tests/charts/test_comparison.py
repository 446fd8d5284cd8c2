"""The comparison of maps on a page."""

import numpy as np
import pytest

from lookwhere.datasets.samples import Sample
from lookwhere.methods.names import LABELS
from lookwhere.report import comparison

from ..studies import FIVE, NETS, assert_fits, declare_further
from .figures import METHODS

pytestmark = pytest.mark.usefixtures("few_draws")

TWENTY = FIVE + [f"further_{number}" for number in range(15)]


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
