"""Images against torchvision's transforms, and errors for every damaged file."""

import ast
import hashlib
import io
import os
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps, PngImagePlugin
from torchvision import transforms

from lookwhere.datasets import geometry, images, orientation
from lookwhere.datasets.coco import read as read_annotations
from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError
from lookwhere.nets.inputs import Input


def colours(height=30, width=40):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def photo():
    return Image.fromarray(colours())


def test_normalisation_is_torchvisions(photo):
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    tensor = transforms.ToTensor()(photo)
    expected = transforms.Normalize(mean, std)(tensor).numpy()
    normalised = Input().array(photo)
    assert normalised.dtype == np.float32
    assert normalised.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(normalised, expected, rtol=0, atol=1e-6)  # float32 rounding


GREY = colours()[..., 0]
MODES = {
    "RGB": (Image.fromarray(colours()), "png", colours()),
    "greyscale": (Image.fromarray(GREY), "png", np.stack([GREY] * 3, axis=-1)),
    "black and white": (
        Image.fromarray(GREY > 127),
        "png",
        np.stack([255 * (GREY > 127)] * 3, axis=-1),
    ),
    "RGBA": (Image.fromarray(np.dstack([colours(), GREY])), "png", colours()),
    "grey with alpha": (
        Image.fromarray(np.dstack([GREY, GREY.T.reshape(GREY.shape)]), "LA"),
        "png",
        np.stack([GREY] * 3, axis=-1),
    ),
    "palette": (
        Image.fromarray(np.uint8([[0, 1], [1, 0]]), "P"),
        "png",
        [[[1, 2, 3], [250, 251, 252]], [[250, 251, 252], [1, 2, 3]]],
    ),
    "CMYK": (
        Image.fromarray(np.uint8([[[0, 255, 255, 0], [0, 0, 0, 255]]]), "CMYK"),
        "tif",
        [[[255, 0, 0], [0, 0, 0]]],
    ),
    "16 bits": (
        Image.fromarray(np.uint16([[0, 255, 256], [32768, 65280, 65535]])),
        "png",
        [[[0] * 3, [0] * 3, [1] * 3], [[128] * 3, [255] * 3, [255] * 3]],
    ),
}
MODES["palette"][0].putpalette([1, 2, 3, 250, 251, 252])


@pytest.mark.parametrize(("image", "suffix", "expected"), MODES.values(), ids=MODES.keys())
def test_every_kind_of_image_becomes_rgb(image, suffix, expected, tmp_path):
    image.save(tmp_path / f"image.{suffix}")
    rgb = images.read(tmp_path / f"image.{suffix}", *image.size)
    assert rgb.mode == "RGB"
    assert np.array_equal(rgb, expected)


# What turns stored pixels upright, by EXIF's definition: "the 0th row is at the visual ... of the
# image, the 0th column the visual ..." (Exif 2.32, tag 0x0112).
UPRIGHT = {
    1: lambda stored: stored,  # top, left
    2: lambda stored: stored[:, ::-1],  # top, right
    3: lambda stored: stored[::-1, ::-1],  # bottom, right
    4: lambda stored: stored[::-1],  # bottom, left
    5: lambda stored: stored.swapaxes(0, 1),  # left, top
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],  # right, top
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda stored: stored.swapaxes(0, 1)[::-1],  # left, bottom
}
LOSSLESS = ["png", "tif", "webp"]


