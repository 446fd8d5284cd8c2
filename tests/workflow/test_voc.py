"""A study of PASCAL VOC: masks with void borders, ids that are text, an image with a box alone."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from .conftest import SMALL

pytestmark = pytest.mark.slow

STUDY = SMALL | {
    "dataset": {
        "format": "voc",
        "annotations": "mine/VOCdevkit",
        "images": "mine/VOCdevkit/VOC2012/JPEGImages",
    },
    "classes": [{"name": "dog", "target": 920}, {"name": "cat", "target": 281}],
    "sizes": ["original"],
    "methods": ["backpropagation", "guided_backpropagation"],
    "charts": ["concentration"],
}
CAT, DOG, VOID = 8, 12, 255  # palette indices
RNG = np.random.default_rng(0)


def draw(root, stem):
    """An image with a dog and a cat, which cover each other, and void borders of three pixels."""
    shape = 70, 90
    classes, instances = np.zeros((2, *shape), dtype=np.uint8)
    for number, index in enumerate((DOG, CAT), 1):
        top, left = RNG.integers(5, 35, 2)
        rows, columns = slice(top, top + 20), slice(left, left + 30)
        classes[rows, columns], instances[rows, columns] = index, number
    border = ndimage.morphological_gradient(instances, size=5) > 0
    classes[border], instances[border] = VOID, VOID
    for folder, pixels in (("SegmentationClass", classes), ("SegmentationObject", instances)):
        Image.fromarray(pixels).save(root / folder / f"{stem}.png")
    image = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    Image.fromarray(image).save(root / f"JPEGImages/{stem}.jpg")


@pytest.fixture(scope="module")
def study(house):
    root = house.root / "mine/VOCdevkit/VOC2012"
    for folder in ("Annotations", "JPEGImages", "SegmentationClass", "SegmentationObject"):
        (root / folder).mkdir(parents=True)
    for number in range(2):
        draw(root, f"2007_{number:06d}")
    (root / "Annotations/2008_000001.xml").write_text(
        "<annotation><size><width>9</width><height>9</height></size><object><name>cat</name>"
        "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>"
        "</annotation>"
    )
    house.build(study=STUDY)
    return house


def dilated(mask):
    """The mask, grown by the nearest pixels until its area has grown by a fifth."""
    distance = ndimage.distance_transform_edt(~mask)
    reach = np.sort(distance[~mask])[round(0.2 * mask.sum()) - 1]
    return distance <= reach + 1e-4


def test_concentration_is_that_of_the_maps_and_pictures_without_void(study):
    results, root = study.root / "results", study.root / "mine/VOCdevkit/VOC2012"
    energy = study.energy()
    assert len(energy) == 2 * 2 * 2
    assert energy["image_id"].str.fullmatch(r"2007_\d{6}").all()
    assert (energy["status"] == "ok").all()
    for row in energy.itertuples():
        classes = np.asarray(Image.open(root / f"SegmentationClass/{row.image_id}.png"))
        counts = classes != VOID
        mask = dilated(classes == (DOG if row.sample.endswith("dog") else CAT)) & counts
        [file] = (results / f"saliency/squeezenet/{row.method}/original").glob(
            f"*/{row.sample}.npy"
        )
        squares = (np.load(file).astype(np.float64) ** 2).sum(axis=0)
        assert row.energy_total == pytest.approx(squares[counts].sum(), rel=1e-9)
        assert row.energy_inside == pytest.approx(squares[mask].sum(), rel=1e-9)
        assert row.concentration == pytest.approx(squares[mask].sum() / squares[counts].sum())
        assert row.mask_fraction == pytest.approx(mask.sum() / counts.sum(), rel=1e-12)


def test_the_samples_are_listed_with_their_void(study):
    subset = pd.read_csv(study.root / "results/subset.csv")
    assert len(subset) == 4
    assert subset["boxes"].eq(0).all()
    for row in subset.itertuples():
        file = study.root / f"mine/VOCdevkit/VOC2012/SegmentationClass/{row.image_id}.png"
        void = np.asarray(Image.open(file)) == VOID
        assert row.ignored_fraction == pytest.approx(void.mean(), rel=1e-12)
    log = (study.root / "results/logs/select_subset/1.log").read_text()
    assert "1 of 3 annotations of 'cat' are boxes without a mask: 1 image left out" in log


def test_images_among_the_annotations_are_no_annotations(study):
    """No result depends on an image that is not drawn."""
    assert study.planned(STUDY) == []
    other = study.root / "mine/VOCdevkit/VOC2012/JPEGImages/2009_000001.png"
    Image.new("RGB", (9, 9)).save(other)
    planned = study.planned(STUDY)
    other.unlink()
    assert planned == []
    mask = next((study.root / "mine/VOCdevkit/VOC2012/SegmentationClass").glob("*.png"))
    content = mask.read_bytes()
    Image.new("RGB", (9, 9)).save(mask)
    planned = {job.split()[0] for job in study.planned(STUDY)}
    mask.write_bytes(content)
    assert "select_subset" in planned
