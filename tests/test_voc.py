"""PASCAL VOC: masks, boxes and void pixels, against torchvision's readers and by hand."""

import logging

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.datasets import VOCDetection, VOCSegmentation

from lookwhere.datasets import base, regions
from lookwhere.datasets.selections import Span
from lookwhere.errors import StudyError
from lookwhere.metrics import scoring
from lookwhere.metrics.saliency import Saliency

HEIGHT, WIDTH = 30, 40
CAT, DOG, VOID = 8, 12, 255  # palette indices
TWO_DOGS = {  # index in SegmentationObject: class, rows, columns
    1: (DOG, slice(4, 12), slice(5, 15)),
    2: (CAT, slice(10, 20), slice(20, 30)),
    3: (DOG, slice(18, 28), slice(2, 18)),
}


def palette():
    """VOC's colours, with the loop of its development kit."""
    colours = np.zeros((256, 3), dtype=np.uint8)
    for index in range(256):
        bits = index
        for place in range(8):
            for channel in range(3):
                colours[index, channel] |= ((bits >> channel) & 1) << (7 - place)
            bits >>= 3
    return colours


def pictures(instances=TWO_DOGS):
    """The palette indices (H, W) of classes and of instances, with void borders."""
    classes, numbers = np.zeros((2, HEIGHT, WIDTH), dtype=np.uint8)
    for number, (class_index, rows, columns) in instances.items():
        around = slice(rows.start - 1, rows.stop + 1), slice(columns.start - 1, columns.stop + 1)
        for picture, index in ((classes, class_index), (numbers, number)):
            picture[around] = VOID
            picture[rows, columns] = index
    return classes, numbers


