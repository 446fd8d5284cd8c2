"""Masks as pictures: in a folder per class, or listed by a CSV file."""

import logging

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import base, image_list
from lookwhere.errors import StudyError
from lookwhere.io.receipts import Digests

from .formats import HEIGHT, WIDTH, rectangle, regions_of, reports, save, save_image, select

FIRST, SECOND = rectangle(2, 3, 10, 12), rectangle(12, 14, 20, 28)


@pytest.fixture
def root(tmp_path):
    """Images 36.jpg and street/7.PNG with masks of dogs, one of two instances, and of a cat."""
    save_image(tmp_path / "images/36.jpg")
    save_image(tmp_path / "images/street/7.PNG")
    save_image(tmp_path / "images/empty.jpg")
    save(np.uint8(255) * FIRST, tmp_path / "masks/dog/36.png")
    save(np.uint8(1) * FIRST + np.uint8(2) * SECOND, tmp_path / "masks/dog/street/7.png")
    save(SECOND, tmp_path / "masks/cat/36.bmp")
    return tmp_path


def masks_of(root, classes, annotations="masks"):
    samples = select("masks", root / annotations, root / "images", classes)
    return {key: sample.masks() for key, sample in samples.items()}


def test_each_mask_is_that_of_the_image_with_its_path(root):
    found = masks_of(root, {"dog": 2, "cat": 1})
    assert list(found) == [(36, "dog"), ("street/7", "dog"), (36, "cat")]
    assert np.array_equal(found[36, "dog"], [FIRST])
    assert np.array_equal(found["street/7", "dog"], [FIRST, SECOND])
    assert np.array_equal(found[36, "cat"], [SECOND])


def test_samples_have_the_file_and_the_size_of_the_image(root):
    samples = select("masks", root / "masks", root / "images", {"dog": 2})
    assert [sample.file for sample in samples.values()] == ["36.jpg", "street/7.PNG"]
    assert {(sample.width, sample.height) for sample in samples.values()} == {(WIDTH, HEIGHT)}


def test_regions_are_the_unions(root, tmp_path):
    regions = regions_of("masks", root / "masks", root / "images", {"dog": 2}, tmp_path)
    masks = {name: region.mask for name, region in regions.items()}
    assert np.array_equal(masks["000000000036-dog"], FIRST)
    [other] = [mask for name, mask in masks.items() if name.startswith("street_7")]
    assert np.array_equal(other, FIRST | SECOND)


@pytest.mark.parametrize("names", [("36_0", "36_1"), ("36-1", "36-02"), ("36/a", "36/b")])
def test_several_files_of_an_image_are_several_instances(root, names):
    (root / "masks/dog/36.png").unlink()
    for name, mask in zip(names, (FIRST, SECOND), strict=True):
        save(mask, root / f"masks/dog/{name}.png")
    first, second = masks_of(root, {"dog": 2})[36, "dog"]
    assert {first.tobytes(), second.tobytes()} == {FIRST.tobytes(), SECOND.tobytes()}


def test_a_mask_may_have_the_suffix_of_its_image_in_its_name(root):
    (root / "masks/dog/36.png").rename(root / "masks/dog/36.jpg.png")
    (root / "masks/dog/street/7.png").rename(root / "masks/dog/street/7.PNG.png")
    found = masks_of(root, {"dog": 2})
    assert np.array_equal(found[36, "dog"], [FIRST])
    assert np.array_equal(found["street/7", "dog"], [FIRST, SECOND])


def test_a_number_belongs_to_the_name_of_an_image_that_has_it(root):
    save_image(root / "images/36_1.jpg")
    save(SECOND, root / "masks/dog/36_1.png")
    save(SECOND, root / "masks/dog/36_2.png")  # of an image that is missing: 36 has its own mask
    found = masks_of(root, {"dog": 3})
    assert np.array_equal(found[36, "dog"], [FIRST])
    assert np.array_equal(found["36_1", "dog"], [SECOND])


def test_what_is_left_out_is_counted(root, caplog):
    caplog.set_level(logging.DEBUG)
    save_image(root / "images/black.jpg")
    save(np.zeros((HEIGHT, WIDTH), dtype=np.uint8), root / "masks/dog/black.png")
    save(FIRST, root / "masks/dog/lost.png")
    masks_of(root, {"dog": 2})
    assert reports(caplog, "dog", "masks without an image")
    assert reports(caplog, "dog", "masks without a pixel")
    assert "1 of 4 images have no mask of 'dog'" in caplog.messages
    with pytest.raises(StudyError, match=r"'dog' has 2 images .*masks without a pixel"):
        masks_of(root, {"dog": 3})


def test_an_instance_without_a_pixel_is_none(root):
    save(np.zeros((HEIGHT, WIDTH), dtype=np.uint8), root / "masks/dog/empty_0.png")
    save(SECOND, root / "masks/dog/empty_1.png")
    assert np.array_equal(masks_of(root, {"dog": 3})["empty", "dog"], [SECOND])


