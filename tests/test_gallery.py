"""The gallery's data, outlines, pictures and page; tests/browser opens it in a browser."""

import json
import re
import shutil
from dataclasses import replace
from math import isnan
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from lookwhere.charts.style import PALETTE
from lookwhere.datasets import geometry, sizes
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.errors import StudyError
from lookwhere.io import missing
from lookwhere.io.results import checked_file, checked_folder
from lookwhere.methods.names import CONTROL_LABELS, LABELS
from lookwhere.metrics import concentration
from lookwhere.report import gallery, pictures

from .browser.study import CLASSES, METHODS, NETS, SHAPES, SIZES, Study, made_up, small_study
from .studies import OF_MAPS


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return small_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def built(study, tmp_path_factory):
    return study.gallery(tmp_path_factory.mktemp("results") / "gallery")


def samples() -> list[Sample]:
    return [
        Sample(sample_id(number, name), number, name, "", 40, 30, "CC0", None, ())
        for number, name in enumerate([*CLASSES, CLASSES[0]])
    ]


def measures(**columns) -> pd.DataFrame:
    ids = [sample.id for sample in samples()]
    return made_up(ids, NETS, METHODS, SIZES).assign(**columns)


def data(frame: pd.DataFrame) -> dict:
    outlines = ["" for _ in samples()]
    chosen = dict.fromkeys([samples()[0].id], "worst")
    texts = {"chosen": chosen, "total": 60, "regions": "The regions are boxes."}
    return gallery.data(
        frame, samples(), outlines, dict.fromkeys(NETS, SIZES), METHODS, SIZES, **texts
    )


def data_of(page: str) -> dict:
    [text] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


# The data


@pytest.mark.parametrize("name", [*OF_MAPS, "lift"])
def test_numbers_of_maps_are_those_of_the_record(name):
    frame = measures().assign(lift=lambda f: f["concentration"] / f["mask_fraction"])
    numbers = iter(data(frame.drop(columns="lift"))["maps"][name])
    indexed = frame.set_index(["sample", "net", "size", "method"])[name]
    for sample in samples():
        for net in NETS:
            for size in SIZES:
                for method in METHODS:
                    value = indexed.loc[sample.id, net, size, method]
                    assert next(numbers) == (
                        None if isnan(value) else pytest.approx(value, rel=5e-4)
                    )
    assert next(numbers, "end") == "end"


@pytest.mark.parametrize("name", gallery.FACTS)
def test_numbers_of_cards_are_those_of_their_records(name):
    frame = measures()
    keys = [(s.id, net, size, METHODS[-1]) for s in samples() for net in NETS for size in SIZES]
    values = frame.set_index(["sample", "net", "size", "method"])[name].loc[keys]
    expected = [None if isnan(value) else pytest.approx(value, rel=5e-4) for value in values]
    assert data(frame)["cards"][name] == expected


def test_a_net_has_cards_at_its_own_sizes_alone():
    frame, [first, *others] = measures(), NETS
    sizes_of = {first: SIZES[1:], **dict.fromkeys(others, SIZES)}
    kept = frame[(frame["net"] != first) | frame["size"].isin(sizes_of[first])]
    texts = {"chosen": {}, "total": 60, "regions": ""}
    known = gallery.data(
        kept, samples(), ["" for _ in samples()], sizes_of, METHODS, SIZES, **texts
    )
    places = [(known["nets"][net], known["sizes"][size]) for net, size in known["cells"]]
    assert places == [(first, SIZES[1]), *((net, size) for net in others for size in SIZES)]
    shares = kept.set_index(["sample", "net", "size", "method"])["mask_fraction"]
    keys = [(sample.id, *place, METHODS[0]) for sample in samples() for place in places]
    assert known["cards"]["mask_fraction"] == pytest.approx(list(shares.loc[keys]), rel=5e-4)


def test_controls_stand_beside_the_methods_and_not_among_them():
    frame = measures()
    known = data(frame)
    assert [method["name"] for method in known["methods"]] == METHODS
    keys = [(s.id, net, size, "sobel") for s in samples() for net in NETS for size in SIZES]
    values = frame.set_index(["sample", "net", "size", "method"])["concentration"].loc[keys]
    assert known["controls"]["sobel"] == pytest.approx(list(values), rel=5e-4)
    assert list(known["controls"]) == list(CONTROL_LABELS)


def test_methods_of_equal_maps_are_named():
    assert data(measures())["equal"] == []
    [sentence] = data(measures().assign(concentration=lambda f: f["mask_fraction"]))["equal"]
    named, nets = sentence.removesuffix(".").split(" have equal maps on ")
    assert set(re.split(", | and ", named)) == {LABELS[method] for method in METHODS}
    assert set(nets.split(", ")) == set(NETS)


