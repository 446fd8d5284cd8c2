"""All scores of a map: each is its module's, and those that have no value are null."""

from dataclasses import asdict

import numpy as np
import pytest

from lookwhere.datasets import regions
from lookwhere.datasets.samples import Sample
from lookwhere.metrics import concentration, localisation, scoring

from .studies import union

DILATIONS = [0, 0.5, 2]
A = [[5, 5, 15, 5, 15, 12, 5, 12]]
B = [[20, 10, 38, 10, 20, 28]]
SAMPLE = Sample("000000000001-dog", 1, "dog", "1.jpg", 40, 30, "CC0", None, ())


@pytest.fixture(params=[(30, 40), (64, 64)], ids=["original", "64"])
def region(request):
    instances = [union([A], 30, 40), union([B], 30, 40)]
    return regions.prepare(instances, 0.2, DILATIONS).resized(*request.param)


def test_score_is_that_of_energy_and_measures(region):
    saliency = np.random.default_rng(0).normal(size=(3, *region.mask.shape)).astype(np.float32)
    scored = scoring.score(saliency, region)
    expected = asdict(concentration.score(saliency, region.mask))
    expected |= asdict(localisation.measure(saliency, region.mask, region.boxes))
    assert scored == {**expected, "box_fraction": region.boxes.mean()}


@pytest.mark.parametrize(
    ("value", "status"), [(0, "zero_energy"), (np.nan, "not_finite")], ids=["zero", "nan"]
)
def test_measures_are_missing_where_concentration_is(region, value, status):
    scored = scoring.score(np.full((1, *region.mask.shape), value, dtype=np.float32), region)
    assert scored["status"] == status
    missing = [scored[name] for name in ("concentration", *localisation.NAMES)]
    assert set(missing) == {None}


def test_sweep_names_every_dilation(region):
    saliency = np.ones((1, *region.mask.shape), dtype=np.float32)
    steps = list(scoring.sweep(saliency, region))
    assert [step["dilation"] for step in steps] == DILATIONS
    for step in steps:  # a flat map gets the share that the mask covers
        assert step["concentration"] == pytest.approx(step["mask_fraction"])


def test_controls_are_maps_of_the_images_size():
    image = np.random.default_rng(0).integers(0, 256, (12, 17, 3), dtype=np.uint8)
    maps = scoring.controls(SAMPLE, image)
    assert list(maps) == ["centre", "sobel", "noise"]
    assert {saliency.shape for saliency in maps.values()} == {(1, 12, 17)}
