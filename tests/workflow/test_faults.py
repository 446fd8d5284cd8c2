"""Bad input: one clear message that names the thing, the value and the way out; no traceback."""

import copy
import json
import os
import pickle
import shutil
import subprocess

import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision.models import get_model

from lookwhere.datasets.samples import one_of_each_image, read_samples

from .conftest import SMALL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sample(house):
    """A copy of the drawn sample, as a user's dataset that tests may damage."""
    house.build("results/samples.json", study=SMALL)
    shutil.copytree(house.root / "resources/sample", house.root / "mine")
    return house


@pytest.fixture
def study(sample):
    """A small study on the user's dataset, with its own results."""
    shutil.rmtree(sample.root / "results", ignore_errors=True)
    dataset = {"annotations": "mine/instances.json", "images": "mine/images"}
    return copy.deepcopy(SMALL) | {"dataset": dataset, "sizes": [64]}


def failing_output(house, study, *arguments: str) -> str:
    """The output of a failing run."""
    run = house.run(*arguments, study=study)
    assert run.returncode != 0
    output = run.stdout + run.stderr
    assert "Traceback" not in output, output
    assert not (house.root / "results/energy.parquet").exists()
    return output


def images_of(house) -> list:
    """The image files of the small study."""
    images = one_of_each_image(read_samples(house.root / "results/samples.json"))
    return [house.root / "mine/images" / image.file for image in images]


def test_every_config_error_is_reported_at_once(sample, study):
    study |= {
        "images_per_class": 0,
        "mask_dilation": -0.1,
        "methods": ["grad_cam", "guided_gradcam"],
        "sizes": ["orginal"],
        "colour": "red",
        "classes": [{"name": "trafic light", "target": 9}, {"name": "clock", "target": 1000}],
        "nets": [
            {"name": "vgg", "architecture": "vgg91", "weights": "random"},
            {"name": "vgg", "architecture": "mobilenet_v2", "weights": "random"},
            {
                "name": "squeezenet",
                "architecture": "squeezenet1_1",
                "weights": "random",
                "target_layer": "features.21",
            },
            {"name": "alexnet", "architecture": "alexnet", "weights": "nowhere/alexnet.pth"},
            {"name": "resnet", "architecture": "resnet18", "weights": "random"},
        ],
    }
    output = failing_output(sample, study, "--dry-run")
    for fragment in [
        "images_per_class: 0 is not allowed",
        "mask_dilation: -0.1 is not allowed",
        "methods[1]: 'guided_gradcam' is not allowed; did you mean 'guided_grad_cam'?",
        "sizes[0]: 'orginal' is not allowed",
        "colour: unknown key",
        "class 'trafic light' is not in the annotations; did you mean 'traffic light'?",
        "class 'clock': net 'resnet' has no output 1000; give an index from 0 to 999",
        "nets: 'vgg' is listed 2 times",
        "nets[0].architecture: 'vgg91' is not a torchvision classifier; did you mean 'vgg",
        "target layer 'features.21' does not exist; did you mean 'features.2'?",
        "nets[3].weights: 'nowhere/alexnet.pth' is not a file",
    ]:
        assert fragment in output, f"{fragment!r} is not in:\n{output}"


def test_a_class_with_too_few_images(sample, study):
    output = failing_output(sample, study | {"images_per_class": 500})
    assert "class 'traffic light' has" in output
    assert "class 'clock' has" in output
    assert "fewer than images_per_class: 500" in output


def test_missing_annotations(sample, study):
    study["dataset"]["annotations"] = "mine/nothing.json"
    output = failing_output(sample, study)
    assert "dataset.annotations: 'mine/nothing.json' does not exist" in output


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ('{"images": [{"id": 1, ', "are not whole JSON"),
        ('{"images": [], "annotations": []}', "have no list 'categories'"),
        ("[]", "have no list 'images'"),
    ],
    ids=["truncated", "no categories", "not COCO"],
)
def test_damaged_annotations(sample, study, content, fragment):
    (sample.root / "mine/damaged.json").write_text(content)
    study["dataset"]["annotations"] = "mine/damaged.json"
    output = failing_output(sample, study)
    assert "'mine/damaged.json'" in output
    assert fragment in output


