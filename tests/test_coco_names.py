"""The spellings of file names in COCO's annotations, and the files that they mean."""

import re
from pathlib import Path

import pytest

from lookwhere.datasets.coco_images import Images
from lookwhere.datasets.coco_names import file_name
from lookwhere.errors import StudyError


@pytest.fixture
def folder(tmp_path):
    """An image folder with files, one with a backslash in its name."""
    for name in (
        "36.jpg",
        "street/36.jpg",
        "street/a b.jpg",
        "a b.jpg",
        "a%20b.png",
        "w\\36.jpg",
        "w/36.jpg",
    ):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "other.jpg").touch()
    (tmp_path / "link").symlink_to("images")
    return tmp_path / "images"


SPELLINGS = {
    "plain": ("36.jpg", "36.jpg"),
    "below": ("street/36.jpg", "street/36.jpg"),
    "dots": ("./street/../36.jpg", "36.jpg"),
    "backslash": (r"street\36.jpg", "street/36.jpg"),
    "backslash in a name": (r"w\36.jpg", r"w\36.jpg"),
    "backslash of a missing file": (r"train\37.jpg", "train/37.jpg"),
    "encoded": ("a%20b.jpg", "a b.jpg"),
    "backslash and encoded": (r"street\a%20b.jpg", "street/a b.jpg"),
    "per cent in a name": ("a%20b.png", "a%20b.png"),
    "absolute": ("{folder}/street/36.jpg", "street/36.jpg"),
    "absolute and missing": ("{folder}/street/37.jpg", "street/37.jpg"),
    "absolute by a link": ("{folder}/../link/36.jpg", None),
    "address of a file": ("file://{folder}/36.jpg", "36.jpg"),
    "encoded address of a file": ("file://localhost{folder}/a%20b.jpg", "a b.jpg"),
    "through the folder above": ("../images/36.jpg", "36.jpg"),
    "missing": ("37.jpg", "37.jpg"),
    "outside": ("../other.jpg", None),
    "outside, absolute": ("/other.jpg", None),
    "outside, encoded": ("..%2fother.jpg", "..%2fother.jpg"),  # a name of a missing file
    "cut by a zero": ("36.jpg%00.png", "36.jpg%00.png"),
}


@pytest.mark.parametrize(("name", "expected"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_name_means_the_file_below_the_folder(folder, name, expected):
    image = {"file_name": name.format(folder=folder)}
    if expected is None:
        with pytest.raises(StudyError, match="outside its folder"):
            file_name(image, "image 1", folder)
    else:
        assert file_name(image, "image 1", folder) == expected


def test_the_folder_may_be_a_link_or_relative(folder, monkeypatch):
    absolute = {"file_name": f"{folder}/street/36.jpg"}
    assert file_name(absolute, "image 1", folder.parent / "link") == "street/36.jpg"
    monkeypatch.chdir(folder.parent)
    assert file_name(absolute, "image 1", Path("images")) == "street/36.jpg"


def test_a_name_in_another_place_has_a_way_out(folder):
    message = r"'/data/coco/36\.jpg', outside its folder: .*36\.jpg' exists, so remove the folders"
    with pytest.raises(StudyError, match=message):
        file_name({"file_name": "/data/coco/36.jpg"}, "image 1", folder)


ADDRESSES = {
    "the last part": ("http://images.cocodataset.org/train2017/36.jpg", "36.jpg"),
    "the last two parts": ("http://images.cocodataset.org/street/36.jpg", "street/36.jpg"),
    "missing": ("http://images.cocodataset.org/train2017/37.jpg", "37.jpg"),
    "encoded": ("https://example.org/a%20b.jpg?size=large", "a b.jpg"),
}


@pytest.mark.parametrize("key", ["coco_url", "file_name"])
@pytest.mark.parametrize(("address", "expected"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_address_means_its_last_parts(folder, key, address, expected):
    """LVIS has no file names. The first file below exists both ways: the longer path is taken."""
    assert file_name({key: address}, "image 1", folder) == expected


@pytest.mark.parametrize("address", ["http://example.org", "http://[", "http://example.org/.."])
def test_an_address_without_a_file_is_reported(folder, address):
    with pytest.raises(StudyError, match=re.escape(f"the address {address!r}, which names no")):
        file_name({"coco_url": address}, "image 1", folder)


def test_two_images_may_differ_in_a_backslash_where_both_files_exist(folder):
    both = [{"id": 1, "file_name": "w/36.jpg"}, {"id": 2, "file_name": r"w\36.jpg"}]
    listed = Images.of(both)
    assert [listed.file(image_id, folder) for image_id in (1, 2)] == ["w/36.jpg", r"w\36.jpg"]
    (folder / r"w\36.jpg").unlink()
    with pytest.raises(StudyError, match=r"2 images have the file name 'w/36\.jpg'"):
        listed.file(1, folder)
