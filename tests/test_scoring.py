"""All scores of a map: each is that of its module, and null without a value."""

import numpy as np
import pytest

import lookwhere
from lookwhere.datasets import regions
from lookwhere.datasets.regions import Region
from lookwhere.metrics import columns, concentration, scoring
from lookwhere.metrics.registry import METRICS, measure
from lookwhere.metrics.saliency import Saliency

from .studies import OF_MAPS, union

DILATIONS = [0, 0.5, 2]
A = [[5, 5, 15, 5, 15, 12, 5, 12]]
B = [[20, 10, 38, 10, 20, 28]]


@pytest.fixture(params=["original", "64", "crop-20", "pad-50"])
def region(request):
    instances = [union([A], 30, 40), union([B], 30, 40)]
    return regions.prepare(instances, 0.2, DILATIONS).at(request.param)


def noise(region):
    rng = np.random.default_rng(0)
    return Saliency(rng.normal(size=(3, *region.mask.shape)).astype(np.float32))


def test_score_is_that_of_energy_and_metrics(region):
    saliency = noise(region)
    scored = scoring.score(saliency, region, OF_MAPS)
    expected = vars(concentration.score(saliency, region))
    expected = expected | {m: measure(METRICS[m], saliency, region) for m in OF_MAPS}
    assert scored == {**expected, "box_fraction": region.boxes.mean()}
    of_a_part = {*columns.of_scores(OF_MAPS)}
    assert set(scored) == of_a_part - {*columns.RECORD, *columns.PREDICTION}


def test_the_metrics_are_those_of_the_study_and_concentration(region):
    scored = scoring.score(noise(region), region, ["pointing_game"])
    assert set(scored) & set(METRICS) == {"concentration", "pointing_game"}


@pytest.mark.parametrize(
    ("value", "status"), [(0, "zero_energy"), (np.nan, "not_finite")], ids=["zero", "nan"]
)
def test_metrics_are_missing_where_concentration_is(region, value, status):
    saliency = Saliency(np.full((1, *region.mask.shape), value, dtype=np.float32))
    scored = scoring.score(saliency, region, OF_MAPS)
    assert scored["status"] == status
    assert {scored[name] for name in OF_MAPS} == {None}
    missing = {name for name, number in scored.items() if number is None}
    assert missing <= {"energy_inside", "energy_total", *OF_MAPS}


def test_without_a_map_the_mask_is_scored_alone(region):
    scored = scoring.score("no_map", region, OF_MAPS)
    present = {key: value for key, value in scored.items() if value is not None}
    assert present == {
        "status": "no_map",
        "mask_fraction": region.mask.mean(),
        "box_fraction": region.boxes.mean(),
    }
    flat = Saliency(np.ones((1, *region.mask.shape), dtype=np.float32))
    expected = [step | {"concentration": None} for step in scoring.sweep(flat, region)]
    assert list(scoring.sweep("no_map", region)) == expected


def counted(region, void):
    """The region of the pixels off the ``void`` alone, in a row of pixels."""
    parts = {name: part[~void][None] for name, part in region.pictures().items()}
    return Region(**parts | {"ignored": None}, dilations=region.dilations)


@pytest.mark.parametrize("value", [1e6, np.nan], ids=["strongest", "nan"])
def test_ignored_pixels_count_on_neither_side(value):
    """All scores are those of the other pixels, as if the image had no others."""
    rng = np.random.default_rng(0)
    void = rng.random((30, 40)) > 0.6
    instances = [union([A], 30, 40) & ~void, union([B], 30, 40) & ~void]
    region = regions.prepare(instances, 0.2, DILATIONS, void)
    values = rng.normal(size=(3, 30, 40)).astype(np.float32) * (rng.random((30, 40)) > 0.8)
    others = Saliency(values[:, ~void][:, None])  # mostly ties of zero energy
    values[:, void] = value
    scored = scoring.score(Saliency(values), region, OF_MAPS)
    expected = scoring.score(others, counted(region, void), OF_MAPS)
    assert scored.pop("status") == expected.pop("status") == "ok"
    assert scored == pytest.approx(expected, rel=1e-12)
    steps = scoring.sweep(Saliency(values), region)
    for step, other in zip(steps, scoring.sweep(others, counted(region, void)), strict=True):
        assert step == pytest.approx(other, rel=1e-12)
    assert scoring.score("no_map", region, [])["mask_fraction"] == expected["mask_fraction"]


def test_an_ignored_pixel_by_hand():
    """Energies 9 and 1 on the object, 4 off it, and 16 where nothing counts."""
    scores = lookwhere.score(
        np.array([[[3.0, 1.0, 2.0, 4.0]]]),
        np.array([[True, True, False, True]]),
        ignored=np.array([[False, False, False, True]]),
    )
    assert scores == {
        "concentration": 10 / 14,
        "relevance_mass_accuracy": 4 / 6,
        "relevance_rank_accuracy": 1 / 2,
        "pointing_game": 1,
        "energy_pointing_game": 1,  # the box of the object holds all
        "mask_fraction": 2 / 3,
        "box_fraction": 1,
        "status": "ok",
    }


def test_where_all_pixels_are_ignored_the_mask_is_empty(region):
    everything = np.ones(region.mask.shape, dtype=bool)
    region = regions.prepare([region.mask], 0.2, DILATIONS, everything)
    scored = scoring.score(noise(region), region, OF_MAPS)
    assert (scored["status"], scored["mask_fraction"]) == ("empty_mask", 0)
    assert {step["mask_fraction"] for step in scoring.sweep("no_map", region)} == {0}


def test_sweep_names_every_dilation(region):
    saliency = Saliency(np.ones((1, *region.mask.shape), dtype=np.float32))
    steps = list(scoring.sweep(saliency, region))
    assert [step["dilation"] for step in steps] == DILATIONS
    for step in steps:  # a flat map gets the share that the mask covers
        assert step["concentration"] == pytest.approx(step["mask_fraction"])
