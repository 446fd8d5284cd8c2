"""The list of images: what is missing, the nearest files, orientations and their counts."""

import logging
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import image_list, nearest
from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError
from lookwhere.io import receipts
from lookwhere.io.logs import job


def sample(number, file, width=40, height=30, **more):
    return Sample(f"{number}-dog", number, "dog", file, width, height, "CC0", None, (), **more)


def save(path: Path, orientation=1, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, "red").save(path, "jpeg", exif=exif)


NFC, NFD = (unicodedata.normalize(form, "Äpfel.jpg") for form in ("NFC", "NFD"))
NEAR = {
    "other case": ("dog.jpg", "dog.JPG"),
    "upper case": ("IMG_1.JPG", "img_1.jpg"),
    "composed accents": (NFD, NFC),
    "decomposed accents": (NFC, NFD),
    "a subfolder": ("dog.jpg", "train/a/dog.jpg"),
    "another folder": ("train/dog.jpg", "val/dog.jpg"),
    "no subfolder": ("train/dog.jpg", "dog.jpg"),
    "a space": ("a dog.jpg", "a%20dog.jpg"),
    "an escaped space": ("a%20dog.jpg", "a dog.jpg"),
    "backslash": ("train\\dog.jpg", "train/dog.jpg"),
    "another extension": ("dog.jpg", "dog.png"),
    "jpeg": ("dog.jpg", "dog.jpeg"),
    "no extension": ("dog", "dog.jpg"),
    "a file without extension": ("dog.jpg", "dog"),
    "spaces": (" dog.jpg ", "dog.jpg"),
    "2014": ("COCO_train2014_000000000036.jpg", "000000000036.jpg"),
    "2017": ("000000000036.jpg", "COCO_val2014_000000000036.jpg"),
}


@pytest.mark.parametrize(("name", "file"), NEAR.values(), ids=NEAR.keys())
def test_the_nearest_file_is_named(name, file, tmp_path):
    for other in (file, "cat.jpg", "dogs.jpg", "a/dog.json", "000000000037.jpg"):
        save(tmp_path / other)
    assert nearest.nearest([name, "bird.jpg"], tmp_path).files == {name: file}
    with pytest.raises(StudyError) as error:
        image_list.rows([sample(1, name), sample(2, "bird.jpg")], tmp_path)
    assert str(error.value).splitlines()[1:] == [
        f"  - image {str(tmp_path / name)!r} does not exist; did you mean {file!r}?",
        f"  - image {str(tmp_path / 'bird.jpg')!r} does not exist",
    ]


def test_of_several_the_nearest_is_named(tmp_path):
    for file in ("dog.png", "deep/below/dog.jpg", "train/dog.jpg"):
        save(tmp_path / file)
    assert nearest.nearest(["dog.jpg"], tmp_path).files == {"dog.jpg": "train/dog.jpg"}


def test_a_folder_is_listed_once_whatever_is_missing(tmp_path, monkeypatch):
    save(tmp_path / "train/1.jpg")
    walks = []
    walk = nearest.os.walk
    monkeypatch.setattr(nearest.os, "walk", lambda folder: walks.append(folder) or walk(folder))
    nearest.nearest([f"{number}.jpg" for number in range(1000)], tmp_path)
    assert walks == [tmp_path]


def test_a_folder_of_too_many_files_is_searched_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(nearest, "MAX_FILES", 3)
    for number in range(5):
        save(tmp_path / f"{number}.JPG")
    assert len(nearest.nearest([f"{number}.jpg" for number in range(5)], tmp_path).files) == 3


