"""The study of a configuration: defaults, and derived values."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from lookwhere.errors import StudyError
from lookwhere.methods.names import METHODS
from lookwhere.study import validation
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.entries import entries, files_of
from lookwhere.study.fields import Part
from lookwhere.study.homes import expanded
from lookwhere.study.load import load

REPOSITORY = Path(__file__).parents[1]
CATALOGUE = Catalogue.read(REPOSITORY / "resources")
SHIPPED = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
DRAWN = [SHIPPED["dataset"]["annotations"], SHIPPED["dataset"]["images"]]
FIVE = ["backpropagation", "deconvolution", "guided_backpropagation", "grad_cam", "guided_grad_cam"]
# The required keys of a study, beside the data set.
LEAST = {
    "classes": [{"name": "clock"}],
    "images_per_class": 2,
    "seed": 7,
    "mask_dilation": 0.2,
    "nets": [{"name": "mine", "architecture": "squeezenet1_1", "weights": "random"}],
    "methods": ["grad_cam"],
    "sizes": [64, "original"],
}


@pytest.fixture(autouse=True)
def at_the_repository(monkeypatch):
    monkeypatch.chdir(REPOSITORY)


def study(**changes):
    config = {**SHIPPED, **LEAST, **changes}
    return load(config, CATALOGUE, {"methods": METHODS}, drawn=DRAWN)


def faults(**changes):
    """The lines of the error message of a study."""
    with pytest.raises(StudyError) as error:
        study(**changes)
    return [line.removeprefix("  - ") for line in str(error.value).splitlines()[1:]]


def net(**changes):
    return {**LEAST["nets"][0], **changes}


def test_a_net_may_have_sizes_of_its_own_and_the_study_has_all_that_are_used():
    nets = [net(name="inception", sizes=[299]), net(name="small", sizes=["crop-32", 64]), net()]
    model = study(nets=nets, sizes=[224, 64])
    assert {item.name: item.sizes for item in model.nets} == {
        "inception": ("299",),
        "small": ("crop-32", "64"),
        "mine": ("224", "64"),
    }
    assert model.sizes == ("224", "64", "299", "crop-32")
    assert "sizes" not in model.net_settings["small"]  # a further size leaves maps at others
    assert study(nets=nets[:2]).sizes == ("64", "299", "crop-32")  # no net has the original
    assert study(nets=nets[:1]).contents["sizes_of_a_net"] == ("299",)
    untrained = [net(name="trained", weights="IMAGENET1K_V1", sizes=[32]), net()]
    assert study(nets=untrained).contents["sizes_of_a_net"] == ("32",)


def test_wrong_sizes_of_a_net_are_errors_as_those_of_the_study():
    assert faults(nets=[net(sizes=[64, "fit-4"])]) == [
        "nets[0].sizes[1]: 'fit-4' is not allowed; give original, n, short-n, crop-n or pad-n, n "
        "from 1 to 9999"
    ]
    [empty] = faults(nets=[net(sizes=[])])
    assert empty.startswith("nets[0].sizes: [] is not allowed; give a list of input sizes")
    assert faults(nets=[net(), net(name="b", sizes=[64, "64"])]) == [
        "nets[1].sizes: '64' is listed 2 times; list it once"
    ]


def test_nets_of_lists_have_names_of_their_own():
    """Files and rows of a net are its own: those of a list end in the layer or the way."""
    listed = net(target_layer=["features.8", "features.12"])
    both = {"explain": ["annotated", "predicted"]}
    collision = "both make a net {!r}, since target_layer or explain is a list; give one of them"
    [of_layer] = faults(nets=[listed, net(name="mine-features.8")])
    assert of_layer.startswith(
        "nets: 'mine' and 'mine-features.8' " + collision.format("mine-features.8")
    )
    [of_way] = faults(nets=[net(), net(name="mine-predicted", explain="annotated")], **both)
    assert of_way.startswith(
        "nets: 'mine' and 'mine-predicted' " + collision.format("mine-predicted")
    )
    [of_signs] = faults(nets=[net(target_layer=["features[-1]", "features(-1)"])])
    assert of_signs == (
        "nets: the target layers 'features(-1)' and 'features[-1]' of 'mine' both make a net "
        "'mine-features_-1_'; leave out one"
    )
    other = [listed, net(name="mine_features.8")]
    names = [item.name for item in study(nets=other).nets]
    assert names == ["mine-features.8", "mine-features.12", "mine_features.8"]
    assert len({item.name for item in study(nets=other, **both).nets}) == 6


def test_every_default_is_filled_in():
    model = study()
    assert model.dataset.format == "coco"
    assert model.dataset.source == ""
    assert model.precision == "float32"
    assert model.keep_maps is True
    assert model.reference == ""
    assert model.showcase == ()
    assert (model.metrics, model.controls, model.charts) == ([], [], [])
    assert model.sizes == ("64", "original")
    assert model.class_settings == [{"name": "clock", "targets": [409, 530, 892]}]
    assert model.net_settings == {
        "mine": {
            "name": "mine",
            "architecture": "squeezenet1_1",
            "arguments": {},
            "weights": "random",
            "weights_key": "",
            "target_layer": "features.12",
            "input": {},
            "explain": "annotated",
            "outputs": "softmax",
            "threshold": 0.5,
            "precision": "float32",
        }
    }


def test_values_of_the_configuration_replace_defaults():
    model = study(
        classes=[{"name": "clock", "target": [3, 4]}, {"name": "x", "target": 0}],
        nets=[net(target_layer="features.8", outputs="sigmoid", threshold=0.9)],
        precision="bfloat16",
        keep_maps=False,
        showcase="all",
    )
    assert [item["targets"] for item in model.class_settings] == [[3, 4], [0]]
    settings = model.net_settings["mine"]
    assert settings["target_layer"] == "features.8"
    assert (settings["outputs"], settings["threshold"]) == ("sigmoid", 0.9)
    assert settings["precision"] == "bfloat16"
    assert (model.keep_maps, model.showcase) == (False, "all")


def test_weights_of_torchvision_are_a_fetched_file():
    [fetched] = study(nets=[net(weights="IMAGENET1K_V1")]).nets
    assert fetched.is_fetched
    assert fetched.weights_file == "resources/weights/squeezenet1_1-IMAGENET1K_V1.pth"


@pytest.mark.parametrize("weights", ["random", "resources/sample/weights/mnasnet0_5.pth"])
def test_other_weights_are_unchanged(weights):
    [own] = study(nets=[net(weights=weights)]).nets
    assert not own.is_fetched
    assert own.weights_file == weights


def test_the_other_class_is_explained_by_nets_that_explain_the_annotated_one():
    classes = [{"name": "clock"}, {"name": "stop sign"}]
    both = study(classes=classes, explain=["annotated", "predicted"], rivals=["other_class"])
    assert [item.name for item in both.nets] == ["mine", "mine-predicted"]
    assert both.contents["nets_of_other_class"] == ["mine"]
    assert both.annotated_nets == ["mine"]
    without = study(classes=classes, rivals=["mean_map"])
    assert without.contents["nets_of_other_class"] == []
    assert study().rivals == ()


def test_rivals_are_no_setting_of_nets():
    """Else they would recompute the maps."""
    assert study(rivals=["mean_map"]).net_settings == study().net_settings


def test_contents_name_what_figures_and_tables_depend_on():
    trained = "resources/sample/weights/mnasnet0_5.pth"
    contents = study(nets=[net(), net(name="other", weights=trained)]).contents
    assert contents["trained_nets"] == ["other"]
    assert contents["methods"] == study().methods
    assert contents["mask_dilation"] == study().mask_dilation
    assert (contents["reasons"], contents["conducts"]) == ({}, [])


def test_reasons_of_trained_nets_decide_what_is_shown_and_no_map():
    trained = "resources/sample/weights/squeezenet1_1.pth"
    first, second = (item["name"] for item in SHIPPED["classes"][:2])
    nets = [
        net(name="one", weights=trained, reason=[second, first]),
        net(name="other", weights=trained, reason=[second]),
        net(reason=[first]),
    ]
    classes = SHIPPED["classes"]
    model = study(nets=nets, classes=classes)
    assert model.contents["reasons"] == {"one": [second, first], "other": [second]}
    assert model.contents["conducts"] == ["cheating", "honest"]
    assert study(nets=nets[:1], classes=classes).contents["conducts"] == ["honest"]
    assert not any("reason" in settings for settings in model.net_settings.values())


def test_a_flat_list_of_methods_is_one_group():
    model = study(methods=FIVE)
    assert model.methods == FIVE
    assert model.groups == [FIVE]


def test_groups_are_as_listed():
    groups = [FIVE[:3], ["grad_cam"], [{"name": "other", "captum": "DeepLift"}]]
    model = study(methods=groups)
    assert model.groups == [FIVE[:3], ["grad_cam"], ["other"]]
    assert model.methods == [*FIVE[:3], "grad_cam", "other"]


GROUPS = {
    "mixed": (
        [["backpropagation"], "grad_cam"],
        "methods: 'grad_cam' is not in a group, unlike others; make every entry a group",
    ),
    "a method in two groups": (
        [["grad_cam"], ["deconvolution", "grad_cam"]],
        "methods: 'grad_cam' is listed 2 times; list it once",
    ),
    "an unknown name": (
        [["grad_cam"], ["deconvolution", "gradcamm"]],
        "methods[1][1]: 'gradcamm' is not allowed; did you mean 'grad_cam'?",
    ),
    "no name": (
        [["grad_cam", 7]],
        "methods[0][1]: 7 is not allowed; give the name of a saliency method",
    ),
    "an empty group": ([["grad_cam"], []], "methods[1]: [] is not allowed; give the name of a"),
    "a group in a group": ([[["grad_cam"]]], "methods[0][0]: ['grad_cam'] is not allowed; give"),
}


@pytest.mark.parametrize(("methods", "message"), GROUPS.values(), ids=GROUPS.keys())
def test_a_faulty_group_is_an_error(methods, message):
    [fault] = faults(methods=methods)
    assert fault.startswith(message)


@pytest.fixture
def own(tmp_path):
    """A user's Python file."""
    path = tmp_path / "own.py"
    path.touch()
    return str(path)