def test_every_status_has_a_text():
    assert tuple(gallery.STATUSES) == concentration.STATUSES
    frame = measures()
    statuses = data(frame)["maps"]["status"]
    names = [list(gallery.STATUSES)[status] for status in statuses]
    of_methods = frame[frame["method"].isin(METHODS)]
    assert (
        pd.Series(names).value_counts().to_dict() == of_methods["status"].value_counts().to_dict()
    )


def test_samples_have_their_class_and_methods_their_colour():
    known = data(measures())
    assert known["classes"] == CLASSES
    assert known["samples"]["class"] == [0, 1, 2, 0]
    for method in known["methods"]:
        assert method["color"] == to_hex(PALETTE[method["name"]])
        assert method["label"] == LABELS[method["name"]]


def test_numbers_are_short_and_counts_exact():
    known = data(measures(concentration=0.123456789, target=21840, target_rank=12345.0))
    assert set(known["maps"]["concentration"]) == {0.1235}
    assert set(known["cards"]["target"]) == {21840}
    assert set(known["cards"]["target_rank"]) == {12345}


def test_outputs_of_a_sigmoid_are_known():
    frame = measures().assign(
        output_activation=lambda f: np.where(f["net"] == NETS[0], "sigmoid", "softmax")
    )
    expected = [net == NETS[0] for _ in samples() for net in NETS for _ in SIZES]
    assert data(frame)["cards"]["sigmoid"] == expected
    for value in (True, False, None):
        table = frame.assign(target_recognised=pd.array([value] * len(frame), dtype="boolean"))
        assert set(data(table)["cards"]["recognised"]) == {value is True}
    with pytest.raises(StudyError, match="output activation 'tanh'"):
        data(measures(output_activation="tanh"))


@pytest.mark.parametrize("dtype", ["boolean", object], ids=str)
def test_energy_is_negligible_where_the_measures_flag_it(dtype):
    frame = measures().astype({"negligible_energy": dtype})
    flags = data(frame)["maps"]["negligible"]
    defined = frame["method"].isin(METHODS) & (frame["status"] == "ok")  # 0 has a status of its own
    of_methods = frame[defined]["negligible_energy"]
    assert flags.count(True) == of_methods.fillna(False).astype(bool).sum() > 0
    assert set(flags) == {True, False}  # unknown is not negligible


@pytest.mark.parametrize("column", ["output_activation", "negligible_energy", "target_rank"])
def test_a_missing_column_is_named(column):
    with pytest.raises(StudyError, match=f"no column '{column}': delete measures.parquet"):
        data(measures().drop(columns=column))


def test_samples_have_the_reason_of_their_choice_and_the_study_its_total():
    known = data(measures())
    assert known["total"] == 60
    assert known["samples"]["chosen"] == ["worst", "named", "named", "named"]
    with pytest.raises(ValueError, match="'best', not as one of"):
        gallery.data(
            measures(),
            samples(),
            ["" for _ in samples()],
            dict.fromkeys(NETS, SIZES),
            METHODS,
            SIZES,
            chosen={samples()[0].id: "best"},
            total=60,
            regions="",
        )


def test_samples_of_the_study_are_counted_in_its_measures(built):
    assert data_of((built / "index.html").read_text("utf-8"))["total"] == 6


@pytest.mark.parametrize("value", [np.nan, np.inf, None], ids=str)
def test_what_is_not_finite_is_null(value):
    known = data(measures(concentration=value, target_rank=value))
    assert set(known["maps"]["concentration"]) == {None}
    assert set(known["maps"]["lift"]) == {None}
    assert set(known["cards"]["target_rank"]) == {None}


def test_an_empty_mask_has_no_lift():
    known = data(measures(concentration=np.nan, mask_fraction=0.0, status="empty_mask"))
    assert set(known["maps"]["lift"]) == {None}


def test_a_missing_record_is_named():
    frame = measures()
    lost = (frame["sample"] == samples()[1].id) & (frame["method"] == "grad_cam")
    with pytest.raises(StudyError, match=rf"{samples()[1].id}, vgg19, original, grad_cam \(4 "):
        data(frame[~lost])


# Outlines


def mask_of(kind: str) -> np.ndarray:
    mask = np.zeros((300, 400), dtype=np.uint8)
    if kind != "empty":
        cv2.ellipse(mask, (150, 120), (90, 60), 30, 0, 360, 1, -1)
    if kind == "hole":
        cv2.circle(mask, (150, 120), 30, 0, -1)
    if kind == "parts":
        cv2.rectangle(mask, (300, 200), (399, 299), 1, -1)  # up to the image's corner
    if kind == "everything":
        mask[:] = 1
    return mask.astype(bool)