def test_a_mask_without_a_pixel_beside_others_is_counted(root, caplog):
    save(np.zeros_like(FIRST), root / "masks/cat/36_1.png")
    (root / "masks/cat/36.bmp").rename(root / "masks/cat/36_0.bmp")
    assert np.array_equal(masks_of(root, {"cat": 1})[36, "cat"], [SECOND])
    assert "1 masks of 'cat' have no pixel, beside others of their images" in caplog.text


def test_files_that_are_no_pictures_are_counted(root, caplog):
    caplog.set_level(logging.INFO)
    np.save(root / "masks/cat/empty.npy", SECOND)
    (root / "masks/cat/.hidden").touch()
    assert list(masks_of(root, {"cat": 1})) == [(36, "cat")]
    assert "1 files in" in caplog.text
    assert "'empty.npy', are no masks" in caplog.text
    (root / "masks/cat/36.bmp").unlink()
    with pytest.raises(
        StudyError, match=r"all 1 files in .*/cat'.* are no masks .* save masks as P"
    ):
        masks_of(root, {"cat": 1})


def test_grey_masks_are_warned_of(root, caplog):
    save(np.uint8(255) * FIRST, root / "masks/dog/36.jpg", quality=50)
    (root / "masks/dog/36.png").unlink()
    masks_of(root, {"dog": 2})
    assert "1 of 2 masks of 'dog' have grey values between black and white" in caplog.text


def rename(root, names):
    """Rename the masks of dogs in 36 and street/7, which are saved once for each of ``names``."""
    masks = [root / "masks/dog/36.png", root / "masks/dog/street/7.png"]
    for mask, of_mask in zip(masks, names, strict=True):
        picture = mask.read_bytes()
        mask.unlink()
        for new in of_mask:
            mask.with_name(f"{new}.png").write_bytes(picture)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ([["36_mask"], ["7_mask"]], "IMAGE_mask"),
        ([["36-seg"], ["7-seg"]], "IMAGE-seg"),
        ([["mask_36"], ["mask_7"]], "mask_IMAGE"),
        ([["gt_36.jpg_dog.v2"], ["gt_7.PNG_dog.v2"]], "gt_IMAGE_dog.v2"),
        ([["36_mask_0", "36_mask_1"], ["7_mask_0"]], "IMAGE_mask"),
        ([["36_0_mask", "36_1_mask"], ["7_0_mask"]], "IMAGE_mask"),
    ],
)
def test_all_masks_may_have_a_word_before_or_after_the_name(root, caplog, names, pattern):
    caplog.set_level(logging.INFO)
    save_image(root / "images/6.jpg")  # whose name ends that of 36
    rename(root, names)
    found = masks_of(root, {"dog": 2})
    count = len(names[0])
    assert np.array_equal(found[36, "dog"], [FIRST] * count)
    assert np.array_equal(found["street/7", "dog"], [FIRST, SECOND])
    report = f"masks of 'dog' ({count + 1}) are named {pattern}, after their images"
    assert caplog.messages.count(report) == 1


def test_a_mask_of_no_image_is_counted_beside_others_of_its_pattern(root, caplog):
    caplog.set_level(logging.INFO)
    rename(root, [["36_mask"], ["8_mask"]])
    assert list(masks_of(root, {"dog": 1})) == [(36, "dog")]
    assert reports(caplog, "dog", "masks without an image")


def test_one_mask_of_another_name_is_no_pattern(root):
    """Its word may be another object: nothing is guessed while names fit as they are."""
    rename(root, [["36"], ["7_shadow"]])
    assert list(masks_of(root, {"dog": 1})) == [(36, "dog")]


@pytest.mark.parametrize("names", [["36_mask", "seg_7"], ["36mask", "7mask"], ["a_x", "b_x"]])
def test_names_of_no_image_have_a_way_out(root, names):
    rename(root, [[name] for name in names])
    with pytest.raises(
        StudyError, match=rf"none of the 2 masks of 'dog' \('{names[0]}', .*CSV file"
    ):
        masks_of(root, {"dog": 1})


def test_masks_without_a_folder_of_the_class_have_a_way_out(root):
    with pytest.raises(StudyError, match="has no folder of a class: put the masks of a class in"):
        base.load("masks", root / "masks/cat", root / "images").classes()


def test_two_images_of_one_name_are_an_error(root):
    save_image(root / "images/36.png")
    with pytest.raises(StudyError, match=r"36\.jpg' and '.*36\.png' have the same name"):
        masks_of(root, {"dog": 2})


