"""Bounding boxes: ImageNet's XML, and CSV files."""

import logging
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from lookwhere.datasets import base, voc_xml
from lookwhere.errors import StudyError

from .formats import HEIGHT, WIDTH, rectangle, regions_of, reports, save_image, select

FISH, DOG = "n01440764", "n02084071"


def write_xml(path, boxes, width=WIDTH, height=HEIGHT):
    """An annotation in ImageNet's form, of (name, xmin, ymin, xmax, ymax)."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = "%s"  # as in some of ImageNet's
    size = ElementTree.SubElement(root, "size")
    for key, value in (("width", width), ("height", height), ("depth", 3)):
        ElementTree.SubElement(size, key).text = str(value)
    for name, *corners in boxes:
        element = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(element, "name").text = name
        ElementTree.SubElement(element, "difficult").text = "0"
        box = ElementTree.SubElement(element, "bndbox")
        for key, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
            ElementTree.SubElement(box, key).text = str(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path)


@pytest.fixture
def root(tmp_path):
    """Two images of fish, in ImageNet's layout of training."""
    save_image(tmp_path / f"images/{FISH}/{FISH}_1.JPEG")
    save_image(tmp_path / f"images/{FISH}/{FISH}_2.JPEG")
    boxes = [(FISH, 3, 2, 11, 9), (DOG, 0, 0, 29, 23), (FISH, 14, 12, 27, 19)]
    write_xml(tmp_path / f"boxes/{FISH}/{FISH}_1.xml", boxes)
    write_xml(tmp_path / f"boxes/{FISH}/{FISH}_2.xml", [(FISH, 5, 5, 5, 5)])
    return tmp_path


def find(root, classes, annotations="boxes", **choices):
    return select("boxes", root / annotations, root / "images", classes, **choices)


def test_the_last_pixels_of_imagenets_boxes_are_in_the_box(root):
    samples = find(root, {FISH: 2, DOG: 1})
    assert list(samples) == [
        (f"{FISH}/{FISH}_1", FISH),
        (f"{FISH}/{FISH}_2", FISH),
        (f"{FISH}/{FISH}_1", DOG),
    ]
    first, second, dog = samples.values()
    assert np.array_equal(first.masks(), [rectangle(2, 3, 10, 12), rectangle(12, 14, 20, 28)])
    assert np.array_equal(second.masks(), [rectangle(5, 5, 6, 6)])
    assert np.array_equal(dog.masks(), [np.ones((HEIGHT, WIDTH))])
    assert first.file == f"{FISH}/{FISH}_1.JPEG"


def test_samples_count_their_boxes_whatever_the_choice(root):
    for choice in ("use", "leave_out"):
        samples = find(root, {FISH: 2}, boxes=choice)
        assert [sample.boxes for sample in samples.values()] == [2, 1]


def test_nothing_is_reported_as_left_out(root, caplog):
    caplog.set_level(logging.INFO)
    find(root, {FISH: 2})
    assert not [message for message in caplog.messages if "left out" in message]


def test_the_region_is_the_union_of_the_boxes(root, tmp_path):
    regions = regions_of("boxes", root / "boxes", root / "images", {FISH: 2}, tmp_path)
    expected = rectangle(2, 3, 10, 12) | rectangle(12, 14, 20, 28)
    assert np.array_equal(next(iter(regions.values())).mask, expected)
    assert np.array_equal(next(iter(regions.values())).boxes, expected)


@pytest.mark.parametrize("flat", ["images", "boxes"])
def test_flat_and_nested_files_belong_together(root, flat):
    """ImageNet's boxes of validation are flat, its images often in a folder per class."""
    for file in list((root / flat / FISH).iterdir()):
        file.rename(root / flat / file.name)
    samples = find(root, {FISH: 2})
    names = [name.replace(f"{FISH}/", "") for name, _ in samples]
    assert names == [f"{FISH}_1", f"{FISH}_2"]


def test_boxes_for_another_size_of_the_image_are_left_out(root, caplog):
    caplog.set_level(logging.INFO)
    write_xml(root / f"boxes/{FISH}/{FISH}_2.xml", [(FISH, 5, 5, 9, 9)], width=2 * WIDTH)
    assert len(find(root, {FISH: 1})) == 1
    reason = "boxes for another size of the image"
    assert reports(caplog, FISH, reason)
    with pytest.raises(StudyError, match=f"has 1 images .*{reason}"):
        find(root, {FISH: 2})


def test_without_a_size_it_is_that_of_the_image(root):
    write_xml(root / f"boxes/{FISH}/{FISH}_2.xml", [(FISH, 5, 5, 99, 9)], width=0, height=0)
    sample = find(root, {FISH: 2})[f"{FISH}/{FISH}_2", FISH]
    assert (sample.width, sample.height, sample.is_sized) == (WIDTH, HEIGHT, False)
    assert np.array_equal(sample.masks(), [rectangle(5, 5, 10, WIDTH)])


