"""All scores of a map: the field is that of the sample, and each score is its module's."""

from dataclasses import asdict

import numpy as np
import pytest

from lookwhere.datasets import masks
from lookwhere.datasets.coco import Sample
from lookwhere.metrics import concentration, localisation, scoring

GROWTHS = [0, 0.5, 2]
A = [[5, 5, 15, 5, 15, 12, 5, 12]]
B = [[20, 10, 38, 10, 20, 28]]
SAMPLE = Sample("000000000001-dog", 1, "dog", "1.jpg", 40, 30, "CC0", (A, B))


@pytest.fixture(params=[(30, 40), (64, 64)], ids=["original", "64"])
def field(request):
    dilated = masks.dilate(masks.union([A, B], 30, 40), 0.2)
    return scoring.field(SAMPLE, masks.resize(dilated, *request.param), GROWTHS)


def test_field_is_that_of_the_sample_at_the_size_of_the_maps(field):
    shape = field.mask.shape
    undilated = masks.union([A, B], 30, 40)
    for place, growth in enumerate(GROWTHS):
        expected = masks.resize(masks.dilate(undilated, growth), *shape)
        assert np.array_equal(field.rings <= place, expected)
    assert np.array_equal(field.boxes, masks.resize(masks.boxes([A, B], 30, 40), *shape))
    assert field.boxes.sum() > (field.rings == 0).sum()  # a triangle fills no box


def test_score_is_that_of_energy_and_measures(field):
    saliency = np.random.default_rng(0).normal(size=(3, *field.mask.shape)).astype(np.float32)
    scored = scoring.score(saliency, field)
    expected = asdict(concentration.score(saliency, field.mask))
    expected |= asdict(localisation.measure(saliency, field.mask, field.boxes))
    assert scored == {**expected, "box_fraction": field.boxes.mean()}


@pytest.mark.parametrize(
    ("value", "status"), [(0, "zero_energy"), (np.nan, "not_finite")], ids=["zero", "nan"]
)
def test_measures_are_missing_where_concentration_is(field, value, status):
    scored = scoring.score(np.full((1, *field.mask.shape), value, dtype=np.float32), field)
    assert scored["status"] == status
    assert [scored[name] for name in ("concentration", *localisation.NAMES)] == [None] * 5


def test_sweep_names_every_growth(field):
    saliency = np.ones((1, *field.mask.shape), dtype=np.float32)
    steps = list(scoring.sweep(saliency, field))
    assert [step["dilation"] for step in steps] == GROWTHS
    for step in steps:  # a flat map gets the share that the mask covers
        assert step["concentration"] == pytest.approx(step["mask_fraction"])


def test_controls_are_maps_of_the_images_size():
    image = np.random.default_rng(0).integers(0, 256, (12, 17, 3), dtype=np.uint8)
    made = scoring.controls(SAMPLE, image)
    assert list(made) == ["centre", "sobel", "noise"]
    assert {saliency.shape for saliency in made.values()} == {(1, 12, 17)}
