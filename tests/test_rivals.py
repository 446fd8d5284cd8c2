"""Rivals of a map: the four energies of two classes, and the mean map of the other images."""

import numpy as np
import pandas as pd
import pytest
import torch

from lookwhere.datasets.regions import Region
from lookwhere.metrics import mean_map, rivals
from lookwhere.metrics.saliency import Saliency
from lookwhere.nets import predictions


def region_of(rows: slice, columns: slice, ignored=None, shape=(4, 10)) -> Region:
    """The region of a rectangle."""
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return Region(mask, mask, np.where(mask, 0, 1).astype(np.uint8), np.array([0.0]), ignored)


# Two rectangles of 2 x 3 and 2 x 4 pixels that share a column of 2.
LEFT, RIGHT = region_of(slice(0, 2), slice(0, 3)), region_of(slice(0, 2), slice(2, 6))


def test_the_four_energies_of_two_rectangles_are_those_of_the_pixels():
    own, other = np.zeros((1, 4, 10)), np.zeros((2, 4, 10))
    own[0, 0] = [1, 2, 9, 3, 0, 0, 0, 0, 0, 4]  # 9 lies on both
    other[:, 1, :6] = [[0, 1, 9, 0, 0, 2], [1, 0, 9, 0, 1, 0]]
    pair = rivals.pair(Saliency(own), Saliency(other), LEFT, RIGHT)
    assert pair == {
        "own_on_own": 1 + 4,
        "own_on_other": 9,
        "other_on_own": 1 + 1,
        "other_on_other": 4 + 1,
        "own_total": 1 + 4 + 81 + 9 + 16,
        "other_total": 2 + 162 + 5,
        "own_fraction": 4 / 40,
        "other_fraction": 6 / 40,
        "pair_status": "ok",
    }


def test_pixels_on_both_masks_count_on_neither_side():
    values = np.zeros((1, 4, 10))
    values[0, 0, 2] = 1.0  # the shared column alone
    pair = rivals.pair(Saliency(values), Saliency(values), LEFT, RIGHT)
    assert [pair[name] for name in rivals.ENERGIES] == [0, 0, 0, 0]
    assert pair["own_total"] == 1


def test_pixels_that_either_object_ignores_leave_maps_and_shares():
    ignored = np.zeros((4, 10), bool)
    ignored[:, 5:] = True
    values = np.ones((1, 4, 10))
    pair = rivals.pair(
        Saliency(values), Saliency(values), LEFT, region_of(slice(0, 2), slice(2, 6), ignored)
    )
    assert (pair["own_total"], pair["own_fraction"], pair["other_fraction"]) == (20, 0.2, 0.2)
    assert pair["other_on_other"] == 4


NONE, ONE = np.zeros((1, 4, 10)), np.ones((1, 4, 10))


@pytest.mark.parametrize(
    ("own", "other", "other_region", "status"),
    [
        (Saliency(NONE), Saliency(ONE), RIGHT, "zero_energy"),
        (Saliency(ONE), Saliency(NONE), RIGHT, "zero_energy"),
        (Saliency(ONE), Saliency(np.full((1, 4, 10), np.nan)), RIGHT, "not_finite"),
        (Saliency(ONE), "not_defined", RIGHT, "not_defined"),
        ("no_map", Saliency(ONE), RIGHT, "no_map"),
        (Saliency(ONE), Saliency(ONE), LEFT, "empty_mask"),
    ],
)
def test_a_pair_without_a_value_has_the_reason(own, other, other_region, status):
    assert rivals.pair(own, other, LEFT, other_region)["pair_status"] == status


def test_the_least_likely_output_has_the_lowest_logit_of_all():
    logits = torch.tensor([[3.0, -2.0, 0.0], [1.0, 5.0, 0.5]])
    assert predictions.least_likely(logits, [[0], [1]]).tolist() == [1, 2]


def grid_of(cell: tuple[int, int]) -> np.ndarray:
    """All energy in one cell."""
    grid = np.zeros((mean_map.CELLS, mean_map.CELLS))
    grid[cell] = 1
    return grid.ravel()


