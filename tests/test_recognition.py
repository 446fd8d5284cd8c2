"""Whether a net recognises the classes: the ranks of nets whose answer is known."""

import csv
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from PIL import Image

from check_recognition import main, smallest, write
from lookwhere.datasets.images import ImageFolder
from lookwhere.datasets.samples import Sample
from lookwhere.nets import recognition
from lookwhere.nets.inputs import Input, usual_corrections
from lookwhere.nets.recognition import BY_CHANCE, RECOGNISED, TOO_FEW
from worlds import scenes

RNG = np.random.default_rng(0)
CLASSES = ["cat", "dog", "cow"] * 5
TARGETS = {"cat": [4], "dog": [2, 7], "cow": [9]}
IMAGENET = Input()
STATE = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _same_noise_in_any_order():
    RNG.bit_generator.state = STATE


def sample(number: int, class_name: str, side: int = 8) -> Sample:
    file = f"{number}.png"
    return Sample(f"{number}-x", number, class_name, file, side, side, "", None, ())


def logits_of(classes, targets, outputs, strength):
    """Noise, and ``strength`` more at a target of each sample."""
    logits = RNG.normal(size=(len(classes), outputs))
    for row, name in zip(logits, classes, strict=True):
        row[targets[name][0]] += strength
    return logits


def judge(logits, classes=CLASSES, targets=TARGETS, with_others=None):
    answers = lambda own: logits if own == IMAGENET or with_others is None else with_others(own)  # noqa: E731
    return recognition.judge("mine", "224", classes, targets, IMAGENET, answers)


def test_ranks_are_scipy_s():
    logits = RNG.integers(0, 4, (6, 10)).astype(float)
    np.testing.assert_array_equal(recognition.rank(logits), scipy.stats.rankdata(-logits, axis=1))


def test_outputs_that_are_no_numbers_share_a_rank():
    assert (recognition.rank(np.array([[np.nan, 1, 2], [np.inf, 0, 0]])) == 2).all()


def test_of_several_targets_the_best_rank_counts():
    ranks = np.arange(1.0, 11)[None].repeat(3, axis=0)
    assert recognition.of_targets(ranks, ["cat", "dog", "cow"], TARGETS).tolist() == [5, 3, 10]


def test_chance_is_the_share_of_all_shuffles():
    """Two classes of two samples, three outputs: 6 x 6 shuffles, enumerated."""
    ranks = np.array([[1, 2, 3], [2, 1, 3], [3, 1, 2], [1, 3, 2]], dtype=float)
    classes, targets = ["a", "a", "b", "b"], {"a": [0], "b": [1]}

    def statistic(outputs, labels):
        of = dict(zip("ab", outputs, strict=False))
        return sum(np.log(row[of[label]]) for row, label in zip(ranks, labels, strict=True))

    shuffles = itertools.product(
        itertools.permutations(range(3)), set(itertools.permutations(classes))
    )
    values = [statistic(outputs, labels) for outputs, labels in shuffles]
    share = np.mean(np.array(values) <= statistic((0, 1, 2), classes) + 1e-9)
    assert recognition.chance(ranks, classes, targets) == pytest.approx(share, abs=0.05)


def test_a_net_of_noise_is_called_recognising_in_about_one_of_twenty_cases():
    found = [judge(logits_of(CLASSES, TARGETS, 20, 0)).recognised for _ in range(40)]
    assert found.count(RECOGNISED) <= 7  # binomial, p = 0.05: above it in 0.1 %
    assert set(found) <= {RECOGNISED, BY_CHANCE}


def test_an_output_that_is_always_the_highest_is_no_recognition():
    logits = RNG.normal(size=(15, 3))
    logits[:, 0] += 9
    targets = {"cat": [0], "dog": [1], "cow": [2]}
    assert judge(logits, targets=targets).recognised == BY_CHANCE


def test_a_net_that_recognises_is_not_tried_with_other_inputs():
    def refuse(own):
        raise AssertionError(own)

    result = judge(logits_of(CLASSES, TARGETS, 10, 9), with_others=refuse)
    assert (result.recognised, result.median_rank, result.warning) == (RECOGNISED, 1, "")


@pytest.mark.parametrize(
    ("classes", "targets", "outputs"),
    [
        (["cat"] * 30, {"cat": [0]}, 1),  # one logit
        (["cat"] * 30, {"cat": [1]}, 2),  # always the second of two: is it right?
        (["cat", "dog"], {"cat": [0], "dog": [1]}, 2),
    ],
)
def test_where_even_a_perfect_net_could_not_be_told_from_chance_nothing_is_claimed(
    classes, targets, outputs
):
    result = judge(np.zeros((len(classes), outputs)), classes, targets)
    assert (result.recognised, result.warning) == (TOO_FEW, "")


