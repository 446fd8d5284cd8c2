"""The region of a sample, resized, and as a file."""

import numpy as np
import pytest

from lookwhere.datasets import masks, regions
from lookwhere.errors import StudyError
from lookwhere.io.results import checked_folder

from .studies import union

DILATIONS = [0, 0.5, 2]
A = [[5, 5, 15, 5, 15, 12, 5, 12]]
B = [[20, 10, 38, 10, 20, 28]]


@pytest.fixture
def region():
    return regions.prepare([union([A], 30, 40), union([B], 30, 40)], 0.2, DILATIONS)


@pytest.mark.parametrize(
    ("size", "shape"), [("original", (30, 40)), ("64", (64, 64)), ("short-15", (15, 20))]
)
def test_all_parts_are_resized_like_the_mask(region, size, shape):
    both = union([A, B], 30, 40)
    resized = region.at(size)
    assert np.array_equal(resized.mask, masks.resize(masks.dilate(both, 0.2), *shape))
    for place, dilation in enumerate(DILATIONS):
        expected = masks.resize(masks.dilate(both, dilation), *shape)
        assert np.array_equal(resized.dilation_index <= place, expected)
    boxes = np.zeros((30, 40), dtype=bool)
    for instance in (A, B):
        rows, columns = np.nonzero(union([instance], 30, 40))
        boxes[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert np.array_equal(resized.boxes, masks.resize(boxes, *shape))


def test_a_file_holds_the_whole_region(region, tmp_path):
    with checked_folder(tmp_path / "regions") as folder:
        regions.write(region, folder / "a.npz")
    read = regions.read(tmp_path / "regions/a.npz")
    for name, values in vars(region).items():
        assert np.array_equal(getattr(read, name), values)
        assert getattr(read, name).dtype == values.dtype


def test_a_damaged_file_is_refused_with_the_way_out(region, tmp_path):
    with checked_folder(tmp_path / "regions") as folder:
        regions.write(region, folder / "a.npz")
        (folder / "b.npz").write_bytes(b"nothing")
    (tmp_path / "regions/a.npz").write_bytes(b"PK")
    with pytest.raises(StudyError, match=r"a.npz' was damaged .*: delete the folder .* and rerun"):
        regions.read(tmp_path / "regions/a.npz")
    with pytest.raises(StudyError, match=r"b.npz' can't be read"):
        regions.read(tmp_path / "regions/b.npz")