def test_metrics_controls_and_charts_are_listed_by_name_or_file(own):
    model = study(metrics=["concentration", f"{own}:mine"], controls=["noise"], charts=["lift"])
    assert model.metrics == ["concentration", "mine"]
    assert (model.controls, model.charts) == (["noise"], ["lift"])


@pytest.mark.parametrize("kind", ["metrics", "controls", "charts"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "{kind}: [] is not allowed; give a list of {kind}"),
        ("all", "{kind}: 'all' is not allowed; give a list of {kind}"),
        ([3], "{kind}[0]: 3 is not allowed; give the name of a "),
        (["a b"], "{kind}[0]: 'a b' is not allowed; give a name, or file.py:name"),
        (["own.txt:a"], "{kind}[0]: 'own.txt:a' is not allowed; give a name, or file.py:name"),
        (["a", "a"], "{kind}: 'a' is listed 2 times; list it once"),
        (["gone.py:a"], "{kind}[0]: 'gone.py' does not exist; give the path of a Python file"),
        ([["a"]], "{kind}[0]: ['a'] is not allowed; give the name of a "),
    ],
    ids=["none", "no list", "number", "form", "no Python", "twice", "gone", "group"],
)
def test_a_faulty_list_of_names_is_an_error(kind, value, message):
    [fault] = faults(**{kind: value})
    assert fault.startswith(message.format(kind=kind))


