"""ImageNet-S: the class code of a pixel is R + 256 G, and 1000 is left out of both sides."""

import logging

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import base, masks
from lookwhere.errors import StudyError

from .formats import HEIGHT, WIDTH, rectangle, regions_of, reports, save, save_image, select

CLASSES = [f"n{number:08d}" for number in range(1, 51)]
LAST = CLASSES[-1]
OBJECT, VOID, OTHER = rectangle(2, 3, 10, 12), rectangle(10, 3, 12, 12), rectangle(12, 14, 20, 28)


def write_mask(path, codes):
    """A mask as ImageNet-S stores it: code % 256 in red, code // 256 in green."""
    return save(np.dstack([codes % 256, codes // 256, 0 * codes]).astype(np.uint8), path)


@pytest.fixture
def root(tmp_path):
    """Two images of the last of 50 classes, one mask of which has no pixel of it."""
    for name in CLASSES:
        (tmp_path / "validation-segmentation" / name).mkdir(parents=True)
    codes = 50 * OBJECT + 1000 * VOID + 3 * OTHER
    for number, pixels in ((293, codes), (1079, 3 * OTHER)):
        name = f"{LAST}/ILSVRC2012_val_{number:08d}"
        write_mask(tmp_path / f"validation-segmentation/{name}.png", pixels)
        save_image(tmp_path / f"validation/{name}.JPEG")
    return tmp_path


def find(root, classes):
    return select("imagenet_s", root / "validation-segmentation", root / "validation", classes)


def test_a_class_has_its_place_in_the_sorted_list(root, caplog):
    caplog.set_level(logging.INFO)
    [(key, sample)] = find(root, {LAST: 1}).items()
    assert key == (f"{LAST}/ILSVRC2012_val_00000293", LAST)
    assert np.array_equal(sample.masks(), [OBJECT])
    assert np.array_equal(masks.decode(sample.ignored, HEIGHT, WIDTH), VOID)
    assert sample.file == f"{LAST}/ILSVRC2012_val_00000293.JPEG"
    assert reports(caplog, LAST, "masks without a pixel")


def test_codes_are_those_of_the_readers_of_the_data_set(root):
    """Red + 256 green, of the data set's page, in PIL's own arithmetic."""
    file = root / f"validation-segmentation/{LAST}/ILSVRC2012_val_00000293.png"
    red, green, _ = Image.open(file).split()
    code = [r + 256 * g for r, g in zip(red.tobytes(), green.tobytes(), strict=True)]
    [sample] = find(root, {LAST: 1}).values()
    assert sample.masks()[0].ravel().tolist() == [c == 50 for c in code]
    ignored = masks.decode(sample.ignored, HEIGHT, WIDTH)
    assert ignored.ravel().tolist() == [c == 1000 for c in code]


def test_the_region_is_the_class(root, tmp_path):
    folders = root / "validation-segmentation", root / "validation"
    [region] = regions_of("imagenet_s", *folders, {LAST: 1}, tmp_path).values()
    assert np.array_equal(region.mask, OBJECT)


def test_a_part_of_the_data_set_needs_the_list_of_classes(root):
    (root / "validation-segmentation" / CLASSES[0]).rmdir()
    with pytest.raises(StudyError, match=r"has 49 folders of classes, not 50 or 300 or 919.*im919"):
        find(root, {LAST: 1})
    (root / "ImageNetS_categories_im50.txt").write_text("\n".join(reversed(CLASSES)))
    [sample] = find(root, {LAST: 1}).values()
    assert np.array_equal(sample.masks(), [OBJECT])


def test_the_codes_of_all_classes_need_two_bytes(tmp_path):
    classes = [f"n{number:08d}" for number in range(1, 920)]
    (tmp_path / "ImageNetS_categories_im919.txt").write_text("\n".join(classes))
    name = f"{classes[-1]}/a"
    write_mask(tmp_path / f"validation-segmentation/{name}.png", 919 * OBJECT + 151 * OTHER)
    save_image(tmp_path / f"validation/{name}.JPEG")
    [sample] = find(tmp_path, {classes[-1]: 1}).values()
    assert 919 % 256 == 151
    assert np.array_equal(sample.masks(), [OBJECT])
    assert sample.ignored is None


def test_another_folder_of_images_has_a_way_out(root):
    with pytest.raises(StudyError, match=r"no image below .*give the folder of the images"):
        select("imagenet_s", root / "validation-segmentation", root, {LAST: 1})


def test_masks_of_another_kind_are_refused(root):
    save(OBJECT, root / f"validation-segmentation/{LAST}/ILSVRC2012_val_00000293.png")
    with pytest.raises(StudyError, match="PIL's mode '1', but the masks of ImageNet-S are RGB"):
        find(root, {LAST: 1})


def test_classes_are_the_folders(root):
    data = base.load("imagenet_s", root / "validation-segmentation", root / "validation")
    assert list(data.classes()) == CLASSES
