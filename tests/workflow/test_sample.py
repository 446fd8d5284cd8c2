"""The default study, as ``snakemake`` builds it in a fresh clone."""

import re
from importlib.metadata import version
from itertools import product

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from ..studies import FIVE

pytestmark = pytest.mark.slow

METHODS = [
    *FIVE,
    "input_x_gradient",
    "grad_cam_plus_plus",
    "hires_cam",
    "layer_cam",
    "mean_activation",
]
TRAINED = ["squeezenet1_1", "shufflenet_v2_x0_5", "mnasnet0_5"]
SEEING = [name for name in METHODS if name not in ("deconvolution", "mean_activation")]


@pytest.fixture(scope="module")
def study(house):
    house.build("--cores", "all")
    return house


@pytest.fixture(scope="module")
def random_twins(study):
    """The sample's nets, untrained."""
    nets = [{"name": n, "architecture": n, "weights": "random"} for n in TRAINED]
    results = {"results": "results/random"}
    study.build("results/random/energy.parquet", study={"nets": nets, "pathvars": results})
    return study.energy("results/random")


def lifts(energy: pd.DataFrame) -> pd.DataFrame:
    """Lift by net (rows) and method (columns)."""
    defined = energy.dropna(subset="concentration")
    means = defined.groupby(["net", "method"])[["concentration", "mask_fraction"]].mean()
    return (means["concentration"] / means["mask_fraction"]).unstack()


def test_every_record_is_there_once_with_the_columns_of_the_contract(study):
    energy, subset = study.energy(), pd.read_csv(study.root / "results/subset.csv")
    assert list(energy.columns) == [
        *("sample", "image_id", "class", "net", "method", "size"),
        *("concentration", "energy_inside", "energy_total", "mask_fraction"),
        *("target", "target_rank", "target_probability", "status"),
    ]
    nets = [*TRAINED, "squeezenet1_1_random"]
    cells = set(product(subset["sample"], nets, METHODS, ["original", "224"]))
    records = list(energy[["sample", "net", "method", "size"]].itertuples(index=False, name=None))
    assert len(records) == len(cells)
    assert set(records) == cells


def test_concentration_is_null_exactly_where_the_status_is_not_ok(study):
    energy = study.energy()
    assert (energy["concentration"].isna() == (energy["status"] != "ok")).all()
    assert energy["concentration"].dropna().between(0, 1).all()
    assert energy["target_probability"].between(0, 1).all()


def test_subset_holds_images_per_class_samples_of_each_class(study):
    subset = pd.read_csv(study.root / "results/subset.csv")
    assert list(subset.columns) == [
        *("sample", "image_id", "class", "file", "width", "height", "file_width", "file_height"),
        *("orientation", "instances", "boxes", "crowds", "bbox_iou", "ignored_fraction"),
        *("mask_fraction", "mask_growth", "licence"),
    ]
    assert subset["class"].value_counts().unique().tolist() == [10]
    for row in subset.itertuples():
        mask = Image.open(study.root / "results/masks" / f"{row.sample}.png")
        assert mask.size == (row.width, row.height)
        assert set(mask.getdata()) == {0, 255}


@pytest.mark.parametrize("net", TRAINED)
def test_trained_nets_look_at_the_object(study, net):
    lift = lifts(study.energy()).loc[net]
    assert (lift[SEEING] > 4).all(), lift
    assert lift.idxmax() == "guided_grad_cam", lift


@pytest.mark.parametrize("net", TRAINED)
def test_random_nets_look_everywhere(random_twins, net):
    lift = lifts(random_twins).loc[net]
    assert 0.6 < lift["input_x_gradient"] < 2, lift  # 1.9: of the image itself
    others = [name for name in SEEING if name != "input_x_gradient"]
    assert lift[others].between(0.6, 1.6).all(), lift


@pytest.mark.parametrize("net", TRAINED)
def test_trained_nets_recognise_the_object_and_the_untrained_one_does_not(study, net):
    measures = pd.read_parquet(study.root / "results/measures.parquet")
    recognised = measures[measures["method"] == "grad_cam"].groupby("net")["target_recognised"]
    assert recognised.mean()[net] > 0.9
    assert recognised.mean()["squeezenet1_1_random"] == 0


