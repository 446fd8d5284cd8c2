"""The share of a map's energy in a mask, against the relevance mass and against arithmetic."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookwhere.datasets import masks, regions
from lookwhere.datasets.regions import Region
from lookwhere.metrics import concentration
from lookwhere.metrics.concentration import STATUSES
from lookwhere.metrics.saliency import Saliency

SHAPE = (2, 5, 7)
MAPS = arrays(np.float32, SHAPE, elements=st.floats(-1e3, 1e3, width=32))
MASKS = arrays(bool, SHAPE[1:])


def score(values, mask):
    return concentration.score(Saliency(values), region_of(mask))


def sweep(values, index):
    region = Region(index == 0, index == 0, index, np.array(DILATIONS))
    return concentration.sweep(Saliency(values), region)


def region_of(mask):
    return Region(mask, mask, (~mask).astype(np.uint8), np.zeros(1))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def mask_of(*pixels, shape=(2, 3)):
    mask = np.zeros(shape, dtype=bool)
    for pixel in pixels:
        mask[pixel] = True
    return mask


def test_by_hand():
    saliency = np.array([[[1, -2, 0], [3, 0, 0]], [[0, 2, 0], [0, 0, -1]]], dtype=np.float32)
    scored = score(saliency, mask_of((0, 1), (1, 2)))
    assert scored.energy_total == 1 + 4 + 9 + 4 + 1
    assert scored.energy_inside == 4 + 4 + 1
    assert scored.concentration == 9 / 19
    assert scored.mask_fraction == 2 / 6
    assert scored.status == "ok"


@pytest.mark.parametrize("channels", [1, 3])
def test_is_the_relevance_mass_of_the_squared_map(channels):
    saliency = noise(channels, 33, 47)
    mask = noise(33, 47, seed=1) > 0.8
    relevance = (saliency.astype(np.float64) ** 2).sum(axis=0)
    mass = (relevance * mask).sum() / relevance.sum()  # Kohlbrenner et al. 2020; Quantus
    assert score(saliency, mask).concentration == pytest.approx(mass, rel=1e-12)


def test_is_scale_invariant():
    saliency, mask = noise(3, 33, 47), noise(33, 47, seed=1) > 0.8
    expected = score(saliency, mask)
    for factor in (-1, 2.0**-60, 2.0**60):  # powers of two round nothing
        scaled = score(saliency * np.float32(factor), mask)
        assert scaled.concentration == expected.concentration
        assert scaled.energy_total == expected.energy_total * factor**2


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("seed", range(20))
def test_mask_of_everything_holds_exactly_all(order, seed):
    saliency = np.asarray(noise(3, 33, 47, seed=seed), order=order)
    assert score(saliency, np.ones((33, 47), dtype=bool)).concentration == 1


def test_uniform_map_gives_the_mask_fraction():
    mask = noise(33, 47, seed=1) > 0.8
    scored = score(np.ones((1, 33, 47), dtype=np.float32), mask)
    assert scored.concentration == scored.mask_fraction


@given(MAPS, MASKS, MASKS)
def test_larger_mask_holds_no_less(saliency, one, other):
    smaller, larger = score(saliency, one & other), score(saliency, one)
    if smaller.status == larger.status == "ok":
        assert 0 <= smaller.concentration <= larger.concentration <= 1


FINITE = arrays(
    np.float32, SHAPE, elements=st.floats(allow_nan=False, allow_infinity=False, width=32)
)
FACTORS = st.floats(2**-20, 2**20, width=32) | st.floats(-(2**20), -(2**-20), width=32)


@given(FINITE, MASKS)
def test_any_finite_map_has_a_share_between_0_and_1_or_a_reason(saliency, mask):
    scored = score(saliency, mask)
    if not mask.any():
        assert (scored.status, scored.concentration) == ("empty_mask", None)
    elif not saliency.any():
        assert (scored.status, scored.concentration) == ("zero_energy", None)
    else:
        assert scored.status == "ok"
        assert 0 <= scored.concentration <= 1
        assert 0 <= scored.energy_inside <= scored.energy_total < np.inf


@given(FINITE)
def test_mask_of_everything_holds_all_of_any_map(saliency):
    scored = score(saliency, np.ones(SHAPE[1:], dtype=bool))
    assert scored.energy_inside == scored.energy_total
    assert scored.concentration == (1 if saliency.any() else None)


@given(arrays(np.float32, SHAPE, elements=st.floats(-1e3, 1e3, width=32)), MASKS, FACTORS)
def test_scaling_a_map_does_not_change_its_share(saliency, mask, factor):
    saliency = np.where(np.abs(saliency) < 1e-3, np.float32(0), saliency)  # no squares of nothing
    plain, scaled = score(saliency, mask), score(saliency * np.float32(factor), mask)
    assert scaled.status == plain.status
    if plain.status == "ok":  # equal up to the float32 products
        assert scaled.concentration == pytest.approx(plain.concentration, rel=1e-5)


@given(MAPS, MASKS)
def test_mask_and_rest_share_the_energy(saliency, mask):
    inside, outside = score(saliency, mask), score(saliency, ~mask)
    if inside.status == outside.status == "ok":
        assert inside.concentration + outside.concentration == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_pixels_without_energy_change_nothing(seed):
    saliency = np.exp(4 * noise(1, 37, 43, seed=seed))
    saliency[..., 10:] = 0
    mask = noise(37, 43, seed=seed + 100) > 0
    larger = mask | (saliency[0] == 0)
    assert score(saliency, larger).concentration == score(saliency, mask).concentration


def test_is_summed_in_float64():
    saliency = np.full((1, 1, 3), 1e-3, dtype=np.float32)
    saliency[0, 0, 0] = 1e4  # float32 would lose 1e-6 beside 1e8
    small = np.float64(np.float32(1e-3)) ** 2
    scored = score(saliency, mask_of((0, 1), (0, 2), shape=(1, 3)))
    assert scored.energy_total == pytest.approx(1e8 + 2 * small, rel=1e-15)
    assert scored.energy_total > 1e8
    assert scored.concentration == pytest.approx(2 * small / 1e8, rel=1e-12)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_squares_neither_vanish_nor_overflow(size):
    scored = score(np.full((1, 2, 3), size, dtype=np.float32), mask_of((0, 0)))
    assert scored.status == "ok"
    assert scored.concentration == pytest.approx(1 / 6)


UNDEFINED = {
    "zero_energy": (np.zeros((1, 2, 3)), mask_of((0, 0)), "zero_energy"),
    "nan": (np.full((1, 2, 3), np.nan), mask_of((0, 0)), "not_finite"),
    "inf": (np.full((1, 2, 3), np.inf), mask_of((0, 0)), "not_finite"),
    "one nan, outside": (np.array([[[0, 1, 1], [1, 1, np.nan]]]), mask_of((0, 0)), "not_finite"),
    "one -inf": (np.array([[[-np.inf, 1, 1], [1, 1, 1]]]), mask_of((0, 1)), "not_finite"),
    "empty_mask": (np.ones((1, 2, 3)), mask_of(), "empty_mask"),
    "empty mask, no energy": (np.zeros((1, 2, 3)), mask_of(), "empty_mask"),
    "empty mask, nan": (np.full((1, 2, 3), np.nan), mask_of(), "not_finite"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("saliency", "mask", "status"), UNDEFINED.values(), ids=UNDEFINED.keys())
def test_undefined_has_a_reason_and_no_value(saliency, mask, status):
    scored = score(saliency.astype(np.float32), mask)
    assert scored.concentration is None
    assert scored.status == status
    assert status in STATUSES
    assert scored.mask_fraction == mask.mean()


@pytest.mark.parametrize("shape", [(1, 3, 2), (3, 2), (2, 3), (1, 1, 2, 3), (1, 2, 4)])
def test_map_that_does_not_fit_the_mask_is_refused(shape):
    with pytest.raises(ValueError, match="does not fit a mask"):
        score(np.ones(shape), mask_of((0, 0)))


def test_the_metric_is_that_of_the_score():
    saliency, mask = Saliency(noise(3, 33, 47)), noise(33, 47, seed=1) > 0.8
    region = regions.prepare([mask], 0, [0])
    expected = concentration.score(saliency, region).concentration
    assert concentration.concentration(saliency, region) == expected


def test_energy_and_strength_are_computed_once_and_read_only():
    values = noise(3, 5, 7)
    saliency = Saliency(values)
    assert saliency.energy is saliency.energy
    assert saliency.energy == pytest.approx((values.astype(np.float64) ** 2).sum(axis=0))
    assert saliency.strength == pytest.approx(np.abs(values).astype(np.float64).sum(axis=0))
    for pixels in (saliency.energy, saliency.strength):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0] = 0


DILATIONS = [0, 0.1, 0.5, 1, 3]


@pytest.mark.parametrize("channels", [1, 3])
def test_sweep_is_the_score_on_every_dilated_mask(channels):
    saliency, mask = noise(channels, 40, 50), np.zeros((40, 50), dtype=bool)
    mask[10:20, 12:30] = True
    swept = list(sweep(saliency, masks.dilation_index(mask, DILATIONS)))
    assert len(swept) == len(DILATIONS)
    for dilation, (share, fraction) in zip(DILATIONS, swept, strict=True):
        scored = score(saliency, masks.dilate(mask, dilation))
        assert share == pytest.approx(scored.concentration, rel=1e-12)
        assert fraction == scored.mask_fraction


@given(MAPS, MASKS)
def test_sweep_never_falls_and_is_undefined_where_the_score_is(saliency, mask):
    swept = list(sweep(saliency, masks.dilation_index(mask, DILATIONS)))
    shares = [share for share, _ in swept if share is not None]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    for dilation, (share, _) in zip(DILATIONS, swept, strict=True):
        scored = score(saliency, masks.dilate(mask, dilation))
        assert (share is None) == (scored.concentration is None)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0])
def test_sweep_of_a_map_without_finite_energy_is_undefined(value):
    saliency = np.full((1, 4, 5), value, dtype=np.float32)
    index = masks.dilation_index(mask_of((1, 2), shape=(4, 5)), DILATIONS)
    assert [share for share, _ in sweep(saliency, index)] == [None] * len(DILATIONS)


def test_energy_is_negligible_beside_that_of_backpropagation():
    rows = [
        ("1", "a", "backpropagation", 2.0, False),
        ("1", "a", "grad_cam", 2.1e-6, False),
        ("1", "a", "deconvolution", 1.9e-6, True),
        ("1", "a", "guided_grad_cam", 0.0, True),
        ("1", None, "sobel", 0.0, None),
        ("1", "b", "backpropagation", 0.0, None),
        ("1", "b", "grad_cam", 5.0, None),
        ("2", "a", "grad_cam", 5.0, None),  # no backpropagation
        ("2", "b", "backpropagation", 1.0, False),
        ("2", "b", "grad_cam", None, None),  # not finite
    ]
    table = pd.DataFrame(rows, columns=["sample", "net", "method", "energy_total", "expected"])
    flags = concentration.negligible(table.assign(size="224"))
    assert flags.astype(object).where(flags.notna(), None).tolist() == table["expected"].tolist()