def remove(image):
    image.unlink()


def truncate(image):
    image.write_bytes(image.read_bytes()[:2000])


def replace_by_text(image):
    image.write_text("not an image")


def shrink(image):
    Image.open(image).resize((50, 40)).save(image)


@pytest.mark.parametrize(
    ("damage", "fragment"),
    [
        (remove, "does not exist"),
        (truncate, "can't be read"),
        (replace_by_text, "is not an image"),
        (shrink, "is 50 x 40 pixels, but its annotation has"),
    ],
    ids=["missing", "truncated", "not an image", "another size"],
)
def test_damaged_image(sample, study, damage, fragment):
    sample.build("results/samples.json", study=study)
    image = images_of(sample)[0]
    original = image.read_bytes()
    damage(image)
    try:
        output = failing_output(sample, study, "results/energy.parquet")
    finally:
        image.write_bytes(original)
    assert f"mine/images/{image.name}" in output
    assert fragment in output
    assert not list((sample.root / "results/saliency").rglob("*.npy"))


class Bomb:
    """A pickle that writes a file when it is loaded."""

    def __reduce__(self):
        return open, ("bomb-went-off", "w")


def another_net(path):
    torch.save(get_model("squeezenet1_0").state_dict(), path)


def cut_short(path):
    torch.save(get_model("squeezenet1_1").state_dict(), path)
    path.write_bytes(path.read_bytes()[:100_000])


def code(path):
    path.write_bytes(pickle.dumps(Bomb()))


@pytest.mark.parametrize(
    ("write", "fragment"),
    [
        (another_net, "do not fit the architecture 'squeezenet1_1'"),
        (cut_short, "can't be read"),
        (code, "hold more than tensors and are not loaded"),
    ],
    ids=["another net", "cut short", "code"],
)
def test_bad_weights(sample, study, write, fragment):
    write(sample.root / "mine/weights.pth")
    study["nets"][0]["weights"] = "mine/weights.pth"
    output = failing_output(sample, study)
    assert "'mine/weights.pth'" in output
    assert fragment in output
    assert not (sample.root / "bomb-went-off").exists()


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"target_layer": "classifier.9"}, "target layer 'classifier.9' does not exist"),
        ({"target_layer": "features"}, None),
        (
            {"architecture": "alexnet", "target_layer": "classifier.1"},
            "not feature maps (N, K, h, w): choose a convolutional layer",
        ),
        ({"architecture": "mobilenet_v3_small"}, None),
    ],
    ids=["missing", "a container is fine", "linear", "another activation is fine"],
)
def test_target_layer(sample, study, changes, fragment):
    study["nets"][0] |= changes
    if fragment is None:
        sample.build("results/nets.csv", study=study)
    else:
        assert fragment in failing_output(sample, study)


def test_a_net_for_which_no_method_is_defined(sample, study):
    study["nets"][0]["architecture"] = "mobilenet_v3_small"
    output = failing_output(sample, study | {"methods": ["deconvolution"]})
    assert "net 'squeezenet': none of the study's methods is defined for it: leave it out" in output
    assert "deconvolution: the net uses Hardsigmoid and Hardswish" in output


def test_target_outside_the_outputs(sample, study):
    study["classes"][0]["target"] = [920, 1000]
    output = failing_output(sample, study)
    assert "class 'traffic light': net 'squeezenet' has no output 1000" in output


def test_size_too_small_for_the_net(sample, study):
    output = failing_output(sample, study | {"sizes": [8]})
    assert "the net can't process an input of 8 x 8 pixels" in output


def test_errors_of_classes_and_nets_are_reported_in_one_run(sample, study):
    study["classes"][0]["name"] = "trafic light"
    study["nets"][0]["target_layer"] = "features.99"
    output = failing_output(sample, study)
    assert "did you mean 'traffic light'?" in output
    assert "target layer 'features.99' does not exist" in output