def test_the_probability_is_the_sigmoid_of_the_logit(study):
    """The sample's nets are multi-label: each output has its own probability."""
    energy = study.energy()
    for net, size in product(TRAINED, ["original", "224"]):
        shard = study.root / f"results/predictions/{net}/{size}/backpropagation/1-1.parquet"
        logits = pd.read_parquet(shard).set_index("sample")["logit"]
        records = energy.query("net == @net and size == @size and method == 'grad_cam'")
        expected = 1 / (1 + np.exp(-logits[records["sample"]].to_numpy()))
        assert records["target_probability"].tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize("name", ["concentration", "concentration_all"])
def test_tables_match_the_records(study, name):
    energy = study.energy()
    if name == "concentration":  # like the figure of this name
        energy = energy[energy["net"].isin(TRAINED)]
    table = pd.read_csv(study.root / f"results/tables/{name}.csv").set_index("method")
    assert list(table.index) == [*METHODS, "centre", "sobel", "noise"]
    for method, records in energy.groupby("method"):
        row = table.loc[method]
        assert row["records"] == len(records)
        assert row["undefined"] == records["concentration"].isna().sum()
        assert row["sum"] == pytest.approx(records["concentration"].dropna().sum())
        assert row["mean"] == pytest.approx(records["concentration"].dropna().mean())
    for suffix in ("md", "tex"):
        text = (study.root / f"results/tables/{name}.{suffix}").read_text()
        assert f"{table.loc['guided_grad_cam', 'mean']:.3f}" in text


def test_measures_hold_the_energy_table_and_the_controls(study):
    energy = study.energy()
    measures = pd.read_parquet(study.root / "results/measures.parquet")
    shared = [column for column in energy.columns if column in measures]
    of_methods = measures[measures["method"].isin(METHODS)].reset_index(drop=True)
    assert of_methods["net"].cat.ordered
    plain = of_methods[shared].astype(energy[shared].dtypes)
    pd.testing.assert_frame_equal(plain, energy[shared])
    of_no_net = measures[measures["net"].isna()]
    assert sorted(of_no_net["method"].unique()) == ["centre", "noise", "sobel"]
    assert len(of_no_net) == len(measures) - len(energy) == 60 * 2 * 3  # once a sample and size


def test_sweep_at_the_studys_dilation_is_the_concentration(study):
    key = ["sample", "net", "method", "size"]
    measures = pd.read_parquet(study.root / "results/measures.parquet")
    sweep = pd.read_parquet(study.root / "results/dilation_sweep.parquet")
    assert len(sweep) == 11 * len(measures)
    both = measures.merge(sweep[sweep["dilation"] == 0.2], on=key, suffixes=("", "_swept"))
    assert both["concentration_swept"].tolist() == pytest.approx(both["concentration"].tolist())
    assert (both["mask_fraction_swept"] == both["mask_fraction"]).all()


def test_noise_is_at_chance_and_trained_nets_beat_every_control(study):
    by_net = pd.read_csv(study.root / "results/tables/concentration_by_net.csv")
    noise = by_net[by_net["method"] == "noise"]
    assert noise["lift"].between(0.95, 1.05).all()
    differences = pd.read_csv(study.root / "results/tables/differences_by_net.csv")
    seeing = differences["net"].isin(TRAINED) & differences["method"].isin(SEEING)
    against = differences[seeing & ~differences["other"].isin(METHODS)]
    assert set(against["other"]) == {"centre", "sobel", "noise", "squeezenet1_1_random"}
    twins = against[against["other"] == "squeezenet1_1_random"]
    assert set(twins["net"]) == {"squeezenet1_1"}  # of its own architecture alone
    assert (against["low"] > 0.2).all()
    assert (against["p_holm"] < 0.001).all()


def test_guided_grad_cam_is_ahead_of_every_method_on_the_same_records(study):
    differences = pd.read_csv(study.root / "results/tables/differences.csv")
    ahead = differences[differences["method"] == "guided_grad_cam"]
    assert len(ahead) == len(METHODS) - 1 + 4  # methods and controls
    assert (ahead["low"] > 0).all()
    assert (ahead["p_holm"] < 0.001).all()