def save_turned(pixels, orientation, path):
    """Save pixels without loss, with an EXIF orientation."""
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if path.suffix == ".tif":
        image.save(path, tiffinfo={0x0112: orientation})
    else:
        image.save(path, exif=exif, **({"lossless": True} if path.suffix == ".webp" else {}))


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("shape", [(30, 40), (40, 40)], ids=["oblong", "square"])
def test_the_view_is_the_one_that_fits_or_the_one_of_the_study(
    shape, orientation, suffix, tmp_path
):
    stored, path = colours(*shape), tmp_path / f"photo.{suffix}"
    upright = UPRIGHT[orientation](stored)
    save_turned(stored, orientation, path)
    for view, expected in (("upright", upright), ("stored", stored)):
        height, width, _ = expected.shape
        assert images.size(path, view) == (width, height)
        assert np.array_equal(images.read(path, width, height, view), expected)
        if upright.shape != stored.shape:  # the size decides, whatever the study's choice
            other = "stored" if view == "upright" else "upright"
            assert np.array_equal(images.read(path, width, height, other), expected)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_photograph_and_its_turned_twin_give_the_same_pixels(orientation, tmp_path):
    """A bright square, right of the centre and high, in the upright view."""
    upright = np.zeros((48, 64, 3), dtype=np.uint8)
    upright[8:16, 40:56] = 255
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    stored = np.ascontiguousarray(UPRIGHT[inverse](upright))
    save_turned(stored, orientation, tmp_path / "turned.jpg")
    Image.fromarray(upright).save(tmp_path / "upright.jpg")
    twins = [images.read(tmp_path / f"{name}.jpg", 64, 48) for name in ("turned", "upright")]
    turned, plain = (np.asarray(twin).astype(int) for twin in twins)
    assert abs(turned - plain).max() < 40  # blocks of JPEG are turned too
    assert plain[12, 48].min() > 200
    assert turned[12, 48].min() > 200


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_turning_is_pils(orientation, tmp_path):
    save_turned(colours(), orientation, tmp_path / "photo.jpg")
    with Image.open(tmp_path / "photo.jpg", formats=["JPEG"]) as file:
        expected = ImageOps.exif_transpose(file)
    assert np.array_equal(images.read(tmp_path / "photo.jpg", *expected.size), expected)


@pytest.mark.parametrize(
    ("orientation", "shape", "exif", "name", "by_size"),
    [
        (1, (30, 40), "upright", "stored", False),
        (6, (40, 30), "stored", "turned 90", True),
        (8, (40, 30), "stored", "turned 270", True),
        (6, (30, 40), "upright", "stored", True),
        (3, (30, 40), "upright", "turned 180", False),
        (3, (30, 40), "stored", "stored", False),
        (7, (40, 30), "upright", "mirrored and turned 90", True),
    ],
)
def test_the_receipt_names_what_is_done_to_the_pixels(
    orientation, shape, exif, name, by_size, tmp_path
):
    save_turned(colours(), orientation, tmp_path / "photo.png")
    seen = images.view(tmp_path / "photo.png", *shape[::-1], exif)
    assert (seen.name, seen.by_size) == (name, by_size)


def test_views_are_counted_by_what_decides(tmp_path):
    kinds = [(6, True, True)] * 3 + [(3, True, False)] * 2 + [(6, False, False)] + [(1, True, True)]
    assert list(orientation.counts(orientation.View(*kind) for kind in kinds)) == [
        "3 images are turned upright, since the annotated size fits only so",
        "2 images are turned upright, by dataset.exif: upright",
        "1 image stays as stored, by dataset.exif: stored",
    ]


def test_a_size_that_fits_neither_view_is_reported_with_both(photo, tmp_path):
    save_turned(colours(), 6, tmp_path / "photo.jpg")
    message = (
        r"photo\.jpg' is 40 x 30 pixels \(30 x 40 upright, by its EXIF orientation 6\), but its "
        "annotation has 41 x 30: give the image that was annotated"
    )
    for use in (images.read, images.view):
        with pytest.raises(StudyError, match=message):
            use(tmp_path / "photo.jpg", 41, 30)


def exif_block(orientation):
    """An EXIF block with the orientation alone, of 26 bytes after the header, by hand."""
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