def test_names_are_checked_where_they_are_known(own):
    config = {**SHIPPED, **LEAST, "metrics": ["concentratoin", f"{own}:energy"]}
    known = {"methods": METHODS, "metrics": ["concentration", "lift"]}
    with pytest.raises(StudyError) as error:
        load(config, CATALOGUE, known, drawn=DRAWN)
    assert "metrics[0]: 'concentratoin' is not allowed; did you mean 'concentration'?" in str(
        error.value
    )
    assert f"metrics[1]: '{own}' declares no metric 'energy'; valid: concentr" in str(error.value)


def test_a_format_is_a_name_or_of_a_file(own):
    assert study(dataset={**SHIPPED["dataset"], "format": f"{own}:Voc"}).dataset.format
    [fault] = faults(dataset={**SHIPPED["dataset"], "format": "a folder"})
    assert fault == (
        "dataset.format: 'a folder' is not allowed; give the name of a format, or file.py:name of "
        "a format of your own"
    )
    config = {**SHIPPED, "dataset": {**SHIPPED["dataset"], "format": "cocoa"}}
    known = {"formats": ["coco", "voc"]}
    [fault] = validation.faults(config, CATALOGUE, known, DRAWN)
    assert fault == "dataset.format: 'cocoa' is not a format; did you mean 'coco'?"
    [fault] = faults(dataset={**SHIPPED["dataset"], "format": "gone.py:Voc"})
    assert fault.startswith("dataset.format: 'gone.py' does not exist; give the path of a Python")


