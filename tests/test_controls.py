"""Controls, and their scores."""

import numpy as np
import pytest
from scipy import ndimage

from lookwhere.datasets import regions
from lookwhere.datasets.masks import Mask
from lookwhere.declarations import Declaration
from lookwhere.errors import StudyError
from lookwhere.methods import controls
from lookwhere.methods.names import CONTROL_LABELS, CONTROLS
from lookwhere.metrics import concentration
from lookwhere.metrics.saliency import Saliency

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)


def score(saliency: np.ndarray, mask: Mask) -> concentration.Energy:
    return concentration.score(Saliency(saliency), regions.prepare([mask], 0, [0]))


def test_controls_are_those_of_the_library_in_its_order():
    assert CONTROL_LABELS == {
        "centre": "Centre prior",
        "sobel": "Sobel edges",
        "noise": "Random noise",
    }
    assert list(controls.maps(IMAGE, "1-dog", ["noise", "centre"])) == ["noise", "centre"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", r"control 'own' fails \(ZeroDivisionError: division by zero\): fix 'draw' in "),
        ("image", r"control 'own' is of shape \(40, 60, 3\), not \(1, 40, 60\): fix 'draw'"),
        ("'a map'", r"control 'own' fails \(ValueError: could not convert string to float"),
    ],
)
def test_a_control_that_fails_is_an_error_with_the_way_out(tmp_path, monkeypatch, text, message):
    file = tmp_path / "own.py"
    file.write_text(f"def draw(image, sample):\n    return {text}\n")
    monkeypatch.setitem(CONTROLS, "own", Declaration("control", "own", "Own", file, "draw", {}))
    with pytest.raises(StudyError, match=message):
        controls.maps(IMAGE, "1-dog", ["own"])


def test_lack_of_memory_is_no_error_of_the_control(tmp_path, monkeypatch):
    file = tmp_path / "own.py"
    file.write_text("def draw(image, sample):\n    raise MemoryError\n")
    monkeypatch.setitem(CONTROLS, "own", Declaration("control", "own", "Own", file, "draw", {}))
    with pytest.raises(MemoryError):
        controls.maps(IMAGE, "1-dog", ["own"])


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("shape", [(40, 60), (1, 1), (1, 9), (224, 224)], ids=str)
def test_every_control_is_a_map_of_the_images_size(name, shape):
    image = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    saliency = controls.maps(image, "000000000001-dog", [name])[name]
    assert saliency.dtype == np.float32
    assert saliency.shape == (1, *shape)
    assert np.isfinite(saliency).all()


def test_centre_is_a_gaussian_of_a_quarter_of_each_side():
    [bell] = controls.centre(IMAGE, "")
    assert np.allclose(bell, bell[::-1])
    assert np.allclose(bell, bell[:, ::-1])
    for axis, length in enumerate(bell.shape):
        places = np.arange(length) - (length - 1) / 2
        marginal = bell.sum(axis=1 - axis)
        # Cut at two standard deviations, a normal distribution has 0.774 of its variance.
        variance = (marginal * places**2).sum() / marginal.sum()
        assert variance == pytest.approx(0.774 * (length / 4) ** 2, rel=0.02)


def test_sobel_is_that_of_scipy_on_the_grey_image():
    grey = IMAGE @ [0.299, 0.587, 0.114]
    expected = np.hypot(
        ndimage.sobel(grey, 0, mode="mirror"), ndimage.sobel(grey, 1, mode="mirror")
    )
    [edges] = controls.sobel(IMAGE, "")
    assert np.allclose(edges, expected, atol=6)  # OpenCV rounds the grey image to whole numbers


def test_an_image_without_edges_has_no_energy():
    flat = np.full((20, 30, 3), 90, dtype=np.uint8)
    scored = score(controls.sobel(flat, ""), np.eye(20, 30, dtype=bool))
    assert scored.status == "zero_energy"


def test_noise_depends_on_sample_and_size_alone():
    once = controls.noise(IMAGE, "000000000001-dog")
    assert (once == controls.noise(255 - IMAGE, "000000000001-dog")).all()
    for other in ("000000000002-dog", "000000000010-dog", "000000000001-god"):
        assert (once != controls.noise(IMAGE, other)).mean() > 0.9
    turned = controls.noise(IMAGE.transpose(1, 0, 2), "000000000001-dog")
    assert (once.ravel() != turned.ravel()).mean() > 0.9
    assert once.std() == pytest.approx(1, abs=0.05)


def test_noise_scores_the_mask_fraction():
    mask = np.zeros((224, 224), dtype=bool)
    mask[40:120, 70:200] = True
    image = np.zeros((224, 224, 3), dtype=np.uint8)
    scored = score(controls.noise(image, "000000000001-dog"), mask)
    assert scored.concentration == pytest.approx(mask.mean(), abs=0.01)