def test_three_samples_of_a_thousand_outputs_are_enough():
    classes, targets = ["cat", "dog", "cow"], {"cat": [281], "dog": [151], "cow": [345]}
    assert judge(logits_of(classes, targets, 1000, 9), classes, targets).recognised == RECOGNISED


def test_targets_shifted_by_one_are_recognised_as_such():
    right = logits_of(CLASSES, TARGETS, 1000, 9)
    shifted = {name: [target + 1 for target in listed] for name, listed in TARGETS.items()}
    result = judge(right, targets=shifted)
    assert result.correction == "each target one lower"
    assert result.corrected_rank == 1
    assert "With each target one lower it is 1." in result.warning


@pytest.mark.parametrize("words", list(usual_corrections(IMAGENET)))
def test_the_input_that_clearly_helps_is_named(words):
    right = usual_corrections(IMAGENET)[words]
    result = judge(
        logits_of(CLASSES, TARGETS, 1000, 0),
        with_others=lambda own: logits_of(CLASSES, TARGETS, 1000, 9 if own == right else 0),
    )
    assert result.recognised == BY_CHANCE
    assert result.correction == f"input: {words}"
    assert "weights are another net's" in result.warning


def test_the_sign_test_is_scipy_s():
    for _ in range(20):
        ranks, others = RNG.integers(1, 6, (2, 12)).astype(float)
        count = int((ranks != others).sum())
        test = scipy.stats.binomtest(int((ranks < others).sum()), count, alternative="greater")
        assert recognition.is_clearly_better(ranks, others, 0.05) == (test.pvalue <= 0.05)


def test_samples_of_all_classes_are_chosen_in_turn():
    samples = [sample(k, name) for k, name in enumerate(["cat"] * 9 + ["dog"] * 2)]
    assert [s.image_id for s in recognition.choose(samples)] == [0, 9, 1, 10, 2, 3, 4]
    many = [sample(k, str(k % 80)) for k in range(800)]
    assert [s.class_name for s in recognition.choose(many)] == [str(k) for k in range(30)]


def test_the_size_of_the_fewest_pixels_is_used():
    assert smallest(["original", "224"], [sample(0, "cat", 32)]) == "original"
    assert smallest(["original", "224"], [sample(0, "cat", 500)]) == "224"
    assert smallest(["original"], [sample(0, "cat", 3000)]) == "short-512"


COLOURS = '''
import torch
from torch import nn

class Colours(nn.Module):
    """Red, green and blue, of pixels from 0 to 255, whose mean colour is the class."""
    def forward(self, images):
        means = images.mean(dim=(2, 3))
        return torch.cat([means, torch.full((len(means), 9), 60.0)], 1) * (means.max() > 9)
'''


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Plain images, reddish, greenish and bluish, and a net that recognises the colour."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "colours.py").write_text(COLOURS)
    samples = [sample(k, ["red", "green", "blue"][k % 3]) for k in range(15)]
    for k, item in enumerate(samples):
        colour = np.full(3, 10 + k)
        colour[k % 3] = 200 + k
        Image.new("RGB", (8, 8), tuple(int(v) for v in colour)).save(tmp_path / item.file)
    net = {"name": "mine", "architecture": f"{tmp_path}/colours.py:Colours", "weights": ""}
    net |= {"sizes": ["original"], "input": {"range": 255, "mean": [0, 0, 0], "std": [1, 1, 1]}}

    def run(net_settings, targets):
        folder = ImageFolder(Path(tmp_path))
        return main(samples, folder, [{**net, **net_settings}], targets, 0)

    return run


RIGHT = {"red": [0], "green": [1], "blue": [2]}


def test_the_right_net_of_a_study_gets_no_warning(study, caplog):
    [result] = study({}, RIGHT)
    assert result.recognised == RECOGNISED
    assert not caplog.records


def test_another_range_is_found_in_a_study(study, caplog, tmp_path):
    """As read by ImageNet's input the net is always dark: all its outputs are 0."""
    [result] = study({"input": {}}, RIGHT)
    assert result.correction == "input: {range: 255, mean: [0, 0, 0], std: [1, 1, 1]}"
    [warning] = [record.message for record in caplog.records]
    assert warning.startswith("net 'mine' does not recognise the classes")
    write([result], str(tmp_path / "recognition.csv"))
    assert "as by chance" in (tmp_path / "recognition.csv").read_text()