def test_files_are_all_that_are_named_absolute_and_sorted(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("z.py", "metric.py", "chart.py", "control.py", "a.py"):
        (tmp_path / name).touch()
    model = study(
        dataset={**SHIPPED["dataset"], "format": "~/a.py:Voc"},
        methods=[["~/z.py:grad_cam"], ["~/z.py:deconvolution", "backpropagation"]],
        metrics=["~/metric.py:m", "concentration"],
        controls=[f"{tmp_path}/./control.py:c"],
        charts=["~/chart.py:c"],
    )
    names = ["a.py", "chart.py", "control.py", "metric.py", "z.py"]
    assert model.files == [str(tmp_path / name) for name in names]


def test_files_of_methods_are_listed_before_the_checks():
    config = {"methods": ["own/a.py:x", 7, ["b.py:y", None, "own/a.py:z"], "grad_cam"]}
    files = files_of(entry for _, entry in entries(config, "methods"))
    assert files == [str(REPOSITORY / "b.py"), str(REPOSITORY / "own/a.py")]
    assert files_of(entry for _, entry in entries({"methods": "own.py:x"}, "methods")) == []


def test_paths_may_start_with_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "instances.json").touch()
    (tmp_path / "net.pth").touch()
    dataset = {"annotations": "~/instances.json", "images": "~"}
    model = study(dataset=dataset, nets=[net(weights="~/net.pth")], pathvars={"results": "~/mine"})
    assert model.paths == {
        "dataset.annotations": str(tmp_path / "instances.json"),
        "dataset.images": str(tmp_path),
        "nets[0].weights": str(tmp_path / "net.pth"),
    }
    assert model.pathvars.results == str(tmp_path / "mine")


def test_an_invalid_configuration_is_expanded_as_far_as_possible(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    config = {"dataset": 7, "nets": [None, {"weights": "~/a.pth"}, {"weights": 3}], "reference": []}
    before = copy.deepcopy(config)
    assert expanded(config) == {
        **config,
        "nets": [None, {"weights": "/home/me/a.pth"}, {"weights": 3}],
    }
    assert config == before
    assert expanded({}) == {}


def test_data_that_is_fetched_need_not_exist():
    paths = {"annotations": "gone/instances.json", "images": "gone"}
    assert len(faults(dataset=paths)) == 2
    assert study(dataset={**paths, "source": "https://example.org/a.zip"}).dataset.source


def test_an_empty_value_is_not_a_missing_one():
    """YAML reads ``reference:`` as null, which is not a missing key."""
    for key in ("reference", "showcase", "keep_maps", "metrics", "pathvars"):
        [fault] = faults(**{key: None})
        assert fault.startswith(f"{key}: None is not allowed; give ")


def test_a_key_that_is_no_text_is_unknown():
    config = {**SHIPPED, **LEAST, 1: 2}
    with pytest.raises(StudyError, match="1: unknown key; valid: cascade, charts"):
        load(config, CATALOGUE, {"methods": METHODS}, drawn=DRAWN)


def test_a_surrogate_is_no_text():
    fault, *_ = faults(classes=[{"name": "\ud800", "target": 0}])
    assert fault == "classes[0].name: '\\ud800' can't be encoded in UTF-8"


def test_a_faulty_file_is_refused_before_its_values_are_read(tmp_path):
    (tmp_path / "mine.yaml").write_text("seed: 0\nseed: 1\n")
    config = {**SHIPPED, **LEAST, "seed": "x"}
    with pytest.raises(StudyError) as error:
        load(config, CATALOGUE, {}, files=[tmp_path / "mine.yaml", tmp_path / "gone.yaml"])
    [_, fault] = str(error.value).splitlines()
    assert fault.startswith(f"  - {tmp_path}/mine.yaml: seed: repeated")


def test_the_folder_of_results_is_checked_too(tmp_path):
    (tmp_path / "photo.png").touch()
    config = {**SHIPPED, **LEAST}
    folders = {"results": str(tmp_path)}
    with pytest.raises(StudyError, match=r"pathvars.results: .* holds 'photo.png'"):
        load(config, CATALOGUE, {"methods": METHODS}, folders=folders, drawn=DRAWN)


def test_a_study_can_not_be_changed():
    with pytest.raises(ValidationError):
        study().seed = 3
    with pytest.raises(ValidationError):
        study().nets[0].name = "other"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.5", None])
def test_a_number_is_finite_also_where_it_has_no_bounds(value):
    class Measured(Part):
        length: float

    with pytest.raises(ValidationError):
        Measured.model_validate({"length": value})
    assert Measured.model_validate({"length": 2}).length == 2


def test_settings_are_json():
    model = study(methods=FIVE)
    settings = [model.class_settings, model.net_settings, model.groups, model.methods]
    assert json.loads(json.dumps(settings)) == settings


def test_reading_a_study_imports_nothing_heavy():
    """Every job's process reads the study."""
    code = "import sys, lookwhere.study.load; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(REPOSITORY / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "lookwhere.study.model" in printed
    assert not {"numpy", "pandas", "torch", "jsonschema", "matplotlib"} & set(printed)