def fill(path: str, height: int, width: int) -> np.ndarray:
    """The pixels that the path surrounds, by OpenCV's even-odd rule."""
    polygons = [
        np.rint(np.array(part.split(), float).reshape(-1, 2) * [width, height] / 1000 - 0.5)
        for part in re.findall(r"M([\d ]+)Z", path)
    ]
    canvas = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(canvas, [polygon.astype(np.int32) for polygon in polygons], 1)
    return canvas.astype(bool)


@pytest.mark.parametrize("kind", ["blob", "hole", "parts", "everything"])
def test_outline_surrounds_the_mask(kind):
    mask = mask_of(kind)
    filled = fill(gallery.outline(mask), *mask.shape)
    assert (filled & mask).sum() / (filled | mask).sum() > 0.98
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) != cv2.erode(
        mask.astype(np.uint8), np.ones((5, 5))
    )
    assert ring[filled != mask].all()  # where they differ, it is by 2 pixels at most


def test_outline_is_short_and_lies_on_the_grid():
    path = gallery.outline(mask_of("parts"))
    assert re.fullmatch(r"(M\d+( \d+)*Z)+", path)
    assert len(path) < 400
    numbers = [int(number) for number in re.findall(r"\d+", path)]
    assert 0 <= min(numbers) <= max(numbers) <= 1000


def test_an_empty_mask_has_no_outline_and_a_single_pixel_has_one():
    assert gallery.outline(mask_of("empty")) == ""
    lonely = np.zeros((10, 20), dtype=bool)
    lonely[4, 10] = True
    assert gallery.outline(lonely) == "M525 450Z"


@pytest.mark.parametrize("size", ["original", "224", "short-224", "crop-224", "pad-224"])
@pytest.mark.parametrize("shape", [(300, 400), (400, 300), (300, 300)])
def test_window_places_the_outline_in_the_input(shape, size):
    mask = mask_of("blob")[: shape[0], : shape[1]]
    mask = np.pad(mask, [(0, new - old) for new, old in zip(shape, mask.shape, strict=True)])
    expected = geometry.transform_mask(mask, size)
    height, width = expected.shape
    left, top, across, down = map(float, gallery.window(sizes.place(size, *shape)).split())
    points = [
        (np.array(part.split(), float).reshape(-1, 2) - [left, top]) / [across, down]
        for part in re.findall(r"M([\d ]+)Z", gallery.outline(mask))
    ]
    canvas = np.zeros((height, width), dtype=np.uint8)
    polygons = [np.rint(part * [width, height] - 0.5).astype(np.int32) for part in points]
    cv2.fillPoly(canvas, polygons, 1)
    filled = canvas.astype(bool)
    assert (filled & expected).sum() / (filled | expected).sum() > 0.97


# Pictures


@pytest.mark.parametrize(
    ("shape", "size"),
    [((480, 640), (320, 240)), ((640, 427), (214, 320)), ((224, 224), (224, 224))],
    ids=str,
)
def test_pictures_are_at_most_of_display_size(tmp_path, shape, size):
    gallery.save(np.full((*shape, 3), 200, np.uint8), tmp_path / "a" / "b.webp")
    with Image.open(tmp_path / "a" / "b.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", size)
        assert np.asarray(picture).mean() == pytest.approx(200, abs=2)


def test_a_thin_picture_keeps_a_pixel(tmp_path):
    gallery.save(np.zeros((2, 2000, 3), np.uint8), tmp_path / "thin.webp")
    with Image.open(tmp_path / "thin.webp") as picture:
        assert picture.size == (320, 1)


# The page


def test_gallery_has_a_picture_of_every_input_and_map(built):
    known = data_of((built / "index.html").read_text("utf-8"))
    ids = known["samples"]["id"]
    expected = {gallery.input_path(size, sample) for size in SIZES for sample in ids} | {
        path(net, method, size, sample)
        for path in (gallery.map_path, gallery.scored_path)
        for net in NETS
        for method in METHODS
        for size in SIZES
        for sample in ids
    }
    files = {file.relative_to(built) for file in built.rglob("*") if file.is_file()}
    assert files == {*expected, Path("index.html"), Path("dataset.html")}
    assert len(ids) == 6