def test_class_names_may_look_like_numbers_or_be_in_another_script(sample, study):
    """Valid: names stay text from the annotations to the table."""
    instances = json.loads((sample.root / "mine/instances.json").read_text())
    names = ["7", "NA", "信号 / ランプ"]
    for category, name in zip(instances["categories"], names, strict=False):
        category["name"] = name
    (sample.root / "mine/numbers.json").write_text(json.dumps(instances))
    study["dataset"]["annotations"] = "mine/numbers.json"
    study["classes"] = [{"name": name, "target": n} for n, name in enumerate(names)]
    sample.build(study=study)
    assert sample.energy()["class"].unique().tolist() == names
    assert list(sample.root.glob("results/masks/*-信号_ランプ.png"))


def test_an_unknown_showcase_sample_is_reported_before_the_maps(sample, study):
    unknown = study | {"showcase": ["000000000001-clok"]}
    output = failing_output(sample, unknown, "results/figures/comparison.png", "--cores", "1")
    assert not list((sample.root / "results").rglob("*.npy"))
    assert "showcase: '000000000001-clok' is not in the subset; did you mean" in output


def test_repeated_keys_are_reported(sample, study):
    sample.root.joinpath("twice.yaml").write_text("seed: 1\nsizes: [64]\nseed: 2\n")
    output = failing_output(sample, None, "--dry-run", "--configfile", "twice.yaml")
    assert "twice.yaml: seed: repeated, in lines 1 and 3" in output


def test_changed_scores_give_no_table_and_the_way_out_works(sample, study):
    sample.build("results/energy.parquet", study=study)
    expected = (sample.root / "results/energy.parquet").read_bytes()
    [shard] = sample.root.glob("results/scores/*/*/*/*.parquet")
    scores = pd.read_parquet(shard)
    scores.loc[3, "concentration"] = 0.25
    scores.to_parquet(shard, index=False)
    output = failing_output(sample, study, "results/energy.parquet")
    name = shard.relative_to(sample.root)
    assert f"result '{name}' was damaged or changed after it was written: delete '{name}'" in output
    shard.unlink()
    sample.build("results/energy.parquet", study=study)
    assert (sample.root / "results/energy.parquet").read_bytes() == expected


# Root may write anywhere, unless it drops that capability.
DROP = "-dac_override,-dac_read_search"
WITHOUT_RIGHTS = ["setpriv", f"--bounding-set={DROP}", f"--inh-caps={DROP}"]


def test_a_folder_of_results_without_permission_is_reported(sample, study):
    (sample.root / "locked").mkdir(mode=0o555)
    command = sample.command(study=study | {"pathvars": {"results": "locked"}})
    if os.geteuid() == 0:
        command = [*WITHOUT_RIGHTS, *command]
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv, to give up root's rights")
    run = subprocess.run(command, cwd=sample.root, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "Permission denied: 'locked/" in run.stderr
    assert "Traceback" not in run.stderr
    assert list((sample.root / "locked").iterdir()) == []


@pytest.fixture
def small_disk(sample):
    """A file system of 400 kB in the clone, and a function that enlarges it."""
    folder = sample.root / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "none", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.decode().strip()}")
    yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_reported_and_a_rerun_with_more_space_succeeds(sample, study, small_disk):
    sample.build("results/energy.parquet", study=study)
    expected = (sample.root / "results/energy.parquet").read_bytes()
    shutil.rmtree(sample.root / "results")
    on_disk = study | {"pathvars": {"results": "disk/results"}}
    output = failing_output(sample, on_disk, "disk/results/energy.parquet")
    assert "is the disk full?" in output or "No space left on device" in output
    assert not list(sample.root.glob("disk/results/**/*.npy"))
    small_disk()
    sample.build("disk/results/energy.parquet", study=on_disk)
    assert (sample.root / "disk/results/energy.parquet").read_bytes() == expected


@pytest.mark.parametrize(
    ("content", "fragment"),
    [("sizes: [64\nseed", "not valid JSON or YAML"), ("- 1\n", "keys at top level")],
    ids=["no YAML", "a list"],
)
def test_an_invalid_config_file_is_reported(sample, content, fragment):
    sample.root.joinpath("broken.yaml").write_text(content)
    assert fragment in failing_output(sample, None, "--dry-run", "--configfile", "broken.yaml")