def save(path, indices, mode="P"):
    """Write palette indices (H, W) as VOC does, or as the colours of its palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == "RGB":
        Image.fromarray(palette()[indices]).save(path)
        return
    picture = Image.frombytes(mode, indices.shape[::-1], indices.tobytes())
    if mode == "P":
        picture.putpalette(palette().ravel().tolist())
    picture.save(path)


def element(name, box=(6, 5, 15, 12), difficult=0):
    sides = zip(("xmin", "ymin", "xmax", "ymax"), box or (), strict=False)
    bounds = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    return (
        f"<object><name>{name}</name><truncated>0</truncated><difficult>{difficult}</difficult>"
        f"<bndbox>{bounds}</bndbox><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
        "</object>"
    )


def page(*elements, size=(WIDTH, HEIGHT)):
    width, height = size
    return (
        "<annotation><folder>VOC2012</folder><filename>x.jpg</filename>"
        f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        f"{''.join(elements)}</annotation>"
    )


def write(root, stem, elements=None, instances=None, **options):
    """An image with an XML file, where there are ``elements``, and masks of ``instances``."""
    for folder in ("Annotations", "JPEGImages"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDTH, HEIGHT)).save(root / f"JPEGImages/{stem}.jpg")
    if elements is not None:
        (root / f"Annotations/{stem}.xml").write_text(page(*elements, **options))
    if instances is not None:
        classes, numbers = pictures(instances)
        save(root / f"SegmentationClass/{stem}.png", classes)
        save(root / f"SegmentationObject/{stem}.png", numbers)


@pytest.fixture
def root(tmp_path):
    """One image with masks, one with a box alone."""
    root = tmp_path / "VOCdevkit/VOC2012"
    of_masks = [element("dog"), element("cat", (21, 11, 30, 20)), element("dog", (3, 19, 18, 28))]
    write(root, "2007_000032", of_masks, TWO_DOGS)
    write(root, "2007_000033", [element("dog", (3, 2, 11, 9)), element("person", difficult=1)])
    return root


def load(annotations, images=None, **choices):
    return base.load("voc", annotations, images or annotations / "JPEGImages", choices)


def select(annotations, name="dog", count=1, images=None, **choices):
    return base.select(load(annotations, images, **choices), [Span(name, 0, count)], 0)


def notes(annotations, name="dog", **choices):
    data = load(annotations, **choices)
    return list(data.images([name])[name].sentences(name, data.choices))


def torchvisions(reader, root, stem, folder):
    """An image's target by a reader of torchvision's, of an image set of this image alone."""
    sets = root / "ImageSets" / folder
    sets.mkdir(parents=True, exist_ok=True)
    (sets / "val.txt").write_text(f"{stem}\n")
    return reader(root.parents[1], year="2012", image_set="val")[0][1]


def test_masks_and_void_are_those_of_torchvisions_reader(root):
    target = np.array(torchvisions(VOCSegmentation, root, "2007_000032", "Segmentation"))
    for name, index, count in (("dog", DOG, 2), ("cat", CAT, 1)):
        [sample] = select(root, name)
        assert sample.id == f"2007_000032-{name}"
        assert sample.image_id == "2007_000032"
        assert sample.file == "2007_000032.jpg"
        assert len(sample.instances) == count
        assert np.array_equal(np.logical_or.reduce(sample.masks()), target == index)
        assert np.array_equal(sample.ignored_pixels(), target == VOID)


def test_every_instance_has_a_mask_of_its_own(root):
    [sample] = select(root)
    for mask, number in zip(sample.masks(), (1, 3), strict=True):
        _, rows, columns = TWO_DOGS[number]
        expected = np.zeros((HEIGHT, WIDTH), dtype=bool)
        expected[rows, columns] = True
        assert np.array_equal(mask, expected)


def test_an_instance_is_of_the_class_of_most_of_its_pixels(root):
    classes, numbers = pictures()
    classes[4:12, 5:8] = CAT  # 24 of 80 pixels
    save(root / "SegmentationClass/2007_000032.png", classes)
    assert len(select(root)[0].instances) == 2
    classes[4:12, 5:11] = CAT
    save(root / "SegmentationClass/2007_000032.png", classes)
    assert len(select(root, "cat")[0].instances) == 2
    assert numbers.max() == VOID


def test_boxes_are_those_of_torchvisions_reader_from_1_and_inclusive(root):
    target = torchvisions(VOCDetection, root, "2007_000033", "Main")
    box = {key: int(value) for key, value in target["annotation"]["object"][0]["bndbox"].items()}
    expected = np.zeros((HEIGHT, WIDTH), dtype=bool)
    for y, x in np.ndindex(HEIGHT, WIDTH):  # the pixel in column x has the number x + 1
        inside = box["xmin"] <= x + 1 <= box["xmax"] and box["ymin"] <= y + 1 <= box["ymax"]
        expected[y, x] = inside
    assert expected.sum() == 9 * 8
    [masked, boxed] = select(root, count=2, boxes="use")
    assert (masked.boxes, boxed.boxes) == (0, 1)
    assert boxed.ignored is None
    assert np.array_equal(boxed.masks(), [expected])


def test_boxes_are_counted_and_left_out_with_the_way_to_have_them(root):
    [note] = notes(root)
    assert note == (
        "1 of 3 annotations of 'dog' are boxes without a mask: 1 image left out "
        "(dataset.boxes: use takes a box as the region)"
    )
    assert notes(root, boxes="use") == []
    with pytest.raises(StudyError, match=r"'person' has 0 images .*dataset.boxes: use"):
        select(root, "person")


def test_difficult_objects_are_instances_and_are_counted(root, caplog):
    with caplog.at_level(logging.INFO):
        [sample] = select(root, "person", boxes="use")
    assert len(sample.instances) == 1
    assert "1 of 1 objects of 'person' are difficult" in caplog.text


@pytest.mark.parametrize(("difficult", "images"), [(0, 0), (1, 1)])
def test_an_object_that_a_segmented_image_does_not_mask(root, difficult, images):
    """VOC hides difficult objects under void; any other lacks its mask."""
    objects = [
        element("dog"),
        element("cat"),
        element("dog"),
        element("dog", (31, 2, 38, 9), difficult),
    ]
    write(root, "2007_000032", objects, TWO_DOGS)
    assert len(load(root).images(["dog"])["dog"]) == images
    [sample, _] = select(root, count=2, boxes="use")
    assert (len(sample.instances), sample.boxes) == (3 - difficult, 1 - difficult)
    if not difficult:
        assert sample.masks()[-1].sum() == 8 * 8


def test_objects_may_come_in_another_order_than_instances(root):
    """As some tools write them: as many objects as masks, all of which are masked."""
    write(root, "2007_000032", [element("dog"), element("dog"), element("cat")], TWO_DOGS)
    assert len(load(root).images(["dog"])["dog"]) == 1


def test_void_of_either_picture_is_ignored(root):
    classes, numbers = pictures()
    numbers[20:22, 3:9] = VOID  # of the second dog
    save(root / "SegmentationObject/2007_000032.png", numbers)
    [sample] = select(root)
    assert np.array_equal(sample.ignored_pixels(), (classes == VOID) | (numbers == VOID))
    assert [mask.sum() for mask in sample.masks()] == [80, 160 - 12]


def test_energy_on_void_pixels_counts_on_neither_side(root):
    """Worked by hand: 3 at a dog, 1 on the background, 5 on the void border."""
    [sample] = select(root)
    region = regions.prepare(sample.masks(), 0, [0, 1], sample.ignored_pixels())
    values = np.zeros((1, HEIGHT, WIDTH))
    values[0, 6, 6], values[0, 0, 39], values[0, 3, 4] = 3, 1, 5
    scored = scoring.score(Saliency(values), region, ["pointing_game"])
    assert scored["energy_inside"] == 9
    assert scored["energy_total"] == 10
    assert scored["pointing_game"] == 1
    dogs, void = 8 * 10 + 10 * 16, (10 * 12 - 80) + (12 * 12 - 100) + (12 * 18 - 160)
    assert scored["mask_fraction"] == dogs / (HEIGHT * WIDTH - void)
    for step in scoring.sweep(Saliency(values), region):
        assert step["concentration"] == 0.9


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_pictures_with_a_palette_colours_or_bare_indices_are_read(root, mode):
    expected = select(root)
    classes, numbers = pictures()
    save(root / "SegmentationClass/2007_000032.png", classes, mode)
    save(root / "SegmentationObject/2007_000032.png", numbers, mode)
    assert select(root) == expected


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_labelmap_names_classes_by_colour(tmp_path, mode):
    """As CVAT exports them: masks in the colours of the labels, no XML."""
    classes, numbers = pictures()
    write(tmp_path, "street 1", instances=TWO_DOGS)
    colours = palette()
    colours[DOG], colours[CAT] = (250, 50, 83), (51, 221, 255)
    picture = Image.fromarray(colours[classes])
    if mode == "P":
        picture = picture.quantize(4)
    picture.save(tmp_path / "SegmentationClass/street 1.png")
    save(tmp_path / "SegmentationObject/street 1.png", numbers, "RGB")
    (tmp_path / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\n"
        "crack:250,50,83::\npot: hole:51,221,255::\n"
    )
    assert load(tmp_path).classes() == ["crack", "pot: hole"]
    [sample] = select(tmp_path, "crack")
    assert sample.image_id == "street 1"
    assert [mask.sum() for mask in sample.masks()] == [80, 160]
    assert np.array_equal(sample.ignored_pixels(), classes == VOID)


@pytest.mark.parametrize(
    "names", ["__ignore__\n_background_\ncrack\nhole", "background\ncrack\nhole", "crack\nhole"]
)
def test_a_list_of_names_names_classes_by_index(tmp_path, names):
    instances = {1: (1, slice(4, 12), slice(5, 15)), 2: (2, slice(20, 25), slice(5, 15))}
    write(tmp_path, "7", instances=instances)
    (tmp_path / "class_names.txt").write_text(names)
    assert load(tmp_path).classes() == ["crack", "hole"]
    [sample] = select(tmp_path, "hole")
    assert sample.image_id == 7
    assert [mask.sum() for mask in sample.masks()] == [50]


def test_classes_without_names_are_an_error_with_the_way_out(root):
    write(root, "2007_000040", [element("crack")], {1: (1, slice(4, 12), slice(5, 15))})
    way = r"list its classes in .*labelmap.txt', a line NAME:RED,GREEN,BLUE:: each"
    with pytest.raises(StudyError, match=f"hold 'crack', none of VOC's classes: {way}"):
        load(root).classes()
    (root / "Annotations/2007_000040.xml").unlink()
    save(root / "SegmentationClass/2007_000040.png", np.full((HEIGHT, WIDTH), 33, np.uint8))
    with pytest.raises(StudyError, match=rf"2007_000040.png' has pixels of 33, of no class: {way}"):
        select(root)


def test_without_instances_all_pixels_of_a_class_are_one(root):
    (root / "SegmentationObject/2007_000032.png").unlink()
    [sample] = select(root)
    assert [mask.sum() for mask in sample.masks()] == [80 + 160]
    assert notes(root) != []  # of the image without masks alone
    assert len(load(root).images(["dog"])["dog"]) == 1


def test_pixels_of_a_class_without_an_instance_are_one(root):
    classes, numbers = pictures()
    numbers[18:28, 2:18] = 0  # the second dog
    save(root / "SegmentationObject/2007_000032.png", numbers)
    assert [mask.sum() for mask in select(root)[0].masks()] == [80, 160]
    save(root / "SegmentationObject/2007_000032.png", np.zeros_like(numbers))
    [sample] = select(root)
    assert np.array_equal(sample.masks(), [classes == DOG])


def test_the_folder_may_be_the_devkit_or_hold_xml_beside_the_images(root, tmp_path):
    assert select(root.parent, images=root / "JPEGImages") == select(root)
    [sample] = select(root, images=root)
    assert sample.file == "JPEGImages/2007_000032.jpg"
    flat = tmp_path / "train"
    flat.mkdir()
    (flat / "a.rf.xml").write_text(page(element("dog", (3, 2, 11, 9)), size=(0, 0)))
    Image.new("RGB", (WIDTH, HEIGHT)).save(flat / "a.rf.png")
    [sample] = select(flat, images=flat, boxes="use")
    assert (sample.image_id, sample.file) == ("a.rf", "a.rf.png")
    assert (sample.width, sample.height, sample.is_sized) == (WIDTH, HEIGHT, False)
    assert load(flat, flat).classes() == ["dog"]


def test_another_folder_is_an_error_with_the_way_out(root, tmp_path):
    (tmp_path / "VOCdevkit/VOC2007/Annotations").mkdir(parents=True)
    for folder, message in (
        (tmp_path / "VOCdevkit", "hold 'VOC2007' and 'VOC2012': give one of these folders"),
        (root / "Annotations", f"one of VOC's folders: give the one that holds all, '{root}'"),
        (root / "SegmentationClass", f"give the one that holds all, '{root}'"),
        (root / "JPEGImages", "hold none of Annotations, SegmentationClass, SegmentationObject"),
        (root / "Annotations/2007_000032.xml", "are no folder: give one such as VOCdevkit/VOC2012"),
    ):
        with pytest.raises(StudyError, match=message):
            load(folder, root / "JPEGImages")


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, r"can't be read as XML \(a document type is not read\): replace the file"),
        (BOMB.encode("utf-16"), r"can't be read as XML \(a document type is not read\)"),
        (page(element("dog"))[:-20], r"can't be read as XML \(.*\): replace the file"),
        ("", "can't be read as XML"),
        ("\x00", "can't be read as XML"),
        ('<?xml version="1.0" encoding="none"?><annotation/>', "can't be read as XML"),
        ("<annotations/>", r"is no annotation of VOC \(its root is <annotations>\)"),
        (" " * (10**7 + 1), r"can't be read as XML \(more than 10 MB\)"),
    ],
    ids=["bomb", "bomb in utf-16", "cut", "empty", "zero", "encoding", "foreign", "large"],
)
def test_a_faulty_xml_file_is_reported_by_name(root, content, message):
    file = root / "Annotations/2007_000033.xml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StudyError, match=rf"2007_000033.xml' {message}"):
        load(root).classes()


@pytest.mark.parametrize("folder", ["SegmentationClass", "SegmentationObject"])
@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (None, r"can't be read \(.*truncated.*\): replace it"),
        (
            np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
            "colours: it is a photograph, not a mask",
        ),
        (np.zeros((HEIGHT, WIDTH), np.uint16), "mode 'I;16': save it with a palette, or as 8 bit"),
    ],
    ids=["cut", "photograph", "16 bit"],
)
def test_a_faulty_picture_is_reported_by_name(root, folder, picture, reason):
    file = root / folder / "2007_000032.png"
    if picture is None:
        file.write_bytes(file.read_bytes()[:-40])
    else:
        Image.fromarray(picture).save(file)
    message = rf"{folder}/2007_000032.png' .*{reason}"
    with pytest.raises(StudyError, match=message):
        select(root)


def test_pictures_of_two_sizes_are_reported(root):
    save(root / "SegmentationObject/2007_000032.png", np.zeros((HEIGHT, WIDTH + 1), np.uint8))
    with pytest.raises(StudyError, match=r"differ in size \(40 x 30 and 41 x 30 pixels\)"):
        select(root)


def test_two_images_of_one_name_are_reported(root):
    Image.new("RGB", (WIDTH, HEIGHT)).save(root / "JPEGImages/2007_000032.png")
    with pytest.raises(StudyError, match=r"2007_000032.png' have the same name but for the suffix"):
        select(root)


@pytest.mark.parametrize(
    ("box", "area"),
    [
        ((1, 1, WIDTH, HEIGHT), WIDTH * HEIGHT),
        ((0, -3, 4.4, 2), 4 * 2),  # cut at the border
        ((38, 29, 90, 90), 3 * 2),
        ((7, 7, 7, 7), 1),
        ((9, 9, 7, 12), None),
        ((50, 2, 60, 4), None),
        ((-9, 2, -3, 4), None),
        (("nan", 2, 3, 4), None),
        (("1e999", 2, 3, 4), None),
        ((), None),
    ],
)
def test_a_box_without_pixels_is_none(root, box, area):
    write(root, "2007_000034", [element("sofa", box)])
    if area is None:
        assert "are without mask and box" in notes(root, "sofa", boxes="use")[0]
    else:
        [sample] = select(root, "sofa", boxes="use")
        assert sample.masks()[0].sum() == area


def test_hidden_files_and_those_of_other_kinds_are_no_annotations(root):
    (root / "Annotations/._2007_000032.xml").write_bytes(b"\x00\x05\x16\x07")
    (root / "SegmentationClass/Thumbs.db").write_bytes(b"nothing")
    assert len(select(root)) == 1


XML = st.binary() | st.text().map(lambda text: page(f"<object>{text}</object>").encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(XML, st.integers(0, 400), st.binary(max_size=4))
def test_garbage_is_an_error_or_read(root, content, place, garbage):
    (root / "Annotations/2007_000033.xml").write_bytes(content)
    whole = page(element("dog", (3, 2, 11, 9))).encode()
    (root / "Annotations/2007_000035.xml").write_bytes(whole[:place] + garbage + whole[place:])
    data = load(root, boxes="use")
    try:
        samples = list(data.samples(data.images(["dog"])))
    except StudyError:
        return
    assert all(sample.masks() for sample in samples)


def test_an_absurd_size_is_not_believed(root):
    write(root, "2007_000034", [element("sofa")], size=(10**9, 10**9))
    [sample] = select(root, "sofa", boxes="use")
    assert (sample.width, sample.height, sample.is_sized) == (WIDTH, HEIGHT, False)