def test_a_method_that_is_not_defined_has_a_text_and_no_picture(study, tmp_path):
    """Its records have the status, and its folder of the showcase the reason and no map."""
    shards = [Path(shard) for shard in study.arguments["maps"]]
    maps = []
    for shard in shards:
        place = tmp_path / Path(*shard.parts[-4:])
        with checked_folder(place) as draft:
            shutil.copytree(shard, draft, dirs_exist_ok=True)
            if NETS[0] in shard.parts:
                shutil.rmtree(draft / METHODS[0])
                (draft / METHODS[0]).mkdir()
                missing.note(draft / METHODS[0], "the net uses GELU")
        maps.append(str(place))
    table = study.measures
    lost = (table["net"] == NETS[0]) & (table["method"] == METHODS[0])
    with checked_file(tmp_path / "measures.parquet") as draft:
        numbers = table[OF_MAPS].mask(lost)
        status = table["status"].mask(lost, "not_defined")
        table.assign(**numbers, status=status).to_parquet(draft)
    arguments = study.arguments | {"maps": maps, "measures": str(tmp_path / "measures.parquet")}
    built = replace(study, arguments=arguments).gallery(tmp_path / "gallery")
    known = data_of((built / "index.html").read_text("utf-8"))["maps"]
    assert [not there for there in known["there"]] == [
        known["status"][place] == list(gallery.STATUSES).index("not_defined")
        for place in range(len(known["there"]))
    ]
    assert known["there"].count(False) == lost.sum()
    pictured = {file.parts[-4:-2] for file in built.glob("pictures/*/*/*/*/*.webp")}
    expected = {(net, method) for net in NETS for method in METHODS}
    assert pictured == expected - {(NETS[0], METHODS[0])}


def test_pictures_are_heat_at_the_input_size(built, study):
    sample = sample_id(2, CLASSES[0])
    shard = next(s for s in study.arguments["maps"] if "/alexnet/original/" in s)
    saliency = np.load(f"{shard}/grad_cam/{sample}.npy")
    with Image.open(study.arguments["images"].root / "2.png") as file:
        image = np.asarray(file)
    heat = pictures.heat(saliency, image)
    with Image.open(built / gallery.map_path("alexnet", "grad_cam", "original", sample)) as file:
        picture = np.asarray(file.convert("RGB"))
    assert picture.shape == heat.shape
    assert np.corrcoef(picture.ravel(), heat.ravel())[0, 1] > 0.8  # noise compresses badly
    with Image.open(built / gallery.input_path("64", sample)) as file:
        assert file.size == (64, 64)


def test_pictures_as_scored_are_of_the_energy(built, study):
    sample = sample_id(2, CLASSES[0])
    shard = next(s for s in study.arguments["maps"] if "/alexnet/original/" in s)
    saliency = np.load(f"{shard}/grad_cam/{sample}.npy")
    with Image.open(study.arguments["images"].root / "2.png") as file:
        image = np.asarray(file)
    heat = pictures.heat_as_scored(saliency, image)
    with Image.open(built / gallery.scored_path("alexnet", "grad_cam", "original", sample)) as file:
        picture = np.asarray(file.convert("RGB"))
    assert picture.shape == heat.shape
    assert np.corrcoef(picture.ravel(), heat.ravel())[0, 1] > 0.8


def test_outlines_are_those_of_the_masks_at_original_size(built):
    known = data_of((built / "index.html").read_text("utf-8"))["samples"]
    for outline, name in zip(known["outline"], known["id"], strict=True):
        height, width = SHAPES[int(name.split("-")[0])]
        assert 150 < fill(outline, height, width).sum() < 500  # a quadrangle of 25 x 18 pixels


def test_page_needs_nothing_but_its_folder(built, study):
    page = (built / "index.html").read_text("utf-8")
    assert not re.findall(r"\w+://", page)
    assert "file:" not in page.replace("img-src 'self' file:", "")
    folders = {str(study.arguments["images"]), str(built), str(built.parent)}
    assert not any(folder in page for folder in folders)
    [link] = re.findall(r"""(?:src|href)=["']?(?!data:|#)[^"' >]+""", page.split("<script")[0])
    assert link == 'href="dataset.html'
    assert "NaN" not in page.split("<script")[1]
    assert "{{" not in page


def test_names_do_not_break_out_of_the_page(built):
    page = (built / "index.html").read_text("utf-8")
    assert data_of(page)["classes"] == CLASSES
    assert page.count("<script") == page.count("</script") == 2
    assert "<!--" not in page
    assert not any(name in page for name in CLASSES[1:])


def test_places_of_the_template_are_filled_once():
    page = gallery.page("{{ css }}|{{ js }}|{{ data }}", r"\1 {{ js }}", "js", {"a": "{{ css }}"})
    assert page == r'\1 {{ js }}|js|{"a":"{{ css }}"}'


def test_a_number_that_is_not_finite_never_reaches_the_page():
    with pytest.raises(ValueError, match="not JSON compliant"):
        gallery.page("{{ data }}", "", "", {"concentration": float("nan")})


def test_a_gallery_that_fails_leaves_none_behind(study, tmp_path):
    broken = replace(study, arguments={**study.arguments, "maps": []})
    with pytest.raises(StudyError, match="there is no map"):
        broken.gallery(tmp_path / "gallery")
    assert list(tmp_path.iterdir()) == []
