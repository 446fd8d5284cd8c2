"""Colours and markers of methods: similar within a family, and never the same."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_hex, to_rgb

from lookwhere.charts import looks, style
from lookwhere.methods.names import CONTROL_LABELS, LABELS
from lookwhere.methods.registry import FAMILIES

from .studies import declare_further

OF_THESIS = list(looks.OF_THESIS)
FURTHER = {f"{family}_{n}": (f"{family} {n}", family) for n in range(5) for family in FAMILIES}


@pytest.fixture
def names(monkeypatch):
    declare_further(monkeypatch, FURTHER)
    return [*OF_THESIS, *FURTHER]


def test_the_methods_of_the_thesis_look_as_published(names):
    published = {
        "backpropagation": ("#0173b2", "o"),
        "deconvolution": ("#56b4e9", "s"),
        "guided_backpropagation": ("#029e73", "D"),
        "grad_cam": ("#d55e00", "^"),
        "guided_grad_cam": ("#cc78bc", "v"),
    }
    styles = looks.of_methods(reversed(names))
    assert {name: styles[name] for name in published} == published


def test_no_two_methods_look_the_same(names):
    styles = looks.of_methods(names) | looks.of_controls(map(str, range(9)))
    assert len({to_hex(colour) for colour, _ in styles.values()}) == len(styles)
    assert len({marker for _, marker in styles.values()}) == len(styles)


def test_markers_never_end(monkeypatch):
    many = {f"m{n}": (f"M {n}", "cam") for n in range(150)}
    declare_further(monkeypatch, many)
    assert len(set(looks.of_methods(many).values())) == 150


def luminance(colour):
    """Of WCAG 2: from 0 (black) to 1 (white)."""
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in to_rgb(colour)]
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


def test_shades_of_a_family_are_distinct_and_visible_on_white(names):
    styles = {name: colour for name, (colour, _) in looks.of_methods(names).items()}
    for family in FAMILIES:
        shades = [styles[name] for name in FURTHER if FURTHER[name][1] == family]
        assert len(shades) == 5
        for one, other in combinations(shades, 2):
            assert np.abs(np.subtract(to_rgb(one), to_rgb(other))).max() > 0.1
        for shade in shades:
            assert 1.05 / (luminance(shade) + 0.05) > 1.8


def test_colours_of_a_family_are_similar(names):
    styles = looks.of_methods(names)
    for name, (_, family) in FURTHER.items():
        low, high = looks.HUES[family]
        hue = 360 * rgb_to_hsv(to_rgb(styles[name][0]))[0]
        assert any(low - 2 <= hue + turn <= high + 2 for turn in (-360, 0)), name


def test_families_of_the_user_have_colours_too(monkeypatch):
    declare_further(monkeypatch, {"mine": ("Mine", "of_my_own"), "yours": ("Yours", "of_my_own")})
    styles = looks.of_methods([*OF_THESIS, "mine", "yours"])
    assert len({colour for colour, _ in styles.values()}) == 7


def test_a_method_that_a_study_appends_changes_no_other(names):
    few = looks.of_methods(names[:12])
    assert {name: style for name, style in looks.of_methods(names).items() if name in few} == few


def test_controls_are_grey():
    for colour, _ in looks.of_controls(CONTROL_LABELS).values():
        assert len(set(to_rgb(colour))) == 1


def test_a_study_spaces_the_colours_by_its_methods(monkeypatch):
    further = {f"m{n}": (f"M {n}", "cam") for n in range(30)}
    declare_further(monkeypatch, further)
    style.space(["grad_cam", "m29"])
    assert set(style.PALETTE) == {"grad_cam", "m29", *CONTROL_LABELS}
    assert style.PALETTE["m29"] == looks.of_methods(["m0"])["m0"][0]
    monkeypatch.undo()
    style.space(LABELS)
    assert list(style.PALETTE) == list(style.MARKERS) == [*LABELS, *CONTROL_LABELS]