def score(grids, images, region):
    covered, counted = mean_map.coverage(region)
    several = [np.tile(part.ravel(), (len(grids), 1)) for part in (covered, counted)]
    fractions = [region.fraction(region.mask)] * len(grids)
    return mean_map.score(np.array(grids), images, *several, fractions)


def test_the_mean_map_leaves_the_own_image_out():
    """Three maps, two of one image: on the object lie the second and half of the third."""
    side = 2 * mean_map.CELLS
    region = region_of(slice(0, 2), slice(0, 4), shape=(side, side))  # the first two cells
    third = (grid_of((0, 1)) + grid_of((9, 9))) / 2
    scores = score([grid_of((5, 5)), grid_of((0, 0)), third], [1, 1, 2], region)
    assert [each.concentration for each in scores] == [0.5, 0.5, 0.5]
    scores = score([grid_of((5, 5)), grid_of((0, 0)), third], [1, 2, 3], region)
    assert [each.concentration for each in scores] == [0.75, 0.25, 0.5]
    assert {each.status for each in scores} == {"ok"}
    assert scores[0].mask_fraction == region.mask.mean()


def test_maps_without_energy_and_single_images_are_no_mean():
    region = region_of(slice(0, 2), slice(0, 4), shape=(64, 64))
    missing = np.full(mean_map.CELLS**2, np.nan)
    first, second = score([missing, grid_of((0, 0))], [1, 2], region)
    assert (first.concentration, first.status) == (1, "ok")
    assert (second.concentration, second.status) == (None, "no_other_image")
    [alone] = score([grid_of((0, 0))], [1], region)
    assert alone.status == "no_other_image"


@pytest.mark.parametrize("shape", [(64, 96), (33, 70), (20, 31)])
def test_the_grid_keeps_all_energy_where_it_is(shape):
    """Also of sides that the cells do not divide: the centre of mass stays."""
    values = np.random.default_rng(0).uniform(size=(3, *shape))
    region = region_of(slice(3, 9), slice(2, 17), shape=shape)
    grid = mean_map.on_grid(Saliency(values), region)
    assert grid.sum() == pytest.approx(1)
    energy = (values**2).sum(0)
    for axis in (0, 1):
        places = (np.arange(shape[axis]) + 0.5) / shape[axis]
        cells = (np.arange(mean_map.CELLS) + 0.5) / mean_map.CELLS
        expected = (energy.sum(1 - axis) * places).sum() / energy.sum()
        assert (grid.sum(1 - axis) * cells).sum() == pytest.approx(expected, abs=0.5 / 20)
    covered, counted = mean_map.coverage(region)
    assert covered.mean() == pytest.approx(region.mask.mean())
    np.testing.assert_allclose(counted, 1)


def test_a_map_without_energy_has_no_grid():
    assert mean_map.on_grid(Saliency(NONE), LEFT) == "zero_energy"
    assert mean_map.on_grid(Saliency(np.full((1, 4, 10), np.inf)), LEFT) == "not_finite"


def test_rows_are_gathered_in_the_order_of_the_study():
    rows = [
        {"sample": f"{image}-b", "image_id": str(image), "class": "b", "net": net, "method": "m"}
        | {"size": "64", "rival": rival, "status": "ok", "concentration": 0.5}
        for image, net, rival in [(12, "two", "mean_map"), (3, "one", "other_class")]
    ]
    names = {"net": ["one", "two"], "size": ["64"], "method": ["m"], "class": ["a", "b"]}
    names |= {"rival": ["mean_map", "other_class"]}
    gathered = rivals.gather([rivals.table([row]) for row in rows], names)
    assert list(gathered.columns) == rivals.COLUMNS
    assert gathered["net"].tolist() == ["one", "two"]
    assert gathered["image_id"].tolist() == [3, 12]
    assert gathered["target"].isna().all()
    assert isinstance(gathered["rival"].dtype, pd.CategoricalDtype)


def test_a_study_without_rows_has_an_empty_table():
    """Of nets that explain their highest output a study may have no job of rivals."""
    names = {"net": ["one"], "size": ["64"], "method": ["m"], "class": ["a"]}
    gathered = rivals.gather([], names | {"rival": ["least_likely"]})
    assert gathered.empty
    assert list(gathered.columns) == rivals.COLUMNS
    assert list(gathered["net"].cat.categories) == ["one"]
