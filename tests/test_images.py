"""Images against torchvision's transforms, and errors for every damaged file."""

import ast
import hashlib
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms

from lookwhere.datasets import geometry, images
from lookwhere.datasets.coco import read as read_annotations
from lookwhere.datasets.samples import Sample
from lookwhere.errors import StudyError


def colours(height=30, width=40):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def photo():
    return Image.fromarray(colours())


def test_normalisation_is_torchvisions(photo):
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    tensor = transforms.ToTensor()(photo)
    expected = transforms.Normalize(mean, std)(tensor).numpy()
    normalised = images.normalise(photo)
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


def test_pixels_stay_in_the_stored_orientation(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a rotation: annotations are for the stored pixels
    photo.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(images.read(tmp_path / "turned.png", 40, 30), colours())


def test_real_photographs_are_read(shared_data):
    folder = shared_data / "coco"
    annotations = read_annotations(folder / "annotations" / "instances_train2017.json")
    for entry in annotations["images"]:
        image = images.read(
            folder / "train2017" / entry["file_name"], entry["width"], entry["height"]
        )
        assert images.normalise(geometry.transform(image, "224")).std() > 0.1


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
    with pytest.raises(StudyError, match=r"depth\.tif.*no known range"):
        images.read(tmp_path / "depth.tif", 40, 30)
