"""A study that lists rivals: maps of other targets, and the mean map of the other images."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from pandas.testing import assert_frame_equal
from PIL import Image
from torchvision.models import squeezenet1_1

import lookwhere
from lookwhere.datasets import geometry, masks
from lookwhere.datasets.samples import read_samples

pytestmark = pytest.mark.slow

NAMES = ["traffic light", "stop sign", "umbrella"]
WEIGHTS = "resources/sample/weights/squeezenet1_1.pth"
METHODS = ["backpropagation", "grad_cam", "mean_activation"]
SIZE = 128
STUDY = {
    "classes": [{"name": name, "target": target} for target, name in enumerate(NAMES)],
    "images_per_class": 3,
    "nets": [
        {"name": "net", "architecture": "squeezenet1_1", "weights": WEIGHTS, "outputs": "sigmoid"}
    ],
    "methods": METHODS,
    "sizes": [SIZE],
}
RIVALS = ["other_class", "least_likely", "mean_map"]
JOBS = {"select_others", "compute_rivals", "reduce_maps", "score_means", "gather_rivals"}
OF_MAPS = {"select_subset", "dilate_masks", "compute_maps", "score_maps", "gather_scores"}


def rules(jobs):
    return {job.split()[0] for job in jobs}


@pytest.fixture(scope="module")
def study(house):
    """A study without rivals, which then lists them."""
    assert not rules(house.planned(STUDY)) & JOBS
    house.build(study=STUDY)
    return house


@pytest.fixture(scope="module")
def planned(study):
    return rules(study.planned(STUDY | {"rivals": RIVALS}))


@pytest.fixture(scope="module")
def further(study, planned):
    """The jobs of the other rivals, of a study that has the first."""
    study.build("results/rivals.parquet", study=STUDY | {"rivals": RIVALS[:1]})
    return study.planned(STUDY | {"rivals": RIVALS})


@pytest.fixture(scope="module")
def rivals(study, further):
    study.build(study=STUDY | {"rivals": RIVALS})
    return pd.read_parquet(study.root / "results/rivals.parquet")


def test_without_the_key_there_is_no_table_or_figure_of_them(study):
    for file in ("rivals.parquet", "figures/discrimination.png", "tables/discrimination.csv"):
        assert not (study.root / "results" / file).exists()
    verdicts = pd.read_csv(study.root / "results/tables/verdicts.csv")
    assert verdicts["method"].tolist() == METHODS


def test_the_key_recomputes_no_map_and_no_score(planned):
    assert planned >= JOBS
    assert not planned & OF_MAPS


def of_rule(jobs, rule):
    return [job for job in jobs if job.split()[0] == rule]


def test_another_rival_recomputes_none(further, rivals, study):
    [job] = of_rule(further, "compute_rivals")
    assert "rival=least_likely" in job
    assert not rules(further) & {"select_others", *OF_MAPS}
    left = study.planned(STUDY | {"rivals": RIVALS[1:]})
    assert not rules(left) & {"select_others", "compute_rivals", "reduce_maps", "score_means"}


def test_another_class_recomputes_no_least_likely_output(rivals, study):
    """It may be the other class of samples that the study has."""
    classes = [*STUDY["classes"], {"name": "clock", "target": 5}]
    jobs = of_rule(study.planned(STUDY | {"rivals": RIVALS, "classes": classes}), "compute_rivals")
    [least_likely] = [job for job in jobs if "rival=least_likely" in job]
    assert "selection=2" in least_likely
    assert len([job for job in jobs if "rival=other_class" in job]) == 2


def test_every_record_has_every_rival(rivals, study):
    energy = study.energy()
    assert len(rivals) == len(RIVALS) * len(energy)
    assert not rivals.duplicated(["sample", "net", "method", "size", "rival"]).any()
    of_class = rivals[rivals["rival"] == "other_class"]
    alone = of_class["other_class"].isna()
    assert 0 < alone.sum() < len(of_class)
    assert set(of_class.loc[alone, "status"]) == {"no_other_class"}
    assert not (of_class["other_class"] == of_class["class"].astype(str)).any()


def net_of(root):
    net = squeezenet1_1(num_classes=6)
    net.load_state_dict(torch.load(root / WEIGHTS))
    return net.eval()


def input_of(file):
    pixels = np.asarray(
        Image.open(file).convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    )
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    image = torch.tensor((pixels / 255 - mean) / std, dtype=torch.float32)
    return image.permute(2, 0, 1)[None]


def region_of(root, image_id, name):
    """The dilated mask of a class at the size of the input, from the annotations."""
    content = json.loads((root / "resources/sample/instances.json").read_text())
    [category] = [c["id"] for c in content["categories"] if c["name"] == name]
    [image] = [i for i in content["images"] if i["id"] == image_id]
    size = image["height"], image["width"]
    instances = [
        masks.decode(masks.run_lengths(a["segmentation"], *size), *size)
        for a in content["annotations"]
        if a["image_id"] == image_id and a["category_id"] == category and not a["iscrowd"]
    ]
    return geometry.transform_mask(masks.dilate(np.logical_or.reduce(instances), 0.2), str(SIZE))


def test_the_four_energies_of_a_pair_are_those_of_maps_computed_by_hand(rivals, study):
    sound = rivals[(rivals["pair_status"] == "ok") & (rivals["method"] == "grad_cam")]
    row = sound.iloc[0]
    samples = {s.id: s for s in read_samples(study.root / "results/samples.json")}
    image = input_of(study.root / "resources/sample/images" / samples[row["sample"]].file)
    net = net_of(study.root)
    names = {"own": row["class"], "other": row["other_class"]}
    regions = {key: region_of(study.root, row["image_id"], name) for key, name in names.items()}
    shared = regions["own"] & regions["other"]
    for method in METHODS:
        columns = (rivals["sample"] == row["sample"]) & (rivals["method"] == method)
        [actual] = rivals[columns & (rivals["rival"] == "other_class")].to_dict("records")
        for key, name in names.items():
            maps = lookwhere.explain(net, image, [NAMES.index(name)], "features.12", [method])
            energy = (maps[method][0].astype(np.float64) ** 2).sum(0)
            assert actual[f"{key}_total"] == pytest.approx(energy.sum(), rel=1e-3)
            for place, mask in regions.items():
                expected = energy[mask & ~shared].sum()
                assert actual[f"{key}_on_{place}"] == pytest.approx(expected, rel=1e-3, abs=1e-9)
        assert actual["target"] == NAMES.index(row["other_class"])
        share = energy[regions["own"]].sum() / energy.sum()
        assert actual["concentration"] == pytest.approx(share, rel=1e-3, abs=1e-9)


def test_a_method_that_ignores_the_class_fails(rivals, study):
    free = rivals[rivals["method"] == "mean_activation"]
    own = study.energy().set_index(["sample", "method"])["concentration"]
    by_rival = free.set_index(["sample", "rival"])["concentration"].unstack()
    expected = own.xs("mean_activation", level="method").reindex(by_rival.index)
    for rival in ("other_class", "least_likely"):
        equal = np.isclose(by_rival[rival], expected, rtol=1e-5)
        assert equal[by_rival[rival].notna()].all()
    table = pd.read_csv(study.root / "results/tables/discrimination.csv").set_index("method")
    assert table.loc["mean_activation", ["both", "one", "none"]].tolist() == [0, 1, 0]
    assert table.loc["grad_cam", "both"] > 0.5


def test_the_mean_map_is_that_of_the_other_images(rivals, study):
    """At 128 x 128 a cell of the grid has 4 x 4 pixels."""
    folder = study.root / "results/saliency/net/grad_cam/128/1-1"
    samples = read_samples(study.root / "results/samples.json")
    shares = {}
    for sample in samples:
        energy = (np.load(folder / f"{sample.id}.npy").astype(np.float64) ** 2).sum(0)
        shares[sample.id] = energy.reshape(32, 4, 32, 4).sum((1, 3)) / energy.sum()
    of_method = rivals[(rivals["rival"] == "mean_map") & (rivals["method"] == "grad_cam")]
    scored = of_method.set_index("sample")["concentration"]
    for sample in samples[:3]:
        others = [shares[s.id] for s in samples if s.image_id != sample.image_id]
        mean = np.kron(np.mean(others, axis=0), np.ones((4, 4))) / 16
        mask = region_of(study.root, sample.image_id, sample.class_name)
        assert scored[sample.id] == pytest.approx(mean[mask].sum(), rel=1e-4)


def test_figures_and_tables_are_drawn(rivals, study):
    for file in ("figures/discrimination.pdf", "tables/discrimination.md", "tables/verdicts.tex"):
        assert (study.root / "results" / file).stat().st_size
    verdicts = pd.read_csv(study.root / "results/tables/verdicts.csv").set_index("method")
    assert (verdicts["controls"] + verdicts["untested"]).tolist() == [7, 7, 6]


def test_it_is_the_same_where_maps_are_deleted(rivals, study):
    deleted = STUDY | {"rivals": RIVALS, "keep_maps": False}
    deleted |= {"pathvars": {"results": "results/deleted"}}
    study.build("results/deleted/rivals.parquet", "--set-scatter", "shard=2", study=deleted)
    assert not list((study.root / "results/deleted/saliency").rglob("*.npy"))
    again = pd.read_parquet(study.root / "results/deleted/rivals.parquet")
    assert_frame_equal(again, rivals, rtol=1e-4)


def test_more_images_explain_the_new_samples_alone(rivals, study):
    grown = STUDY | {"rivals": RIVALS, "images_per_class": 4}
    planned = study.planned(grown)
    for rule, count in {"select_others": 1, "compute_rivals": 2, "reduce_maps": 1}.items():
        jobs = of_rule(planned, rule)
        assert len(jobs) == count
        assert all("selection=2" in job for job in jobs)
