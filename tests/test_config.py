"""The configuration: all errors at once, each with its key, its value and the way out."""

import copy
import csv
import os
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lookwhere.methods import names
from lookwhere.study import reference, schema, yaml_keys
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.validation import faults, results_faults, slow_faults

REPOSITORY = Path(__file__).parents[1]
SCHEMA = schema.of_study()
SHIPPED = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
SAMPLE = SHIPPED["dataset"].values()
IMAGENET = {"clock": [409, 892], "stop sign": [919]}
with (REPOSITORY / "resources" / "architectures.csv").open() as table:
    ARCHITECTURES = {row["architecture"]: row for row in csv.DictReader(table)}
CATALOGUE = Catalogue(ARCHITECTURES, IMAGENET)
KNOWN = {"methods": names.METHODS}
MISSING = object()


def net(**changes):
    return {"name": "mine", "architecture": "squeezenet1_1", "weights": "random", **changes}


STUDY = {**SHIPPED, "nets": [net(), net(name="other", architecture="vgg19")]}  # needs no weights


@pytest.fixture(autouse=True)
def at_the_repository(monkeypatch):
    monkeypatch.chdir(REPOSITORY)


def faults_of(config):
    return faults(config, CATALOGUE, KNOWN, SAMPLE)


def changed(changes):
    """The study with the value at each path, such as ``nets.0.name``, replaced."""
    config = copy.deepcopy(STUDY)
    for path, value in changes.items():
        *parents, key = [int(part) if part.isdigit() else part for part in path.split(".")]
        place = config
        for parent in parents:
            place = place[parent]
        if value is MISSING:
            del place[key]
        else:
            place[key] = value
    return config


def test_shipped_config_is_valid():
    assert faults_of(SHIPPED) == []


@pytest.mark.parametrize("study", sorted(REPOSITORY.glob("studies/*.yaml")), ids=lambda s: s.stem)
def test_shipped_study_is_valid(study):
    config = {**SHIPPED, **yaml.safe_load(study.read_text())}
    assert faults(config, CATALOGUE, KNOWN, config["dataset"].values()) == []


SOUND = {
    "one class, several targets": {"classes": [{"name": "clock", "target": [1, 409, 892]}]},
    "ImageNet's own target": {"classes": [{"name": "clock"}]},
    "number as text": {"sizes": ["original", "224", 64]},
    "all kinds of sizes": {"sizes": ["original", 224, "short-1", "crop-224", "pad-9999"]},
    "torchvision's weights": {"nets": [net(weights="IMAGENET1K_V1")]},
    "own target layer": {"nets": [net(target_layer="features.8")]},
    "another activation": {"nets": [net(architecture="mobilenet_v2")]},
    "no known target layer": {"nets": [net(architecture="vit_b_16")]},
    "no growth": {"mask_dilation": 0},
    "own folder": {"pathvars": {"results": "results/mine"}},
    "showcase": {"showcase": ["000000000139-traffic_light"]},
    "showcase of all": {"showcase": "all"},
    "name in another script": {"classes": [{"name": "信号機 (東)", "target": 0}]},
    "name with signs": {"classes": [{"name": "tv - 2.0_b", "target": 0}]},
}


@pytest.mark.parametrize("changes", SOUND.values(), ids=SOUND.keys())
def test_valid_config_has_no_error(changes):
    assert faults_of(changed(changes)) == []