@pytest.mark.parametrize("corners", [(9, 5, 5, 9), (30, 0, 40, 9), (-9, 0, -2, 9)])
def test_an_image_with_a_box_without_a_pixel_is_left_out(root, caplog, corners):
    caplog.set_level(logging.INFO)
    write_xml(root / f"boxes/{FISH}/{FISH}_2.xml", [(FISH, *corners), (FISH, 0, 0, 9, 9)])
    assert len(find(root, {FISH: 1})) == 1
    assert reports(caplog, FISH, "boxes without a pixel of their image")


def test_images_that_are_missing_are_counted(root, caplog):
    caplog.set_level(logging.INFO)
    (root / f"images/{FISH}/{FISH}_2.JPEG").unlink()
    assert len(find(root, {FISH: 1})) == 1
    assert reports(caplog, FISH, "boxes without an image")
    (root / f"images/{FISH}/{FISH}_1.JPEG").unlink()
    with pytest.raises(StudyError, match=r"none of the 2 images with a box .*dataset\.images"):
        find(root, {FISH: 1})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<annotation>", "can't be read as XML"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><annotation>&e;</annotation>", "document type is not read"),
        ("<annotation><object/></annotation>", "an object has no name"),
        (
            "<annotation><object><name>a</name><bndbox><xmin>1</xmin><ymin>b</ymin></bndbox>"
            "</object></annotation>",
            "object 'a' has no number as its ymin",
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_damaged_xml_is_named(root, content, message, encoding):
    path = root / f"boxes/{FISH}/{FISH}_2.xml"
    path.write_bytes(content.encode(encoding))
    with pytest.raises(StudyError, match=rf"{FISH}_2\.xml.*{message}"):
        find(root, {FISH: 1})


def test_an_xml_file_of_ten_megabytes_is_refused(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a>" + 10_000_000 * b" " + b"</a>")
    with pytest.raises(StudyError, match="more than 10 MB"):
        voc_xml.read(path)


@pytest.fixture
def table(root):
    path = root / "boxes.csv"
    path.write_text(
        "image,class,x0,y0,x1,y1\n"
        f"{FISH}/{FISH}_1.JPEG,fish,3,2,12,10\n"
        f"{FISH}/{FISH}_1,fish,14.2,12,27.9,20\n"
        f"{FISH}/{FISH}_2,fish,-4,0,500,1\n"
    )
    return path


def test_a_table_has_exclusive_ends(root, table):
    first, second = find(root, {"fish": 2}, "boxes.csv").values()
    assert np.array_equal(first.masks(), [rectangle(2, 3, 10, 12), rectangle(12, 14, 20, 28)])
    assert np.array_equal(second.masks(), [rectangle(0, 0, 1, WIDTH)])
    assert (first.boxes, second.boxes) == (2, 1)


def test_boxes_are_those_of_pil(root, table):
    corners = np.random.default_rng(0).integers(0, 30, (40, 4))
    corners = [(x, y, x + w + 1, y + h + 1) for x, y, w, h in corners if x < WIDTH and y < HEIGHT]
    rows = [f"{FISH}/{FISH}_1,fish,{','.join(map(str, box))}" for box in corners]
    table.write_text("image,class,x0,y0,x1,y1\n" + "\n".join(rows))
    [sample] = find(root, {"fish": 1}, "boxes.csv").values()
    for mask, box in zip(sample.masks(), corners, strict=True):
        picture = Image.new("1", (WIDTH, HEIGHT))
        picture.paste(1, tuple(map(int, box)))
        assert np.array_equal(mask, picture)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,fish,0.1,0.2,0.5,1\n", "between 0 and 1.*multiply x by its width"),
        ("a,fish,10,10,5,5\n", "line 2 .* the box 10, 10, 5, 5.*not its width and height"),
        ("a,fish,1,2,3,4\na,fish,1,2,x,4\n", "line 3 .* the box 1, 2, x, 4"),
        ("a,fish,1,2,nan,4\n", "line 2 .* the box 1, 2, nan, 4"),
        ("a,fish,1,2,inf,4\n", "line 2 .* the box 1, 2, inf, 4"),
        ("a,fish,1,2,3\n", "line 2 .* has no y1"),
        ("", "has no row"),
    ],
)
def test_faults_of_a_table_are_named(root, table, rows, message):
    table.write_text("image,class,x0,y0,x1,y1\n" + rows)
    with pytest.raises(StudyError, match=message):
        base.load("boxes", table, root / "images")


def test_a_folder_without_xml_is_an_error(root):
    with pytest.raises(StudyError, match=r"has no XML file: check dataset\.annotations"):
        base.load("boxes", root / "images", root / "images")
