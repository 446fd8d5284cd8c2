"""What builds a net: torchvision, timm, a file, a package."""

import re

import pytest
import torch

from lookwhere.errors import StudyError
from lookwhere.nets import architectures
from lookwhere.nets.names import is_own, is_timms, is_torchvisions

FILE = """
from torch import nn

def build(outputs=3, *, wide=False):
    return nn.Sequential(nn.Conv2d(3, 8 if wide else 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(8 if wide else 4, outputs))

class Net(nn.Linear):
    def __init__(self):
        super().__init__(3, 2)

def nothing():
    return 5

def fails():
    raise ValueError("no such depth")
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def test_torchvision_s_classifiers_by_name():
    net = architectures.build("resnet18", {}, outputs=7)
    assert net.fc.out_features == 7


def test_arguments_reach_the_function(file):
    dilated = {"replace_stride_with_dilation": [False, True, True]}
    assert architectures.build("resnet50", dilated).layer4[1].conv2.dilation == (4, 4)
    net = architectures.build(f"{file}:build", {"outputs": 5, "wide": True})
    assert (net[0].out_channels, net[3].out_features) == (8, 5)


def test_the_input_transform_of_googlenet_is_an_argument():
    assert architectures.build("googlenet", {}).transform_input
    assert not architectures.build("googlenet", {"transform_input": False}).transform_input


def test_a_class_of_a_file_is_a_function(file):
    assert architectures.build(f"{file}:Net", {}).out_features == 2


def test_a_function_of_a_package():
    net = architectures.build("torchvision.models:resnet18", {"num_classes": 4})
    assert net.fc.out_features == 4


def test_outputs_are_the_function_s_own(file):
    assert architectures.build(f"{file}:build", {}, outputs=1000)[3].out_features == 3


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("build", {"depth": 3}, "can't be built with the arguments {'depth': 3} (TypeError:"),
        ("fails", {}, "(ValueError: no such depth)"),
        ("nothing", {}, "returns int, not a torch.nn.Module"),
        ("gone", {}, "has no function 'gone'"),
    ],
)
def test_what_builds_no_net_is_reported(file, name, arguments, message):
    with pytest.raises(StudyError, match=re.escape(message)):
        architectures.build(f"{file}:{name}", arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nowhere_at_all", "can't be imported (ModuleNotFoundError"),
        ("def build(:", "can't be imported (SyntaxError"),
        ("raise SystemError('no')", "can't be imported (SystemError: no)"),
    ],
)
def test_a_file_that_does_not_run_is_reported(tmp_path, text, message):
    (tmp_path / "net.py").write_text(text)
    with pytest.raises(StudyError, match=re.escape(message)):
        architectures.build(f"{tmp_path / 'net.py'}:build", {})


def test_timm_is_an_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(StudyError, match="needs timm, which is not installed: pip install timm"):
        architectures.build("timm:resnet50", {})


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("resnet50", is_torchvisions),
        ("timm:resnet50.a1_in1k", is_timms),
        ("models/mine.py:build", is_own),
        ("/absolute/my net.py:Net", is_own),
        ("package.module:factory", is_own),
        ("package:factory", is_own),
    ],
)
def test_the_forms_of_names_exclude_each_other(name, form):
    assert [check for check in (is_torchvisions, is_timms, is_own) if check(name)] == [form]


def test_random_parameters_follow_the_seed(file):
    def weights():
        torch.manual_seed(3)
        return architectures.build(f"{file}:build", {})[0].weight

    assert torch.equal(weights(), weights())