BROKEN = {
    "value 0": exif_block(0),
    "value 9": exif_block(9),
    "value 65535": exif_block(65535),
    "cut": exif_block(6)[:20],
    "header alone": b"Exif\0\0",
    "text": b"Exif\0\0" + b"no exif " * 20,
    "offset out of the block": b"Exif\0\0II*\0" + struct.pack("<I", 2**31),
    "endless entries": b"Exif\0\0II*\0" + struct.pack("<IH", 8, 65535) + b"\x12\x01\x03\0" * 60,
    "an offset to itself": exif_block(1)[:-4] + struct.pack("<I", 8),
    "a type of its own": exif_block(6).replace(b"\x03\0\x01", b"\x99\0\x01"),
    "many values": exif_block(6).replace(b"\x03\0\x01\0\0\0", b"\x03\0\xff\xff\xff\xff"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # PIL's, about the damage
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("block", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_exif_block_turns_nothing_and_ends_nothing(block, suffix, tmp_path):
    Image.fromarray(colours()).save(tmp_path / f"photo.{suffix}", exif=block)
    assert images.view(tmp_path / f"photo.{suffix}", 40, 30).name == "stored"
    assert images.read(tmp_path / f"photo.{suffix}", 40, 30).size == (40, 30)


def test_the_hand_made_exif_block_is_sound(tmp_path):
    Image.fromarray(colours()).save(tmp_path / "photo.png", exif=exif_block(6))
    assert images.size(tmp_path / "photo.png") == (30, 40)


def test_exif_behind_the_pixels_of_a_png_counts(photo, tmp_path):
    """exiftool puts it there; PIL reads it once the pixels are decoded."""
    photo.save(tmp_path / "photo.png")
    content = (tmp_path / "photo.png").read_bytes()
    block = b"eXIf" + exif_block(6)[6:]
    chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
    (tmp_path / "photo.png").write_bytes(content[:-12] + chunk + content[-12:])  # before IEND
    assert images.size(tmp_path / "photo.png") == (30, 40)
    assert np.array_equal(images.read(tmp_path / "photo.png", 30, 40), UPRIGHT[6](colours()))


def test_the_view_of_an_image_is_read_from_its_header_alone(tmp_path, monkeypatch):
    save_turned(colours(600, 800), 6, tmp_path / "photo.png")
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", None)
    assert images.size(tmp_path / "photo.png") == (600, 800)
    assert images.view(tmp_path / "photo.png", 600, 800).name == "turned 90"


def test_no_photograph_of_coco_is_turned(shared_data):
    folder = shared_data / "coco" / "train2017"
    for path in sorted(folder.iterdir())[:50]:
        assert images.size(path, "upright") == images.size(path, "stored")


def test_real_photographs_are_read(shared_data):
    folder = shared_data / "coco"
    annotations = read_annotations(folder / "annotations" / "instances_train2017.json")
    for entry in annotations["images"]:
        image = images.read(
            folder / "train2017" / entry["file_name"], entry["width"], entry["height"]
        )
        assert Input().array(geometry.transform(image, "224")).std() > 0.1


def truncated(path, photo):
    photo.save(path)
    path.write_bytes(path.read_bytes()[:-900])


def loop(path, photo):
    path.symlink_to(path.name)


def dangling(path, photo):
    path.symlink_to("nowhere")


def bomb(path, photo):
    """A hundred kilobytes with 400 million pixels."""
    Image.new("1", (20_000, 20_000)).save(path, "png")


FAULTS = {
    "missing": (lambda path, photo: None, "does not exist"),
    "truncated": (truncated, "can't be read"),
    "empty": (lambda path, photo: path.touch(), "is not an image"),
    "text": (lambda path, photo: path.write_text("no image"), "is not an image"),
    "folder": (lambda path, photo: path.mkdir(), "can't be read"),
    "symlink loop": (loop, "can't be read.*symbolic links"),
    "dangling symlink": (dangling, "does not exist"),
    "bomb": (bomb, "can't be read.*exceeds limit"),
    "other size": (lambda path, photo: photo.resize((41, 30)).save(path), "41 x 30.*40 x 30"),
    "turned": (lambda path, photo: photo.resize((30, 40)).save(path), "30 x 40.*40 x 30"),
}


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize(("damage", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_an_unreadable_image_is_reported_by_name(damage, message, suffix, photo, tmp_path):
    path = tmp_path / f"000000000139.{suffix}"
    damage(path, photo)
    with pytest.raises(StudyError, match=rf"000000000139\.{suffix}.*{message}"):
        images.read(path, 40, 30)


def test_a_file_without_permission_is_reported_by_name(photo, tmp_path, as_nobody):
    photo.save(tmp_path / "secret.png")
    (tmp_path / "secret.png").chmod(0)
    with pytest.raises(StudyError, match=r"secret\.png' can't be read .*Permission denied"):
        as_nobody(lambda: images.read(tmp_path / "secret.png", 40, 30))


def test_a_symlink_is_followed_out_of_the_folder(photo, tmp_path):
    """Data sets are often folders of links; write permission allows copies just as well."""
    photo.save(tmp_path / "elsewhere.png")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/000000000139.png").symlink_to("../elsewhere.png")
    assert images.read(tmp_path / "images/000000000139.png", 40, 30).size == (40, 30)


def test_names_in_another_script_and_with_spaces_are_names(photo, tmp_path):
    photo.save(tmp_path / "信号 機 'é\".png")
    assert images.read(tmp_path / "信号 機 'é\".png", 40, 30).size == (40, 30)


POSTSCRIPT = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 40 30
%%EndComments
(ran) (w) file (x) writestring showpage
"""


@pytest.mark.parametrize("suffix", ["jpg", "png", "eps"])
def test_an_image_that_is_a_program_is_not_run(suffix, tmp_path, monkeypatch):
    """PIL passes PostScript to Ghostscript, whatever the file's name."""
    monkeypatch.chdir(tmp_path)
    started = []
    monkeypatch.setattr(subprocess, "check_call", lambda *command, **_: started.append(command))
    monkeypatch.setattr(subprocess, "Popen", lambda *command, **_: started.append(command))
    (tmp_path / f"1.{suffix}").write_bytes(POSTSCRIPT)
    with pytest.raises(StudyError, match=r"is not an image \(JPEG, PNG"):
        images.read(tmp_path / f"1.{suffix}", 40, 30)
    assert started == []


def test_every_image_that_is_opened_names_its_formats():
    """``Image.open`` without formats tries all of PIL's, programs among them."""
    for source in (Path(images.__file__).parents[1]).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open":
                assert "formats" in {keyword.arg for keyword in node.keywords}, source


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_device_is_refused_and_not_read(make, tmp_path):
    make(tmp_path / "1.jpg")
    with pytest.raises(StudyError, match=r"1\.jpg' can't be read \(not a regular file\)"):
        images.read(tmp_path / "1.jpg", 40, 30)


def test_a_file_of_too_many_bytes_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "1.jpg").open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)  # a hole: it takes no space
    with pytest.raises(StudyError, match=r"2\.1 GB is too large"):
        images.read(tmp_path / "1.jpg", 40, 30)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_endless_decoding_is_given_up(suffix, tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"1.{suffix}")
    images.read(tmp_path / f"1.{suffix}", 800, 600)
    monkeypatch.setattr(images, "MAX_SECONDS", -1)
    with pytest.raises(StudyError, match="decoding takes more than"):
        images.read(tmp_path / f"1.{suffix}", 800, 600)


def test_an_image_that_changed_since_it_was_listed_is_reported(photo, tmp_path):
    photo.save(tmp_path / "1.png")
    digest = hashlib.sha256((tmp_path / "1.png").read_bytes()).hexdigest()
    sample = Sample("1-dog", 1, "dog", "1.png", 40, 30, "CC0", None, ())
    folder = images.ImageFolder(tmp_path, {"1.png": digest})
    assert np.array_equal(folder.read(sample), colours())
    Image.fromarray(colours()[::-1]).save(tmp_path / "1.png")
    with pytest.raises(StudyError, match=r"1\.png' changed while the study ran: rerun"):
        folder.read(sample)


@pytest.mark.parametrize("size", ["224", "original"])
def test_an_image_of_one_pixel_is_an_image(size, tmp_path):
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "dot.png")
    resized = geometry.transform(images.read(tmp_path / "dot.png", 1, 1), size)
    assert np.unique(np.asarray(resized).reshape(-1, 3), axis=0).tolist() == [[1, 2, 3]]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_of_a_hundred_million_pixels_is_read(tmp_path):
    picture = Image.new("1", (10_000, 10_000))
    picture.paste(1, (0, 0, 10_000, 5_000))
    picture.save(tmp_path / "huge.png")
    resized = geometry.transform(images.read(tmp_path / "huge.png", 10_000, 10_000), "8")
    assert np.asarray(resized)[[0, 2, 5, 7], 4, 0].tolist() == [255, 255, 0, 0]


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_pixels_without_a_known_range_are_refused(kind, tmp_path):
    Image.fromarray(np.ones((30, 40), dtype=kind)).save(tmp_path / "depth.tif")
    for use in (images.read, images.view):
        with pytest.raises(
            StudyError, match=r"depth\.tif.* without a known range: save it as 8 bit"
        ):
            use(tmp_path / "depth.tif", 40, 30)


def deep(highest, *shape):
    """16-bit pixels up to ``highest``."""
    pixels = np.random.default_rng(0).integers(0, highest + 1, shape, dtype=np.uint16)
    pixels.flat[0] = highest
    return pixels


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["grey", "RGB", "RGBA"])
@pytest.mark.parametrize(
    ("highest", "bits"),
    [(200, 8), (1000, 10), (4095, 12), (4096, 13), (16383, 14), (16384, 16), (65535, 16)],
)
def test_low_bits_in_16_are_the_range_of_the_file(
    highest, bits, channels, suffix, tmp_path, caplog
):
    pixels = deep(highest, 30, 40, *channels)
    cv2.imwrite(
        str(tmp_path / f"deep.{suffix}"),
        pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]] if channels else pixels,
    )
    image = np.asarray(images.read(tmp_path / f"deep.{suffix}", 40, 30))
    expected = (pixels // 2 ** (bits - 8)).reshape(30, 40, -1)[..., :3]
    assert np.array_equal(image, np.broadcast_to(expected, (30, 40, 3)))
    assert ("deep." in caplog.text) == (bits < 16)
    assert bits == 16 or f"its largest value is {highest}: read as {bits} bits" in caplog.text


@pytest.mark.parametrize("suffix", ["jp2", "ppm"])
@pytest.mark.parametrize(("highest", "bits"), [(900, 10), (4000, 12), (60000, 16)])
def test_low_bits_of_other_formats_are_the_range_of_the_file(
    highest, bits, suffix, tmp_path, caplog
):
    file = tmp_path / f"deep.{suffix}"
    ramp = np.linspace(0, highest, 64 * 64 * 3).astype(np.uint16).reshape(64, 64, 3)
    cv2.imwrite(str(file), ramp)
    image = np.asarray(images.read(file, 64, 64)).astype(int)
    expected = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)[..., ::-1] >> (bits - 8)
    assert np.abs(image - expected).max() <= 1
    assert (f"read as {bits} bits" in caplog.text) == (bits < 16)