def test_a_loop_of_links_is_not_followed(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    save(tmp_path / "dog.JPG")
    assert nearest.nearest(["dog.jpg"], tmp_path).files == {"dog.jpg": "dog.JPG"}


def test_a_subfolder_that_has_all_is_offered(tmp_path):
    for name in ("a/1.jpg", "b/2.jpg"):
        save(tmp_path / "train2017" / name)
    with pytest.raises(StudyError, match=r"2 of 2 .* in '.*/train2017', so give that as dataset"):
        image_list.rows([sample(1, "a/1.jpg"), sample(2, "b/2.jpg")], tmp_path)


def test_the_folder_above_is_offered_if_it_has_all(tmp_path):
    save(tmp_path / "images/1.jpg")
    with pytest.raises(StudyError, match=f"they are below '{tmp_path}', so give that as dataset"):
        image_list.rows([sample(1, "images/1.jpg")], tmp_path / "images")
    image_list.rows([sample(1, "images/1.jpg")], tmp_path)


def test_a_broken_link_is_named_as_one(tmp_path):
    """As those of git-annex and DVC, whose files were not fetched."""
    (tmp_path / "1.jpg").symlink_to("objects/ab12")
    with pytest.raises(
        StudyError, match=r"1\.jpg' is a link to 'objects/ab12', which does not exist$"
    ):
        image_list.rows([sample(1, "1.jpg")], tmp_path)


@pytest.mark.parametrize("archive", ["images.zip", "images/train.tar.gz"])
def test_an_archive_of_the_images_is_offered(archive, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / archive).touch()
    with pytest.raises(StudyError, match=f"{archive}' is an archive, so unpack it, or check"):
        image_list.rows([sample(1, "1.jpg")], tmp_path / "images")


def test_the_message_lists_ten_and_the_log_all(tmp_path, capsys):
    """The file alone lists all: the screen would be full."""
    samples = [sample(number, f"{number}.jpg") for number in range(25)]
    save(tmp_path / "3.jpg")
    root = logging.getLogger()
    before, root.handlers = root.handlers, []
    try:
        with pytest.raises(SystemExit), job(str(tmp_path / "job.log")):
            image_list.rows(samples, tmp_path)
        root.handlers[0].flush()
    finally:
        root.handlers = before
    shown, logged = capsys.readouterr().err, (tmp_path / "job.log").read_text()
    assert "24 of 25 images are missing: check dataset.images" in shown
    assert shown.count("does not exist") == 10
    assert "and 14 more: see the log" in shown
    for number in range(25):
        assert (f"/{number}.jpg' does not exist" in logged) == (number != 3)


def test_all_images_that_can_not_be_used_are_listed(tmp_path):
    save(tmp_path / "1.jpg", size=(41, 30))
    (tmp_path / "2.jpg").write_text("<html>")
    save(tmp_path / "3.jpg")
    (tmp_path / "4.jpg").mkdir()
    with pytest.raises(StudyError) as error:
        image_list.rows([sample(number, f"{number}.jpg") for number in (1, 2, 3, 4)], tmp_path)
    title, size, page, folder = str(error.value).splitlines()
    assert title == "3 of 4 images can't be used:"
    assert "41 x 30" in size
    assert "a web page" in page
    assert "not a regular file" in folder


def test_an_image_without_permission_is_not_missing(tmp_path, as_nobody):
    save(tmp_path / "1.jpg")
    (tmp_path / "1.jpg").chmod(0)
    with pytest.raises(StudyError, match="Permission denied"):
        as_nobody(lambda: image_list.rows([sample(1, "1.jpg")], tmp_path))


def test_the_rows_have_the_orientation_and_the_log_counts(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    turned = {"1.jpg": 6, "2.jpg": 3, "3.jpg": 8, "4.jpg": 1, "5.jpg": 3}
    for name, orientation in turned.items():
        save(tmp_path / name, orientation)
    samples = [
        sample(1, "1.jpg", 30, 40),
        sample(2, "2.jpg"),
        sample(3, "3.jpg"),
        sample(4, "4.jpg"),
        sample(5, "5.jpg", exif="stored"),
    ]
    rows = image_list.rows(samples, tmp_path)
    assert [row["orientation"] for row in rows] == [
        "turned 90",
        "turned 180",
        "stored",
        "stored",
        "stored",
    ]
    assert caplog.messages == [
        "1 image is turned upright, since the annotated size fits only so",
        "1 image is turned upright, by dataset.exif: upright",
        "1 image stays as stored, since the annotated size fits only so",
        "1 image stays as stored, by dataset.exif: stored",
    ]
    receipts.write(rows, tmp_path / "images.csv")
    assert list(receipts.read(tmp_path / "images.csv")) == list(turned)


def test_the_study_decides_the_view_of_images_whose_size_is_not_annotated(tmp_path, caplog):
    """Their size is that of the file in the view of the study, which therefore fits it alone."""
    caplog.set_level(logging.INFO)
    save(tmp_path / "1.jpg", orientation=6)
    upright = sample(1, "1.jpg", 30, 40, is_sized=False)
    stored = sample(1, "1.jpg", 40, 30, is_sized=False, exif="stored")
    for unsized in (upright, stored):
        image_list.rows([unsized], tmp_path)
    assert caplog.messages == [
        "1 image is turned upright, by dataset.exif: upright",
        "1 image stays as stored, by dataset.exif: stored",
    ]


def test_the_size_of_the_file_is_checked_where_the_image_is_reduced(tmp_path):
    save(tmp_path / "1.jpg", orientation=6)
    reduced = sample(1, "1.jpg", 15, 20, file_width=30, file_height=40)
    [row] = image_list.rows([reduced], tmp_path)
    assert (row["image_id"], row["orientation"]) == (1, "turned 90")
    assert np.asarray(Image.open(tmp_path / "1.jpg", formats=["JPEG"])).shape == (30, 40, 3)
