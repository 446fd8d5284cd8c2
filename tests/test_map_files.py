"""Maps that other tools made: the file of each sample, the array in it, and its size."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from lookwhere.errors import StudyError
from lookwhere.methods import map_files, map_folders

from .studies import sample_of

RNG = np.random.default_rng(0)
RAMP = np.arange(6, dtype=np.float32).reshape(2, 3)


def save(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(folder / name, RAMP)


def test_the_most_precise_name_of_a_sample_is_read(tmp_path):
    dog, cat = sample_of(36), sample_of(36, "cat")
    for name in ("36.npy", "dog/36.npy", f"{dog.id}.npy"):
        save(tmp_path, name)
        assert map_files.find(tmp_path, [dog, cat])[dog.id] == tmp_path / name
    assert map_files.find(tmp_path, [dog, cat])[cat.id] == tmp_path / "36.npy"


@pytest.mark.parametrize("name", ["traffic_light/street/7.npy", "traffic light/street/7.npy"])
def test_the_image_of_a_subfolder_keeps_its_path(tmp_path, name):
    save(tmp_path, name)
    sample = sample_of("street/7", "traffic light")
    assert map_files.find(tmp_path, [sample]) == {sample.id: tmp_path / name}


def test_missing_maps_are_left_out_and_of_none_it_is_an_error(tmp_path):
    save(tmp_path, "36.npy")
    assert list(map_files.find(tmp_path, [sample_of(36), sample_of(37)])) == [sample_of(36).id]
    with pytest.raises(StudyError, match=r"no map of the 1 samples: it has '36.npy'; name maps by"):
        map_files.find(tmp_path, [sample_of(37)])


def test_maps_of_several_classes_are_counted(tmp_path):
    save(tmp_path, "36.npy", "cat/37.npy", "37.npy")
    samples = [sample_of(image, name) for image in (36, 37) for name in ("dog", "cat")]
    assert map_files.of_several_classes(map_files.find(tmp_path, samples)) == 1


def test_an_ambiguous_map_is_an_error(tmp_path):
    save(tmp_path, "36.npy")
    Image.new("L", (3, 2)).save(tmp_path / "36.png")
    with pytest.raises(StudyError, match=r"36.npy' and '.*36.png' are both a map of .*: keep one"):
        map_files.find(tmp_path, [sample_of(36)])
    save(tmp_path, "street/7.npy")
    two = [sample_of(7, "street"), sample_of("street/7", "dog")]
    with pytest.raises(StudyError, match=r"is a map of two images, '7.jpg' and 'street/7.jpg'"):
        map_files.find(tmp_path, two)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8, np.int64, bool])
@pytest.mark.parametrize(
    "shaped",
    [
        lambda values: values,
        lambda values: values[None],
        lambda values: values[..., None],
        lambda values: values[None, None],
    ],
    ids=["(H, W)", "(1, H, W)", "(H, W, 1)", "(1, 1, H, W)"],
)
def test_an_array_is_the_same_map_in_any_form(tmp_path, dtype, shaped):
    values = RNG.integers(0, 2, (4, 5)).astype(dtype)
    np.save(tmp_path / "a.npy", shaped(values))
    np.savez(tmp_path / "a.npz", saliency=shaped(values))
    for file in ("a.npy", "a.npz"):
        saliency = map_files.read(tmp_path / file)
        assert saliency.dtype in (np.float32, np.float64)
        assert np.array_equal(saliency, values[None].astype(np.float64))


def test_colours_are_three_channels_first_or_last(tmp_path):
    values = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    for name, array in {"first": values, "last": values.transpose(1, 2, 0)}.items():
        np.save(tmp_path / f"{name}.npy", array)
        assert np.array_equal(map_files.read(tmp_path / f"{name}.npy"), values)


@pytest.mark.parametrize(("mode", "white"), [("L", 255), ("I;16", 65535), ("RGB", 255), ("1", 1)])
def test_a_grey_picture_is_in_0_to_1(tmp_path, mode, white):
    levels = np.array(
        [[0, white], [white // 3, 0]], dtype=np.uint16 if mode == "I;16" else np.uint8
    )
    picture = Image.fromarray(levels if mode != "1" else levels * 255)
    (picture if mode == "I;16" else picture.convert(mode)).save(tmp_path / "a.png")
    saliency = map_files.read(tmp_path / "a.png")
    assert saliency.shape == (1, 2, 2)
    assert saliency[0] == pytest.approx(levels / white)


WRONG = {
    "heat": (lambda path: Image.new("RGB", (3, 2), "red").save(path), "is a coloured picture"),
    "palette": (lambda path: Image.new("P", (3, 2)).save(path), "or a palette"),
    "text": (lambda path: path.write_text("P = 0.7"), "is no PNG"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_picture_that_is_no_map_is_an_error_with_the_reason(tmp_path, wrong):
    write, reason = WRONG[wrong]
    write(tmp_path / "a.png")
    with pytest.raises(StudyError, match=rf"map '.*a.png' .*{reason}"):
        map_files.read(tmp_path / "a.png")


ARRAYS = {
    "features": (np.zeros((7, 7, 512)), r"has the shape \(7, 7, 512\), which is none of a map"),
    "batch": (np.zeros((2, 3, 4, 4)), r"has the shape \(2, 3, 4, 4\)"),
    "empty": (np.zeros((0, 4)), r"has the shape \(0, 4\)"),
    "complex": (np.zeros((4, 4), dtype=complex), "holds complex128, not real numbers"),
    "pickled": (np.array([[{}]], dtype=object), "allow_pickle=False"),
}


@pytest.mark.parametrize("array", ARRAYS)
def test_an_array_that_is_no_map_is_an_error_with_the_reason(tmp_path, array):
    values, reason = ARRAYS[array]
    np.save(tmp_path / "a.npy", values, allow_pickle=True)
    with pytest.raises(StudyError, match=rf"map '.*a.npy' .*{reason}"):
        map_files.read(tmp_path / "a.npy")


def test_several_arrays_in_a_file_are_an_error(tmp_path):
    np.savez(tmp_path / "a.npz", one=RAMP, two=RAMP)
    with pytest.raises(StudyError, match=r"holds 2 arrays \('one', 'two'\): save one a file"):
        map_files.read(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(14, 15), (2, 3), (4, 5), (1, 30)])
def test_a_map_is_resized_as_by_torch_with_antialiasing(shape):
    saliency = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    expected = functional.interpolate(
        torch.from_numpy(saliency)[None], shape, mode="bilinear", antialias=True
    )[0]
    resized = map_files.resized(saliency, shape)
    assert resized == pytest.approx(expected.numpy(), abs=1e-5)


def test_a_map_of_the_input_s_size_is_not_touched_and_one_of_nan_stays_so():
    saliency = RNG.normal(size=(1, 40, 50))
    assert map_files.resized(saliency, (40, 50)) is saliency
    saliency[0, 0, 0] = np.inf
    assert not np.isfinite(map_files.resized(saliency, (4, 5))).any()


def test_a_transposed_map_is_an_error(tmp_path):
    sample = sample_of(36, size=(40, 30))
    map_files.require_upright(np.zeros((1, 30, 40)), sample, tmp_path / "a.npy")
    with pytest.raises(StudyError, match=r"40 high and 30 wide, and the image '36.jpg' is 30 high"):
        map_files.require_upright(np.zeros((1, 40, 30)), sample, tmp_path / "a.npy")


def test_the_methods_of_a_folder_are_its_folders(tmp_path):
    for name in ("score-cam", "grad_cam", ".cache", "__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").write_text("")
    assert map_folders.methods_in(tmp_path) == ["grad_cam", "score-cam"]
    (tmp_path / "Grad CAM").mkdir()
    with pytest.raises(StudyError, match="Grad CAM' has no name of a method: rename it"):
        map_folders.methods_in(tmp_path)
    with pytest.raises(StudyError, match="has no folder of a method: put the maps"):
        map_folders.methods_in(tmp_path / "grad_cam")


def test_a_method_that_the_library_lacks_is_an_entry_with_its_name_in_words(monkeypatch):
    monkeypatch.setenv(map_folders.OF_FOLDERS, "score_cam_plus")
    [entry] = map_folders.declared().values()
    assert (entry.name, entry.label) == ("score_cam_plus", "Score cam plus")