def test_a_black_image_of_16_bits_is_black(tmp_path, caplog):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((30, 40, 3), np.uint16))
    assert not np.asarray(images.read(tmp_path / "black.png", 40, 30)).any()
    assert caplog.text == ""


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_deep_pixels_are_turned_like_others(orientation, suffix, tmp_path):
    pixels = deep(4095, 30, 40)
    save_turned(pixels, orientation, tmp_path / f"deep.{suffix}")
    upright = UPRIGHT[orientation](pixels)
    image = images.read(tmp_path / f"deep.{suffix}", *upright.shape[::-1])
    assert np.array_equal(np.asarray(image)[..., 0], upright >> 4)


def test_a_tiff_of_packed_12_bits_is_read_at_12_bits(tmp_path, caplog):
    """Two pixels in three bytes, by hand."""
    rows = [[0xABC, 0x123], [0x001, 0x0FF]]
    packed = bytes(byte for a, b in rows for byte in (a >> 4, (a & 15) << 4 | b >> 8, b & 255))
    tags = [
        (256, 2),
        (257, 2),
        (258, 12),
        (259, 1),
        (262, 1),
        (273, 122),
        (277, 1),
        (278, 2),
        (279, len(packed)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
    header = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    (tmp_path / "packed.tif").write_bytes(header + packed)
    image = np.asarray(images.read(tmp_path / "packed.tif", 2, 2))
    assert image[..., 0].tolist() == [[0xAB, 0x12], [0x00, 0x0F]]
    assert caplog.text == ""


@pytest.mark.parametrize("highest", [4095, 65535])
def test_a_pgm_is_read_at_the_range_in_its_header(highest, tmp_path):
    pixels = deep(highest, 30, 40)
    header = f"P5 40 30 {highest}\n".encode()
    (tmp_path / "scan.pgm").write_bytes(header + pixels.astype(">u2").tobytes())
    image = np.asarray(images.read(tmp_path / "scan.pgm", 40, 30))[..., 0]
    assert abs(image - pixels / highest * 255).max() <= 1


def box(brand):
    """The first box of an ISO media file."""
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(100)


FOREIGN = {
    "HEIC": (box(b"heic"), "a HEIC image: convert it to JPEG"),
    "HEIC of another brand": (box(b"mif1"), "a HEIC image: convert it to JPEG"),
    "damaged AVIF": (box(b"avif"), "an AVIF image: convert it to JPEG"),
    "MP4": (box(b"isom"), "a video: extract its frames"),
    "QuickTime": (box(b"qt  "), "a video: extract its frames"),
    "CR3": (box(b"crx "), "a RAW file of a camera"),
    "CR2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(50), "a RAW file of a camera"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    "Photoshop": (b"8BPS\0\x01", "a Photoshop document"),
    "PDF": (b"%PDF-1.7\n", "a PDF document"),
    "DICOM": (bytes(128) + b"DICM", "a DICOM file"),
    "numpy": (b"\x93NUMPY\x01\0", "a numpy array"),
    "zip": (b"PK\x03\x04" + bytes(30), "an archive: unpack it"),
    "LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid", "run: git lfs pull"),
    "SVG": (b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg width="4">', "an SVG drawing"),
    "web page": (b"\xef\xbb\xbf\n<!DOCTYPE HTML><html>", "not an image, but a web page"),
    "JSON": (b'{"message": "not found"}', "a JSON document"),
    "TIFF of seven bands": (b"II*\0\x08\0\0\0\0\0", "a TIFF that can't be read"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("content", "message"), FOREIGN.values(), ids=FOREIGN.keys())
def test_other_files_are_named_as_what_they_are(content, message, tmp_path):
    (tmp_path / "1.jpg").write_bytes(content)
    for use in (images.read, images.view):
        with pytest.raises(StudyError, match=rf"1\.jpg' is .*{message}"):
            use(tmp_path / "1.jpg", 40, 30)


@pytest.mark.parametrize("tags", [{254: 1}, {50706: b"\1\4\0\0"}], ids=["NEF", "DNG"])
def test_the_preview_in_a_raw_file_is_not_the_photograph(tags, photo, tmp_path):
    photo.save(tmp_path / "1.nef", "tiff", tiffinfo=tags)
    with pytest.raises(
        StudyError, match=r"1\.nef' is a RAW file of a camera.*: convert it to JPEG"
    ):
        images.read(tmp_path / "1.nef", 40, 30)


def test_an_avif_is_read(tmp_path):
    Image.new("RGB", (40, 30), (10, 200, 30)).save(tmp_path / "1.avif")
    image = np.asarray(images.read(tmp_path / "1.avif", 40, 30)).astype(int)
    assert abs(image - [10, 200, 30]).max() < 5


def damaged_avif(pixels: bool) -> bytes:
    file = io.BytesIO()
    Image.fromarray(colours()).save(file, "avif")
    start = file.getvalue().index(b"mdat") + 4
    head, coded = file.getvalue()[:start], file.getvalue()[start:]
    return head + b"\xff" * len(coded) if pixels else head.replace(b"pitm", b"none") + coded


@pytest.mark.parametrize(
    ("pixels", "message"), [(True, "can't be read"), (False, "is an AVIF image: convert it")]
)
def test_a_damaged_avif_is_reported_by_name(pixels, message, tmp_path):
    """PIL raises a RuntimeError for it, also for a HEIC that it takes for an AVIF."""
    (tmp_path / "1.avif").write_bytes(damaged_avif(pixels))
    with pytest.raises(StudyError, match=rf"1\.avif' {message}"):
        images.read(tmp_path / "1.avif", 40, 30)


def test_an_image_of_too_many_pixels_is_read_at_its_reduced_size(tmp_path):
    """A bright square on the upright view of a turned file stays where it is."""
    upright = np.zeros((60, 80, 3), dtype=np.uint8)
    upright[12:24, 48:72] = 255
    save_turned(np.ascontiguousarray(UPRIGHT[8](upright)), 6, tmp_path / "1.png")
    sample = Sample(
        "1-dog", 1, "dog", "1.png", 40, 30, "CC0", None, (), file_width=80, file_height=60
    )
    image = np.asarray(images.ImageFolder(tmp_path).read(sample))
    halves = upright.reshape(30, 2, 40, 2, 3).mean(axis=(1, 3))
    assert image.shape == (30, 40, 3)
    assert np.array_equal(image > 127, halves > 127)
    with pytest.raises(StudyError, match="its annotation has 81 x 60"):
        images.ImageFolder(tmp_path).read(replace(sample, file_width=81))
