"""Masks of Open Images: lists of masks, descriptions of classes, and masks of another size."""

import logging

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import base
from lookwhere.errors import StudyError

from .formats import HEIGHT, WIDTH, rectangle, regions_of, reports, save, save_image, select

HEADER = "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n"
CAT = "/m/01yrx"
FIRST, SECOND = rectangle(2, 3, 10, 12), rectangle(12, 14, 20, 28)


def line(image, number, label=CAT):
    name = f"{image}_{label.replace('/', '')}_{number}.png"
    clicks = '"0.5 0.5 1;0.1 0.2 0"'
    return name, f"{name},{image},{label},{number},0.1,0.5,0.1,0.5,0.8,{clicks}\n"


@pytest.fixture
def root(tmp_path):
    """An image of cats with two masks, of its size and of half of it; another is missing."""
    save_image(tmp_path / "images/000060e3121c7305.jpg")
    rows = [HEADER]
    for image, number, mask in (
        ("000060e3121c7305", "5b8a", FIRST),
        ("000060e3121c7305", "c0de", SECOND[::2, ::2]),
        ("ffff", "0000", FIRST),
    ):
        name, row = line(image, number)
        save(mask, tmp_path / f"masks/train-masks-0/{name}")
        rows.append(row)
    (tmp_path / "masks/train-annotations-object-segmentation.csv").write_text("".join(rows))
    (tmp_path / "masks/class-descriptions-boxable.csv").write_text(
        f'{CAT},Cat\n/m/02wvth,"Fiat 500 ""topolino"""\n'
    )
    return tmp_path


def find(root, classes):
    return select("openimages", root / "masks", root / "images", classes)


def test_masks_are_resized_to_the_image(root):
    [(key, sample)] = find(root, {"Cat": 1}).items()
    assert key == ("000060e3121c7305", "Cat")
    small = Image.fromarray(SECOND[::2, ::2]).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)
    assert np.array_equal(sample.masks(), [FIRST, small])
    assert (sample.width, sample.height, sample.is_sized) == (WIDTH, HEIGHT, False)


def test_images_may_be_in_folders(root):
    (root / "images/a/b").mkdir(parents=True)
    (root / "images/000060e3121c7305.jpg").rename(root / "images/a/b/000060e3121c7305.jpg")
    assert list(find(root, {"Cat": 1})) == [("a/b/000060e3121c7305", "Cat")]


def test_the_region_is_the_union(root, tmp_path):
    [region] = regions_of(
        "openimages", root / "masks", root / "images", {"Cat": 1}, tmp_path
    ).values()
    assert np.array_equal(region.mask, FIRST | SECOND)


def test_without_descriptions_classes_are_ids(root):
    (root / "masks/class-descriptions-boxable.csv").unlink()
    assert list(find(root, {CAT: 1})) == [("000060e3121c7305", CAT)]


def test_what_is_left_out_is_counted(root, caplog):
    caplog.set_level(logging.INFO)
    save_image(root / "images/black.jpg")
    save_image(root / "images/lost.jpg")
    (name, black), (_, lost) = line("black", "1"), line("lost", "1")
    save(np.zeros((HEIGHT, WIDTH), dtype=bool), root / f"masks/{name}")
    (root / "masks/validation-annotations-object-segmentation.csv").write_text(
        HEADER + black + lost
    )
    find(root, {"Cat": 1})
    for reason in ("masks without an image", "masks without a pixel", "masks without a file"):
        assert reports(caplog, "Cat", reason)


def test_a_folder_without_a_list_is_an_error(root):
    with pytest.raises(StudyError, match=r"no CSV file below .*object-segmentation\.csv"):
        base.load("openimages", root / "images", root / "images")


def test_a_list_of_boxes_is_named(root):
    (root / "masks/train-annotations-object-segmentation.csv").write_text("ImageID,XMin\n")
    with pytest.raises(StudyError, match="has no column 'MaskPath', 'LabelName'"):
        base.load("openimages", root / "masks", root / "images")