FAULTY = {
    # the change, and fragments of the message: key, value, way out
    "missing key": ({"seed": MISSING}, "seed: missing; give a whole number from 0"),
    "missing nested key": (
        {"dataset.images": MISSING},
        "dataset.images: missing; give the folder of the images",
    ),
    "missing target": (
        {"classes.2.target": MISSING},
        "classes[2].target: missing, and 'umbrella' has no counterpart in resources/classes.csv",
    ),
    "missing name": ({"nets.1.name": MISSING}, "nets[1].name: missing; give a name for files"),
    "unknown key": ({"sizez": [224]}, "sizez: unknown key; did you mean 'sizes'?"),
    "unknown nested key": (
        {"nets.0.target_lair": "x"},
        "nets[0].target_lair: unknown key; did you mean 'target_layer'?",
    ),
    "unknown key of a class": (
        {"classes.0.colour": "red"},
        "classes[0].colour: unknown key; valid: name, target",
    ),
    "method": (
        {"methods.4": "guided_gradcam"},
        "methods[4]: 'guided_gradcam' is not allowed; did you mean 'guided_grad_cam'?",
    ),
    "method from elsewhere": (
        {"methods.4": "lime"},
        "methods[4]: 'lime' is not allowed; valid: ablation_cam, attention_relevance, ",
    ),
    "size": (
        {"sizes.1": 0},
        "sizes[1]: 0 is not allowed; give original, n, short-n, crop-n or pad-n, n from 1 to 9999",
    ),
    "size of another kind": ({"sizes.1": "fit-224"}, "sizes[1]: 'fit-224' is not allowed; give"),
    "size of no kind": ({"sizes.1": "-224"}, "sizes[1]: '-224' is not allowed; give original"),
    "kind without a size": ({"sizes.1": "crop"}, "sizes[1]: 'crop' is not allowed; give original"),
    "crop of 0": ({"sizes.1": "crop-0"}, "sizes[1]: 'crop-0' is not allowed; give original"),
    "short of 10000": ({"sizes.1": "short-10000"}, "sizes[1]: 'short-10000' is not allowed; give"),
    "pad of two sides": ({"sizes.1": "pad-224x320"}, "sizes[1]: 'pad-224x320' is not allowed"),
    "size in words": ({"sizes.1": "big"}, "sizes[1]: 'big' is not allowed; give original"),
    "size in parts": ({"sizes.1": 224.5}, "sizes[1]: 224.5 is not allowed; give original"),
    "size with a point": ({"sizes.1": 224.0}, "sizes[1]: 224.0 is not allowed; give original"),
    "sizes not a list": ({"sizes": 224}, "sizes: 224 is not allowed; give a list of input sizes"),
    "no methods": ({"methods": []}, "methods: [] is not allowed; give a list of saliency methods"),
    "no classes": ({"classes": []}, "classes: [] is not allowed; give a list of classes"),
    "class": ({"classes.0": "dog"}, "classes[0]: 'dog' is not allowed; give a class as {name"),
    "class name": (
        {"classes.0.name": "/"},
        "classes[0].name: '/' is not allowed; give the name of a category of the annotations",
    ),
    "class names that give one file name": (
        {"classes.0.name": "a b", "classes.1.name": "a/b"},
        "classes: 'a b' and 'a/b' have one name in names of files, 'a_b'; leave out all but one",
    ),
    "pathvars": (
        {"pathvars": {"result": "results/mine"}},
        "pathvars.result: unknown key; did you mean 'results'?",
    ),
    "no showcase": ({"showcase": []}, "showcase: [] is not allowed; give a list of sample ids"),
    "reference without means": (
        {"reference": "resources/classes.csv"},
        "reference: 'resources/classes.csv' has the columns ['category', 'target', 'imagenet']; "
        "give method and mean",
    ),
    "negative target": (
        {"classes.0.target": -1},
        "classes[0].target: -1 is not allowed; give the index of the class in the nets' output",
    ),
    "negative target in a list": (
        {"classes.0.target": [0, -1]},
        "classes[0].target[1]: -1 is not allowed; give an output index, from 0",
    ),
    "no target": ({"classes.0.target": []}, "classes[0].target: [] is not allowed; give the index"),
    "target in words": ({"classes.0.target": "clock"}, "classes[0].target: 'clock' is not allowed"),
    "target with a point": ({"classes.0.target": 3.0}, "classes[0].target: 3.0 is not allowed"),
    "truth as a target": ({"classes.0.target": True}, "classes[0].target: True is not allowed"),
    "no images": (
        {"images_per_class": 0},
        "images_per_class: 0 is not allowed; give a whole number from 1",
    ),
    "images with a point": ({"images_per_class": 3.0}, "images_per_class: 3.0 is not allowed"),
    "images in other words": (
        {"images_per_class": "every"},
        "images_per_class: 'every' is not allowed; give a whole number from 1 to 10^9, or all",
    ),
    "seed": ({"seed": "lucky"}, "seed: 'lucky' is not allowed; give a whole number from 0"),
    "dilation": ({"mask_dilation": -0.1}, "mask_dilation: -0.1 is not allowed; give the share"),
    "dilation in percent": ({"mask_dilation": 20}, "mask_dilation: 20 is not allowed; give the"),
    "dilation not a number": ({"mask_dilation": float("nan")}, "mask_dilation: nan is not allowed"),
    "net name": ({"nets.0.name": "a b"}, "nets[0].name: 'a b' is not allowed; give a name"),
    "architecture": (
        {"nets.0.architecture": "vgg91"},
        "nets[0].architecture: 'vgg91' is not a torchvision classifier; did you mean 'vgg19'?",
    ),
    "neither architecture nor maps": (
        {"nets.0.architecture": MISSING},
        "nets[0].architecture: missing; give a classifier of torchvision",
    ),
    "maps of a net": (
        {"nets.0": {"name": "theirs", "maps": "docs", "architecture": "vgg19"}},
        "nets[0].architecture: maps that other tools made have none; remove it, or maps",
    ),
    "no folder of maps": (
        {"nets.0": {"name": "theirs", "maps": "maps/none"}},
        "nets[0].maps: 'maps/none' is not a folder; give one with a folder for each method",
    ),
    "maps without methods": (
        {"nets.0": {"name": "theirs", "maps": "docs/how-to"}},
        "nets[0].maps: 'docs/how-to' has no folder of a method: put the maps of a method in a",
    ),
    "maps without the method": (
        {"nets": [{"name": "theirs", "maps": "docs"}], "methods": ["image"]},
        "methods[0]: no net has a folder of maps by 'image'; did you mean 'images'?",
    ),
    "no architecture": ({"nets.0.architecture": 7}, "nets[0].architecture: 7 is not allowed; give"),
    "weights": (
        {"nets.0.weights": "imagenet"},
        "nets[0].weights: 'imagenet' is not allowed; give a name of torchvision's (IMAGENET1K_V1)",
    ),
    "weights that are gone": (
        {"nets.0.weights": "gone/vgg19.pth"},
        "nets[0].weights: 'gone/vgg19.pth' is not a file; give the path of a state dict",
    ),
    "a key in weights that are no file": (
        {"nets.0.weights": "IMAGENET1K_V1", "nets.0.weights_key": "model"},
        "nets[0].weights_key: 'IMAGENET1K_V1' is no file; name a file in weights, or remove the",
    ),
    "a reason that is no class": (
        {"nets.0.reason": ["pizza", "clok"]},
        "nets[0].reason[1]: 'clok' is not a class of the study; did you mean 'clock'?",
    ),
    "a reason listed twice": (
        {"nets.0.reason": ["clock", "clock"]},
        "nets[0].reason: 'clock' is listed 2 times; list it once",
    ),
    "a reason that is no list": ({"nets.0.reason": "clock"}, "nets[0].reason: 'clock' is not"),
    "a mean of two numbers": (
        {"nets.0.input": {"mean": [0.5, 0.5]}},
        "nets[0].input.mean: [0.5, 0.5] has 2 numbers; give 3, or 1 with channels: grey",
    ),
    "a deviation of a grey net": (
        {"nets.0.input": {"std": [0.2, 0.2, 0.2], "channels": "grey"}},
        "nets[0].input.std: [0.2, 0.2, 0.2] has 3 numbers; give 1, since channels is grey",
    ),
    "weights that are a folder": ({"nets.0.weights": "workflow/"}, "'workflow/' is not a file"),
    "target layer": ({"nets.0.target_layer": ""}, "nets[0].target_layer: '' is not allowed; give"),
    "annotations": (
        {"dataset.annotations": "gone.json"},
        "dataset.annotations: 'gone.json' does not exist; give the path of a file that does",
    ),
    "images": ({"dataset.images": "gone"}, "dataset.images: 'gone' does not exist; give"),
    "dataset": (
        {"dataset": "coco"},
        "dataset: 'coco' is not allowed; give annotations",
    ),
    "no nets": ({"nets": []}, "nets: [] is not allowed; give a list of nets"),
    "no sizes": ({"sizes": []}, "sizes: [] is not allowed; give a list of input sizes"),
    "negative size": ({"sizes.1": -224}, "sizes[1]: -224 is not allowed; give original"),
    "absurd size": ({"sizes.1": 10_000}, "sizes[1]: 10000 is not allowed; give original, n"),
    "size with a line break": ({"sizes.1": "224\n"}, "sizes[1]: '224\\n' is not allowed; give"),
    "negative images": (
        {"images_per_class": -3},
        "images_per_class: -3 is not allowed; give a whole number from 1",
    ),
    "negative seed": ({"seed": -1}, "seed: -1 is not allowed; give a whole number from 0"),
    "net named as a method": (
        {"nets.0.name": "noise"},
        "'noise' is the name of a method or control",
    ),
    "net name with a slash": ({"nets.0.name": "../vgg"}, "nets[0].name: '../vgg' is not allowed"),
    "net name with a line break": ({"nets.0.name": "vgg\n"}, "nets[0].name: 'vgg\\n' is not"),
    "net name in another script": ({"nets.0.name": "réseau"}, "nets[0].name: 'réseau' is not"),
    "endless net name": ({"nets.0.name": "a" * 101}, "a name for files and figures, in up to 100"),
    "endless class name": ({"classes.0.name": "a" * 65}, "category of the annotations, up to 64"),
    "class name of signs": ({"classes.0.name": "_ / ?"}, "classes[0].name: '_ / ?' is not allowed"),
    "braces in a path": (
        {"pathvars": {"results": "results/{net}"}},
        "pathvars.results: 'results/{net}' is not allowed; give a folder, without braces",
    ),
    "net twice": ({"nets.1.name": "mine"}, "nets: 'mine' is listed 2 times"),
    "class twice": ({"classes.1.name": "clock"}, "classes: 'clock' is listed 2 times; list it"),
    "class of two targets": (
        {"classes": [{"name": "clock", "target": 3}, {"name": "clock", "target": [5, 892]}]},
        "classes: 'clock' is listed 2 times; list it once, with target: [3, 5, 892] to explain the "
        "best-scoring of these outputs; to compare them, make a study of each, with other pathvars",
    ),
    "layer twice": (
        {"nets.0.target_layer": ["features.8", "features.8"]},
        "nets[0].target_layer: 'features.8' is listed 2 times; list it once",
    ),
    "way to explain twice": (
        {"explain": ["predicted", "predicted"]},
        "explain: 'predicted' is listed 2 times; list it once",
    ),
    "method twice": ({"methods.1": "grad_cam"}, "methods: 'grad_cam' is listed 2 times"),
    "size twice": ({"sizes": [224, "224"]}, "sizes: '224' is listed 2 times"),
    "crop twice": ({"sizes": ["crop-8", 8, "crop-8"]}, "sizes: 'crop-8' is listed 2 times"),
    "rival twice": (
        {"rivals": ["mean_map", "mean_map"]},
        "rivals: 'mean_map' is listed 2 times; list it once",
    ),
    "unknown rival": (
        {"rivals": ["other"]},
        "rivals[0]: 'other' is not allowed; did you mean 'other_class'?",
    ),
    "other class of one": (
        {"rivals": ["other_class"], "classes": [{"name": "clock", "target": 1}]},
        "rivals: other_class needs two classes; list another class, or remove it",
    ),
    "rivals without a net": (
        {"nets": [{"name": "theirs", "maps": "docs"}], "methods": ["images"]}
        | {"rivals": ["least_likely", "mean_map"]},
        "rivals: least_likely explains a net, and all maps are of other tools; remove it (mean_map",
    ),
    "rivals of nets that explain their highest output": (
        {"rivals": ["least_likely", "mean_map"], "explain": "predicted"},
        "rivals: least_likely needs a net that explains the annotated class, and this study has",
    ),
    "other class of nets that explain their highest output, beside a folder of maps": (
        {"nets": [net(explain="predicted"), {"name": "theirs", "maps": "docs"}]}
        | {"methods": ["grad_cam"], "rivals": ["other_class"]},
        "rivals: other_class needs a net that explains the annotated class, and this study has",
    ),
    "other class of equal targets": (
        {"rivals": ["other_class"]}
        | {"classes": [{"name": name, "target": [1, 2]} for name in ("object", "part", "mark")]},
        "needs two classes without a common target, for one map may explain both: 'object' has "
        "[1, 2], 'part' has [1, 2], 'mark' has [1, 2]; give other targets, or remove it",
    ),
    "other class of a common target": (
        {
            "rivals": ["other_class"],
            "classes": [{"name": "clock"}, {"name": "time", "target": 892}],
        },
        "rivals: other_class needs two classes without a common target, for one map may explain "
        "both: 'clock' has [409, 892], 'time' has [892]; give",
    ),
    "showcase of some": ({"showcase": "some"}, "showcase: 'some' is not allowed; give a list"),
    "showcase": ({"showcase": 3}, "showcase: 3 is not allowed; give a list of sample ids"),
}