@pytest.mark.parametrize("settings", [{"weights": "random"}, {"explain": "predicted"}])
def test_untrained_nets_and_those_explained_as_they_predict_are_exempt(study, settings):
    assert study({"input": {}, **settings}, RIGHT) == []


TWINS = """
from torch import nn
from torch.nn.functional import avg_pool2d
from torchvision.models import squeezenet1_1

def same():
    return squeezenet1_1(num_classes=6)

def blurred():
    net = same()
    for module in net.modules():
        if getattr(module, "stride", 1) in (2, (2, 2)):
            module.stride = 1 if isinstance(module, nn.MaxPool2d) else (1, 1)
            module.register_forward_hook(lambda module, _, output: avg_pool2d(output, 3, 2, 1))
    return net

def of_tanh():
    net = same()
    for name, module in list(net.named_modules()):
        if isinstance(module, nn.ReLU):
            net.set_submodule(name, nn.Tanh())
    return net
"""


@pytest.mark.slow
def test_weights_of_another_net_are_seen_where_it_does_not_recognise(tmp_path, monkeypatch):
    """The sample's SqueezeNet in nets of the same names and shapes.

    One with blurred strides, as timm's resnetblur50 beside resnet50, recognises the classes nearly
    as well: no check of its outputs can tell.
    """
    monkeypatch.chdir(tmp_path)
    Path("twins.py").write_text(TWINS)
    drawn = scenes.draw_sample(12, seed=0)
    instances = scenes.coco_instances(drawn)
    for scene, image in zip(drawn, instances["images"], strict=True):
        Image.fromarray(scene.image).save(image["file_name"])
    names = {item["id"]: item["name"] for item in instances["categories"]}
    targets = {name: [number] for number, name in enumerate(scenes.CATEGORIES)}
    files = {item["id"]: item for item in instances["images"]}
    pairs = {(item["image_id"], names[item["category_id"]]) for item in instances["annotations"]}
    samples = [
        replace(sample(image, name), file=f["file_name"], width=f["width"], height=f["height"])
        for image, name in sorted(pairs)
        for f in [files[image]]
    ]
    weights = str(Path(__file__).parents[1] / "resources/sample/weights/squeezenet1_1.pth")
    nets = [
        {"name": twin, "architecture": f"twins.py:{twin}", "weights": weights, "sizes": ["224"]}
        for twin in ("same", "blurred", "of_tanh")
    ]
    judged = {each.net: each for each in main(samples, ImageFolder(tmp_path), nets, targets, 0)}
    assert judged["same"].recognised == judged["blurred"].recognised == RECOGNISED
    assert judged["blurred"].warning == ""
    assert judged["of_tanh"].recognised == BY_CHANCE
    assert "its weights are another net's" in judged["of_tanh"].warning


@pytest.mark.slow
def test_the_real_squeezenet(shared_data):
    """ImageNet's input and targets: no warning; targets one higher: named."""
    coco = json.loads((shared_data / "coco/annotations/instances_train2017.json").read_text())
    names = {item["id"]: item["name"] for item in coco["categories"]}
    files = {item["id"]: item for item in coco["images"]}
    with (Path(__file__).parents[1] / "resources/classes.csv").open() as table:
        rows = [(row["category"], int(row["target"])) for row in csv.DictReader(table)]
    classes = ["toilet", "laptop", "mouse", "keyboard", "broccoli", "bus"]
    targets = {name: [target for category, target in rows if category == name] for name in classes}
    pairs = {(names[item["category_id"]], item["image_id"]) for item in coco["annotations"]}
    samples = [
        Sample(
            f"{image}-{name}",
            image,
            name,
            files[image]["file_name"],
            files[image]["width"],
            files[image]["height"],
            "",
            None,
            (),
        )
        for name, image in sorted(pairs)
        if name in classes
    ]
    weights = str(shared_data / "weights" / "squeezenet1_0.pth")
    net = {"name": "mine", "architecture": "squeezenet1_0", "weights": weights, "sizes": ["224"]}
    folder = ImageFolder(shared_data / "coco/train2017")
    [right] = main(samples, folder, [net], targets, 0)
    assert (right.recognised, right.warning) == (RECOGNISED, "")
    shifted = {name: [target + 1 for target in listed] for name, listed in targets.items()}
    [wrong] = main(samples, folder, [net], shifted, 0)
    assert wrong.correction == "each target one lower"
    assert wrong.corrected_rank == right.median_rank