def test_photographs_that_are_not_read_are_images_unless_there_is_another(root):
    (root / "images/36.heic").write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("36.jpg", "36.heic"):
        [sample] = select("masks", root / "masks", root / "images", {"cat": 1}).values()
        assert sample.file == name
        (root / "images/36.jpg").unlink(missing_ok=True)
    with pytest.raises(StudyError, match=r"36\.heic' is a HEIC image: convert it to JPEG"):
        image_list.rows([sample], root / "images")


def test_a_mask_of_another_size_than_its_image_is_an_error_with_both(root):
    save(FIRST[1:], root / "masks/dog/36.png")
    samples = select("masks", root / "masks", root / "images", {"dog": 2})
    with pytest.raises(StudyError, match=r"1 of 2 images .*\n.*30 x 24 pixels, but .* has 30 x 23"):
        image_list.rows(list(samples.values()), root / "images")


def test_a_mask_of_the_upright_view_fits(root):
    turned = Image.new("RGB", (WIDTH, HEIGHT))
    exif = turned.getexif()
    exif[0x0112] = 6  # turn by 90 degrees
    turned.save(root / "images/36.jpg", exif=exif)
    save(FIRST.T, root / "masks/dog/36.png")
    [sample, _] = select("masks", root / "masks", root / "images", {"dog": 2}).values()
    [row] = image_list.rows([sample], root / "images")
    assert row["orientation"] == "turned 90"
    assert (sample.width, sample.height) == (HEIGHT, WIDTH)


def test_masks_of_one_image_have_one_size(root):
    save(FIRST[1:], root / "masks/dog/empty_0.png")
    save(FIRST, root / "masks/dog/empty_1.png")
    with pytest.raises(StudyError, match="have 30 x 23 and 30 x 24 pixels"):
        masks_of(root, {"dog": 1})


@pytest.fixture
def table(root):
    """The masks of ``root``, and two instances of a cat in street/7, in a CSV file."""
    save(FIRST, root / "masks/more/a.png")
    save(SECOND, root / "masks/more/b.png")
    path = root / "masks/list.csv"
    path.write_text(
        "class,image,mask,by\n"
        "dog,36.jpg,dog/36.png,me\n"
        "dog, street/7 ,dog/street/7.png,me\n"
        "cat,street/7.PNG,more/a.png,me\n"
        "cat,street/7,more/b.png,me\n",
        encoding="utf-8-sig",
    )
    return path


def test_a_table_lists_masks(root, table):
    found = masks_of(root, {"dog": 2, "cat": 1}, "masks/list.csv")
    assert np.array_equal(found[36, "dog"], [FIRST])
    assert np.array_equal(found["street/7", "dog"], [FIRST, SECOND])
    assert np.array_equal(found["street/7", "cat"], [FIRST, SECOND])


def test_names_in_a_table_may_have_dots_and_backslashes(root, table):
    save_image(root / "images/v1.5.jpg")
    table.write_text("image,class,mask\nv1.5,dog,dog\\36.png\nstreet\\7.PNG,dog,cat/36.bmp\n")
    found = masks_of(root, {"dog": 2}, "masks/list.csv")
    assert list(found) == [("street/7", "dog"), ("v1.5", "dog")]
    assert np.array_equal(found["v1.5", "dog"], [FIRST])


@pytest.mark.parametrize("name", [".", "/", "..", "a/../36"])
def test_odd_names_in_a_table_are_no_crash(root, table, name):
    table.write_text(f"image,class,mask\n{name},dog,dog/36.png\n")
    if name == "a/../36":
        assert list(masks_of(root, {"dog": 1}, "masks/list.csv")) == [(36, "dog")]
    else:
        with pytest.raises(StudyError, match="none of the 1 masks of 'dog'"):
            masks_of(root, {"dog": 1}, "masks/list.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image;class;mask\n36;dog;a.png\n", "has no column 'image', 'class', 'mask'.*by commas"),
        ("image,label,mask\n", "has no column 'class': its first line is 'image,label,mask'"),
        ("image,class,mask\n", "has no row: check dataset.annotations"),
        (
            "image,class,mask\nzz,dog,dog/36.png\n",
            "none of the 1 masks .* correct the column image",
        ),
        ("image,class,mask\n36,dog\n", "line 2 of .* has no mask"),
        ("image,class,mask\n36,dog,none.png\n", r"mask '.*none\.png' does not exist"),
        ("image,class,mask\n36,d\xf6g,none.png\n", "not in UTF-8"),
    ],
)
def test_faults_of_a_table_are_named(root, table, text, message):
    table.write_bytes(text.encode("latin-1"))
    with pytest.raises(StudyError, match=message):
        masks_of(root, {"dog": 1}, "masks/list.csv")


def test_the_digest_of_a_table_covers_its_masks(root, table):
    before = Digests(root / "memory").of_path(table)
    assert Digests(root / "memory").of_path(table) == before
    save(SECOND, root / "masks/more/a.png")
    assert Digests(root / "memory").of_path(table) != before