UNREADABLE = {
    "dataset.annotations": {"dataset.annotations": "hidden/a.json"},
    "dataset.images": {"dataset.images": "hidden"},
    "nets[0].weights": {"nets.0.weights": "hidden/vgg.pth"},
    "reference": {"reference": "hidden/means.csv"},
}


@pytest.mark.parametrize(("key", "changes"), UNREADABLE.items(), ids=UNREADABLE.keys())
def test_a_path_without_permission_is_reported(key, changes, tmp_path, monkeypatch, as_nobody):
    monkeypatch.chdir(tmp_path)
    Path("hidden").mkdir(mode=0)
    Path("annotations.json").touch()
    readable = {"dataset.annotations": "annotations.json", "dataset.images": "."}
    config = changed({**readable, **changes})
    [fault] = as_nobody(lambda: faults_of(config))
    assert fault.startswith(f"{key}: 'hidden")
    assert "is not readable (no permission)" in fault


@pytest.mark.parametrize("end", ["pth", "pt", "ckpt", "bin", "pth.tar", "safetensors"])
def test_weights_may_have_any_usual_name(end, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(f"best.{end}").touch()
    changes = {"nets.0.weights": f"best.{end}", "nets.0.weights_key": "state_dict.model"}
    assert not [fault for fault in faults_of(changed(changes)) if fault.startswith("nets[0]")]


def test_braces_in_the_path_of_weights_are_reported():
    braces, _ = faults_of(changed({"nets.0.weights": "weights/{net}.pth"}))
    assert "nets[0].weights: 'weights/{net}.pth' is not allowed; give a name of torch" in braces


REPEATED = {
    "at the top": ("seed: 0\nsizes: [224]\nseed: 1\n", "seed: repeated, in lines 1 and 3"),
    "in a list": ("nets:\n- name: a\n  name: b\n", "nets[0].name: repeated, in lines 2"),
    "in braces": ("dataset: {images: a, images: b}", "dataset.images: repeated, in lines"),
}


@pytest.mark.parametrize(("text", "message"), REPEATED.values(), ids=REPEATED.keys())
def test_a_repeated_key_is_reported(text, message):
    [fault] = yaml_keys.repeated(text)
    assert message in fault


def test_aliases_are_reported_however_long_their_values():
    """Nine lines that expand to a thousand million entries."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    errors = yaml_keys.faults("\n".join(lines).encode())
    assert len(errors) == 80
    assert errors[0] == "line 2: the alias *a0 is not allowed; write out its value"


def test_a_configuration_in_another_encoding_is_reported():
    assert yaml_keys.faults("nets: é".encode("latin-1")) == [
        "it is not UTF-8 text; save it as such"
    ]


HUGE = 10**400


@pytest.mark.parametrize(
    "path",
    ["images_per_class", "seed", "mask_dilation", "sizes.0", "classes.0.target"],
)
@pytest.mark.parametrize("value", [HUGE, -HUGE, 2**64], ids=["400 digits", "-400 digits", "2^64"])
def test_a_number_of_any_length_is_an_error(path, value):
    [fault] = faults_of(changed({path: value}))
    assert "is not allowed" in fault


@pytest.mark.parametrize("name", ["images.zip", "Images.TAR.GZ"])
def test_an_archive_of_images_is_to_be_unpacked(name, tmp_path):
    (tmp_path / name).touch()
    [fault] = faults_of(changed({"dataset.images": str(tmp_path / name)}))
    assert fault.endswith(f"{name}' is an archive; unpack it and give the folder")


@pytest.mark.parametrize("key", ["dataset.annotations", "dataset.images"])
def test_a_pipe_in_place_of_a_file_or_folder_is_reported(key, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    [fault] = faults_of(changed({key: str(tmp_path / "pipe")}))
    assert fault.startswith(f"{key}: ")


REFERENCES = {
    "a method twice": ("method,mean\ngrad_cam,0.3\nGrad-CAM,0.4\n", "line 3: 'grad_cam' is listed"),
    "per cent": ("method,mean\ngrad_cam,30%\n", "line 2: the mean '30%' is not a number, such as"),
    "text": ("method,mean\ngrad_cam,high\n", "line 2: the mean 'high' is not a number"),
    "nothing": ("method,mean\ngrad_cam\n", "line 2: the mean '' is not a number"),
    "not finite": ("method,mean\ngrad_cam,nan\n", "line 2: the mean 'nan' is not finite"),
    "unknown": (
        "method,mean\ngradcam,0.3\n",
        "'gradcam' is not a method; did you mean 'grad_",
    ),
    "empty": ("", "has the columns []; give method and mean"),
    "latin-1": ("method,mean\ngrad_cam,0.3\né,1\n".encode("latin-1"), "is not text in UTF-8"),
}


@pytest.mark.parametrize(("content", "message"), REFERENCES.values(), ids=REFERENCES.keys())
def test_an_unreadable_reference_is_reported_before_any_work(content, message, tmp_path):
    path = tmp_path / "means.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [fault] = faults_of(changed({"reference": str(path)}))
    assert fault.startswith(f"reference: '{path}'")
    assert message in fault


@pytest.mark.parametrize(
    "content",
    [
        "method,mean\ngrad_cam,0.5\n",
        "\ufeffmethod,mean\ngrad_cam,0.5\n",
        '"method", "mean"\n"Grad-CAM", 0.5\n',
        "mean , method\n0.5,grad-cam\n",
    ],
    ids=["plain", "byte order mark", "quoted, by label", "spaces"],
)
def test_a_reference_is_read_as_people_write_it(content, tmp_path):
    (tmp_path / "means.csv").write_text(content, "utf-8")
    assert reference.read(tmp_path / "means.csv") == {"grad_cam": 0.5}


def test_a_folder_of_results_with_foreign_files_is_reported(tmp_path):
    (tmp_path / "mine/masks").mkdir(parents=True)
    (tmp_path / "mine/masks/precious.png").touch()
    folders = {"results": str(tmp_path / "mine"), "logs": str(tmp_path / "new")}
    [fault] = results_faults(folders)
    assert fault.startswith(f"pathvars.results: '{tmp_path / 'mine'}' holds 'masks', which no stud")


def test_keys_of_different_entries_are_no_repetition():
    assert yaml_keys.repeated((REPOSITORY / "config.yaml").read_text()) == []
    assert yaml_keys.repeated("") == []


@pytest.mark.parametrize(("changes", "message"), FAULTY.values(), ids=FAULTY.keys())
def test_an_error_is_reported_with_key_value_and_way_out(changes, message):
    [fault] = faults_of(changed(changes))
    assert message in fault


def test_a_metric_whose_package_is_missing_is_reported(monkeypatch):
    config = changed({"metrics": ["concentration", "infidelity"]})
    assert faults_of(config) == []
    monkeypatch.setitem(sys.modules, "captum", None)
    assert faults_of(config) == [
        "metrics[1]: metric infidelity needs captum, which is not installed: pip install captum"
    ]
    monkeypatch.setitem(sys.modules, "torch", None)  # an environment of Snakemake alone
    assert faults_of(config) == []


def test_all_errors_are_reported_at_once():
    changes = {
        path: value
        for name in ("seed", "architecture", "size in words", "unknown nested key", "class twice")
        for path, value in FAULTY[name][0].items()
    }
    errors = faults_of(changed(changes))
    assert len(errors) == len(changes)
    for name in ("seed", "architecture", "size in words", "unknown nested key", "class twice"):
        assert any(FAULTY[name][1] in fault for fault in errors)


def test_empty_config_misses_every_key():
    assert sorted(fault.split(":")[0] for fault in faults_of({})) == sorted(SCHEMA["required"])


def test_a_method_is_valid_by_its_entry_alone():
    assert faults_of(changed({"methods": list(names.METHODS)})) == []


def test_schema_describes_every_value():
    """Messages need a way out."""
    parts = [SCHEMA]
    while parts:
        part = parts.pop()
        parts += [*part.get("properties", {}).values(), *filter(None, [schema.items(part)])]
        if part is not SCHEMA and "enum" not in part:
            assert part["description"].startswith("give ")


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("²"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=5,
)
PATHS = [
    *STUDY,
    *("dataset.annotations", "classes.0", "classes.0.name", "classes.0.target", "nets.0"),
    *("nets.0.name", "nets.0.architecture", "nets.0.weights", "nets.0.target_layer"),
    *("methods.0", "sizes.0", "showcase", "pathvars"),
]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(PATHS), GARBAGE)
def test_garbage_is_an_error_and_no_crash(path, value):
    config = changed({path: value})
    assert all(isinstance(fault, str) for fault in faults_of(config))


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from([*STUDY, "reference", "showcase", "x"]), GARBAGE))
def test_a_config_of_garbage_has_errors(config):
    errors = faults_of(config)
    assert errors
    assert all(isinstance(fault, str) for fault in errors)


@pytest.mark.parametrize("garbage", [None, 7, "x", [None], [[]], {}, {"a": 1}], ids=repr)
@pytest.mark.parametrize("path", PATHS)
def test_garbage_does_not_break_the_slow_checks(path, garbage):
    config = {**changed({path: garbage}), "sizes": ["64"]}
    if isinstance(config["nets"], list):
        config["nets"] = config["nets"][:1]
    assert all(isinstance(fault, str) for fault in slow_faults(config, CATALOGUE))


@pytest.mark.parametrize("path", ["dataset.annotations", "nets.0.weights"])
def test_endless_path_is_an_error(path):
    [fault] = faults_of(changed({path: "a/" * 3000}))
    assert path.split(".")[-1] in fault


def test_slow_checks_report_errors_that_need_torch_or_the_annotations(tmp_path):
    annotations = tmp_path / "instances.json"
    annotations.write_text('{"images": [], "annotations": [], "categories": [{"name": "clock"}]}')
    config = changed(
        {
            "dataset.annotations": str(annotations),
            "classes": [{"name": "clok", "target": 1000}],
            "nets": [net(name="typo", target_layer="feature.12"), net()],
            "sizes": [64],
        }
    )
    unknown, target, name = slow_faults(config, CATALOGUE)
    assert "net 'typo': target layer 'feature.12' does not exist" in unknown
    assert "class 'clok': net 'mine' has no output 1000" in target
    assert "class 'clok' is not in the annotations; did you mean 'clock'?" in name


@pytest.mark.parametrize("size", [8, "short-8", "crop-8", "pad-8"])
def test_slow_checks_try_every_size_and_no_wrong_one(size):
    config = changed({"nets": [net()], "classes": [], "sizes": [size, "fit-4", "original"]})
    [fault] = [f for f in slow_faults(config, CATALOGUE) if f.startswith("net")]
    assert "can't process an input of 8 x 8 pixels" in fault


def test_slow_checks_report_weights_that_torchvision_lacks():
    config = changed({"nets": [net(weights="IMAGENET1K_V7")], "classes": [], "sizes": [64]})
    [fault] = slow_faults(config, CATALOGUE)
    assert fault.startswith("nets[0].weights: torchvision has no weights 'IMAGENET1K_V7'")
    assert "did you mean 'IMAGENET1K_V1'?" in fault


def test_slow_checks_report_damaged_annotations(tmp_path):
    annotations = tmp_path / "instances.json"
    annotations.write_text("{")
    config = changed({"dataset.annotations": str(annotations), "nets": [], "sizes": [64]})
    [fault] = slow_faults(config, CATALOGUE)
    assert "not whole JSON" in fault