def test_equal_maps_are_named_and_not_tested(study):
    differences = pd.read_csv(study.root / "results/tables/differences.csv")
    equal = differences[differences["result"] == "equal"]
    assert equal[["method", "other"]].values.tolist() == [["hires_cam", "grad_cam"]]
    assert equal["p"].isna().all()


def test_a_map_of_every_method_has_its_cost(study):
    costs = pd.read_parquet(study.root / "results/costs.parquet")
    nets = [*TRAINED, "squeezenet1_1_random"]
    cells = costs[["net", "size", "method"]].itertuples(index=False, name=None)
    assert sorted(cells) == sorted(product(nets, ["original", "224"], METHODS))
    assert (costs["seconds"] > 0).all()
    passes = costs.groupby("method", observed=True)[["forward_passes", "backward_passes"]]
    assert (passes.max() == passes.min()).all(axis=None)
    backward = dict.fromkeys(METHODS, 1) | {"guided_grad_cam": 2, "mean_activation": 0}
    assert passes.max()["backward_passes"].to_dict() == backward
    assert (costs["forward_passes"] == 1).all()
    table = pd.read_csv(study.root / "results/tables/cost.csv")
    assert len(table) == len(TRAINED) * 2 * len(METHODS)


def test_nothing_is_undefined_on_the_sample_and_the_list_is_empty(study):
    assert pd.read_csv(study.root / "results/undefined.csv").empty
    assert pd.read_csv(study.root / "results/tables/undefined.csv").empty


FIGURES = [
    "certainty",
    "comparison",
    "concentration",
    "concentration_by_class",
    "concentration_by_net_224",
    "concentration_by_net_original",
    "concentration_by_size",
    "controls",
    "cost",
    "differences",
    "dilation_sweep",
    "distribution",
    "lift",
    "measures",
    "ranks",
    "wins",
]


def test_every_figure_is_there_and_no_other(study):
    figures = (study.root / "results/figures").glob("*.png")
    assert sorted(path.stem for path in figures) == FIGURES


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_are_there_in_every_format(study, figure):
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "eps": b"%!PS-Adobe"}
    for suffix, magic in start.items():
        content = (study.root / f"results/figures/{figure}.{suffix}").read_bytes()
        assert content.startswith(magic)
        assert len(content) > 5000
        assert len(content) < (3_000_000 if suffix == "eps" else 6_000_000)
    page = (study.root / f"results/figures/{figure}.html").read_text()
    assert '<img alt="' in page


def test_configuration_and_software_are_recorded(study):
    results = study.root / "results"
    recorded = yaml.safe_load((results / "configuration.yaml").read_text())
    assert recorded == yaml.safe_load((study.root / "config.yaml").read_text())
    software = pd.read_csv(results / "software.csv").set_index("name")["version"]
    assert software["workflow"].startswith("unknown")  # a copy, without its repository
    assert software["torch"] == version("torch")
    assert software["snakemake"] == version("snakemake")


def test_the_report_holds_every_table_and_figure(study):
    study.build("--report", "results/report.html")
    report = (study.root / "results/report.html").read_text()
    tables = sorted(path.stem for path in (study.root / "results/tables").glob("*.csv"))
    assert len(tables) == 22
    for name in [f"{figure}.html" for figure in FIGURES] + [f"{t}.html" for t in tables]:
        assert f'"name": "{name}"' in report, name
    for words in (
        "uninformative map",
        "Differences in concentration by net",
        "Configuration and software",
        "Data set",
    ):
        assert words in report
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.https?:", report)


def test_showcase_has_a_picture_of_every_map(study):
    pictures = sorted((study.root / "results/figures/maps").rglob("*.png"))
    assert len(pictures) == 2 * 4 * len(METHODS) * 2 * 2  # samples, nets, methods, sizes, kinds
    for picture in pictures:
        with Image.open(picture) as image:
            image.verify()


def test_running_again_does_nothing(study):
    assert study.planned() == []


def test_a_figure_is_built_by_its_name_alone(study):
    (study.root / "results/figures/concentration.png").unlink()
    study.build("results/figures/concentration.png")
    assert (study.root / "results/figures/concentration.png").exists()
