"""Metrics are declared once, and errors in a user's metric are reported."""

import numpy as np
import pytest

from lookwhere import declarations
from lookwhere.datasets import regions
from lookwhere.declarations import USER_FILES
from lookwhere.errors import StudyError
from lookwhere.metrics import columns, registry
from lookwhere.metrics.registry import FIRST_METRIC, METRICS, measure
from lookwhere.metrics.saliency import Saliency

MINE = """
@metric("mine", "Mine", needs=("map", "region"), bounds=(0, 1), better="lower")
def mine(saliency, region):
    return saliency.values.mean() * region.mask.mean()
"""
MASK = np.eye(2, 4, dtype=bool)  # a quarter


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The entries of the library, and of a user's file with this text."""

    def entries(text: str):
        file = tmp_path / "own.py"
        file.write_text("from lookwhere.metrics.registry import metric\n" + text)
        monkeypatch.setenv(USER_FILES, str(file))
        declarations.declarations.cache_clear()
        return registry.entries()

    return entries


def value_of(metric, number=0.5):
    saliency = Saliency(np.full((1, 2, 4), number, dtype=np.float32))
    return measure(metric, saliency, regions.prepare([MASK], 0, [0]))


def test_concentration_is_the_first_metric_and_all_are_described():
    assert next(iter(METRICS)) == FIRST_METRIC == "concentration"
    for name, metric in METRICS.items():
        assert metric.name == name
    for name in registry.of_maps(METRICS):
        metric = METRICS[name]
        assert metric.bounds == (0, 1)
        assert metric.better == "higher"
        assert metric.chance == ("box_fraction" if name.startswith("energy") else "mask_fraction")
    assert METRICS["pointing_game"].label == "Pointing game"


def test_a_metric_of_a_file_is_one_more(own):
    entries = own(MINE)
    assert list(entries) == [*METRICS, "mine"]
    mine = entries["mine"]
    assert (mine.label, mine.bounds, mine.better, mine.chance) == ("Mine", (0, 1), "lower", None)
    assert value_of(mine) == 0.125
    assert type(value_of(mine)) is float


def test_a_metric_of_the_map_alone_takes_no_region(own):
    text = MINE.replace('("map", "region")', '["map"]').replace("(saliency, region)", "(saliency)")
    assert value_of(own(text.replace(" * region.mask.mean()", ""))["mine"]) == 0.5


@pytest.mark.parametrize("bounds", ["(None, 3)", "(0, None)", "(None, None)", "[0, 2.5]"])
def test_a_metric_may_have_no_lowest_or_highest_value(own, bounds):
    mine = own(MINE.replace("(0, 1)", bounds).replace(" * region.mask.mean()", ""))["mine"]
    assert value_of(mine, 2) == 2
    for number in (np.inf, np.nan):
        with pytest.raises(StudyError, match=r"'mine' returned .*, no number in "):
            value_of(mine, number)


def test_a_metric_may_have_no_value_for_a_map(own):
    assert value_of(own(MINE.replace("saliency.values.mean() *", "None and"))["mine"]) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0 *", r"metric 'mine' fails \(ZeroDivisionError: division by zero\): fix 'mine' in"),
        ("9 *", r"metric 'mine' returned np\.float64\(2\.25\), no number in \[0, 1\]: fix 'mine'"),
        ("-1 *", r"returned np\.float64\(-0\.25\), no number in \[0, 1\]"),
        ("float('nan') *", r"returned np\.float64\(nan\), no number in \[0, 1\]"),
        ("'half' or", r"returned 'half', no number in \[0, 1\].* may return None where it has no"),
        ("region.mask *", r"returned array\("),
    ],
)
def test_a_value_outside_the_bounds_is_an_error(own, text, message):
    mine = own(MINE.replace("saliency.values.mean() *", text))["mine"]
    with pytest.raises(StudyError, match=message):
        value_of(mine)


def test_lack_of_memory_is_no_error_of_the_metric(own):
    mine = own(MINE.replace("return ", "raise MemoryError\n    return "))["mine"]
    with pytest.raises(MemoryError):
        value_of(mine)


def test_packages_that_are_missing_are_named_with_the_way_out(own):
    names = '"lower", packages=("numpy", "no_such_a", "no_such_b")'
    mine = own(MINE.replace('"lower"', names).replace("return", "import no_such_a; return"))["mine"]
    with pytest.raises(StudyError, match=r"^metric mine needs no_such_a and no_such_b, which are"):
        value_of(mine)
    assert registry.lacking(own(MINE)["mine"]) is None


@pytest.mark.parametrize("name", ["status", "lift", "mask_fraction", "training", "dilation"])
def test_a_metric_has_no_name_of_a_column(own, name):
    with pytest.raises(StudyError, match=f"metric '{name}' of .*own.py': name is '{name}'; a col"):
        own(MINE.replace('"mine"', f'"{name}"'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bounds=(0, 1)", "bounds=(1, 0)", r"bounds is \(1, 0\); give the lowest and the highest"),
        ("bounds=(0, 1)", "bounds=(0, ONE)", r"bounds is None; give .* as literals"),
        ("bounds=(0, 1)", "bounds=('0', 1)", r"bounds is \('0', 1\)"),
        ("bounds=(0, 1), ", "", "bounds is None"),
        ('"lower"', '"less"', "better is 'less'; 'higher' or 'lower' is allowed"),
        ('"lower"', '"lower", packages=("a.b",)', r"packages is \('a.b',\)"),
        ('"lower"', '"lower", packages="a"', r"packages is 'a'; give a tuple of names, such as"),
        ('"lower"', '"lower", chance="box"', "chance is 'box'; 'mask_fraction' or 'box_fraction'"),
        ('("map", "region")', '("map", "net")', r"needs is \('map', 'net'\); \('map', 'region'\)"),
        (
            '("map", "region")',
            '("map", "region", "passes")',
            r"needs is .*; .*\('map',\) or \('map', 'passes'\) is allowed",
        ),
        ('("map", "region")', '"map"', r"needs is 'map'"),
    ],
)
def test_a_declaration_that_can_not_be_used_is_an_error(own, old, new, message):
    with pytest.raises(StudyError, match=f"metric 'mine' of .*own.py': {message}"):
        own(MINE.replace(old, new))


def test_every_column_of_the_tables_is_reserved_or_a_metric():
    names = {*columns.ENERGY, *columns.SWEEP, *columns.of_measures(list(METRICS))}
    assert names | {*columns.of_scores(list(METRICS))} <= columns.RESERVED | set(METRICS)
    assert not columns.RESERVED & set(METRICS)
