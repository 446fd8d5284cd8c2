"""The region of a sample, resized, and as a file."""

import numpy as np
import pytest

from lookwhere.datasets import masks, regions
from lookwhere.errors import StudyError
from lookwhere.io.results import checked_folder

from .studies import sample_of, union

DILATIONS = [0, 0.5, 2]
A = [[5, 5, 15, 5, 15, 12, 5, 12]]
B = [[20, 10, 38, 10, 20, 28]]


VOID = union([[[12, 0, 22, 0, 22, 30, 12, 30]]], 30, 40)  # on both, and around them


@pytest.fixture(params=[None, VOID], ids=["all", "void"])
def region(request):
    instances = [union([A], 30, 40), union([B], 30, 40)]
    return regions.prepare(instances, 0.2, DILATIONS, request.param)


@pytest.mark.parametrize(
    ("size", "shape"), [("original", (30, 40)), ("64", (64, 64)), ("short-15", (15, 20))]
)
def test_all_parts_are_resized_like_the_mask(region, size, shape):
    both = union([A, B], 30, 40)
    resized = region.at(size)
    void = np.zeros((30, 40), dtype=bool) if region.ignored is None else VOID
    assert np.array_equal(resized.mask, masks.resize(masks.dilate(both, 0.2) & ~void, *shape))
    for place, dilation in enumerate(DILATIONS):
        expected = masks.resize(masks.dilate(both, dilation) & ~void, *shape)
        assert np.array_equal(resized.dilation_index <= place, expected)
    boxes = np.zeros((30, 40), dtype=bool)
    for instance in (A, B):
        rows, columns = np.nonzero(union([instance], 30, 40))
        boxes[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert np.array_equal(resized.boxes, masks.resize(boxes & ~void, *shape))
    if region.ignored is not None:
        assert np.array_equal(resized.ignored, masks.resize(VOID, *shape))


def test_padding_counts_and_void_in_it_does_not_grow(region):
    padded = region.at("pad-40")  # 5 rows above and below the image
    if region.ignored is None:
        assert padded.ignored is None
        assert padded.fraction(padded.mask) == region.mask.sum() / 40**2
    else:
        assert not padded.ignored[[*range(5), *range(35, 40)]].any()
        assert np.array_equal(padded.ignored[5:35], VOID)
        assert padded.fraction(padded.mask) == region.mask.sum() / (40**2 - VOID.sum())


def test_fractions_are_shares_of_the_pixels_that_count(region):
    counted = [pixel for pixel in np.ndindex(30, 40) if region.ignored is None or not VOID[pixel]]
    of_mask = sum(bool(region.mask[pixel]) for pixel in counted) / len(counted)
    assert region.fraction(region.mask) == of_mask


def test_where_all_is_ignored_nothing_is_covered():
    everything = np.ones((30, 40), dtype=bool)
    region = regions.prepare([union([A], 30, 40)], 0.2, DILATIONS, everything)
    assert region.fraction(region.mask) == 0
    assert not region.mask.any()


def test_pixels_of_another_size_are_refused():
    with pytest.raises(ValueError, match="do not fit a mask"):
        regions.prepare([union([A], 30, 40)], 0, [0], np.ones((1, 40), dtype=bool))


def test_a_file_holds_the_whole_region(region, tmp_path):
    with checked_folder(tmp_path / "regions") as folder:
        regions.write(region, folder / "a.npz")
    read = regions.read(tmp_path / "regions/a.npz")
    for name, values in vars(region).items():
        assert np.array_equal(getattr(read, name), values)
        assert getattr(getattr(read, name), "dtype", None) == getattr(values, "dtype", None)


def test_the_region_of_a_sample_is_read_at_a_size_from_the_folder_of_its_selection(tmp_path):
    selections = {"1": [sample_of(1), sample_of(2)], "2": [sample_of(1, "cat")]}
    for name, selection in selections.items():
        with checked_folder(tmp_path / name) as draft:
            for place, sample in enumerate(selection):
                instance = union([[A, B][place]], 30, 40)
                regions.write(regions.prepare([instance], 0, [0]), draft / f"{sample.id}.npz")
    folders = regions.folders_by_sample(selections.values(), [str(tmp_path / n) for n in "12"])
    assert [folders[sample_of(*key).id][-1] for key in [(1,), (2,), (1, "cat")]] == ["1", "1", "2"]
    second = sample_of(2).id
    region = regions.read_at(folders[second], second, "15")
    assert np.array_equal(region.mask, masks.resize(union([B], 30, 40), 15, 15))


def test_a_damaged_file_is_refused_with_the_way_out(region, tmp_path):
    with checked_folder(tmp_path / "regions") as folder:
        regions.write(region, folder / "a.npz")
        (folder / "b.npz").write_bytes(b"nothing")
    (tmp_path / "regions/a.npz").write_bytes(b"PK")
    with pytest.raises(StudyError, match=r"a.npz' was damaged .*: delete the folder .* and rerun"):
        regions.read(tmp_path / "regions/a.npz")
    with pytest.raises(StudyError, match=r"b.npz' can't be read"):
        regions.read(tmp_path / "regions/b.npz")
