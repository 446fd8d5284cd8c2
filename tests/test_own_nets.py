"""Nets as people build them run as they do alone, image by image, or are refused in a sentence."""

import re
import textwrap
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lookwhere.errors import StudyError
from lookwhere.methods import check
from lookwhere.methods.explainer import Explainer
from lookwhere.methods.names import METHODS
from lookwhere.nets import architectures, classifiers, layers

SPEC = {"name": "own", "architecture": "own:net", "weights": "", "target_layer": None}
IMAGES = np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)


class Own(nn.Module):
    """Two convolutions with batch norms, and a linear head of four outputs."""

    def __init__(self, channels=3, outputs=4):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 8, 3, stride=2), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 16, 3, stride=2), nn.BatchNorm2d(16)
        self.relu, self.fc = nn.ReLU(inplace=True), nn.Linear(16, outputs)
        for norm in (self.bn1, self.bn2):
            nn.init.uniform_(norm.running_var, 0.5, 2)

    def features(self, x):
        return functional.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


def own(forward=None, outputs=4, **methods):
    """A function that builds the net with another ``forward``, of the net and its images."""
    if forward is not None:
        methods["forward"] = forward
    return lambda: type("Other", (Own,), methods)(outputs=outputs)


def changed(change):
    """A function that builds the net, and what ``change`` makes of it."""

    def build():
        net = Own()
        other = change(net)
        return net if other is None else other

    return build


Output = namedtuple("Output", "features logits")


def in_place(net, x):
    x -= 0.5
    return Own.forward(net, x.mul_(2))


def changed_unseen(net, x):
    with torch.no_grad():
        x.mul_(2)
    return Own.forward(net, x)


def one_at_a_time(net, x):
    if len(x) > 1:
        raise ValueError("one image at a time")
    return Own.forward(net, x)


def mean_of_the_batch(net, x):
    return net.fc(net.features(x).mean((0, 2, 3)))[None]


def checkpointed(reentrant):
    def forward(net, x):
        kept = torch.utils.checkpoint.checkpoint(net.features, x, use_reentrant=reentrant)
        return net.fc(kept.mean((2, 3)))

    return forward


def spectral(net):
    net.conv1 = nn.utils.spectral_norm(net.conv1)
    net.conv2 = nn.utils.parametrizations.spectral_norm(net.conv2)


def compiled_inside(net):
    net.conv2 = torch.compile(net.conv2, backend="eager")
    net.bn1.compile(backend="eager")


def hooked(net):
    net.conv2.register_forward_hook(lambda module, inputs, output: 2 * output)


def with_shared_parameters(net):
    net.conv3 = nn.Conv2d(3, 8, 3, stride=2)
    net.conv3.weight = net.conv1.weight
    net.forward = lambda x: (
        Own.forward(net, x) + net.fc(net.relu(net.conv3(x)).mean((2, 3)).repeat(1, 2))
    )


RUNS = {
    "its forward has optional arguments": own(
        lambda net, images, labels=None: Own.forward(net, images)
    ),
    "a named tuple": own(lambda net, x: Output(net.features(x), Own.forward(net, x))),
    "an object": own(lambda net, x: SimpleNamespace(loss=None, logits=Own.forward(net, x))),
    "a number an image": own(lambda net, x: Own.forward(net, x)[:, 0], outputs=1),
    "a squeezed number": own(lambda net, x: Own.forward(net, x).squeeze(), outputs=1),
    "squeezed logits": own(lambda net, x: Own.forward(net, x).squeeze()),
    "logits of one pixel": own(lambda net, x: Own.forward(net, x)[..., None, None]),
    "several heads": own(lambda net, x: (Own.forward(net, x), net.features(x).mean((2, 3)))),
    "in training mode": changed(lambda net: net.train()),
    "train returns nothing": own(train=lambda net, mode=True: None),
    "in half precision": changed(lambda net: net.half()),
    "in double precision": changed(lambda net: net.double()),
    "spectral norm": changed(spectral),
    "compiled": changed(lambda net: torch.compile(net, backend="eager")),
    "compiled parts": changed(compiled_inside),
    "DataParallel": changed(nn.DataParallel),
    "its own hook": changed(hooked),
    "its input in place": own(in_place),
    "an in-place ReLU first": own(lambda net, x: Own.forward(net, net.relu(x))),
    "its input unseen": own(changed_unseen),
    "one image at a time": own(one_at_a_time),
    "the mean of a batch": own(mean_of_the_batch),
    "recomputed activations": own(checkpointed(reentrant=False)),
    "shared parameters": changed(with_shared_parameters),
    "no parameters": lambda: nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
}


@pytest.fixture
def build(monkeypatch):
    """Set what builds the net."""

    def as_architecture(function):
        def seeded():
            torch.manual_seed(0)
            return function()

        monkeypatch.setattr(architectures, "_function", lambda architecture: (seeded, {}))
        monkeypatch.setattr(architectures, "is_own", lambda architecture: True)

    return as_architecture


@pytest.mark.parametrize("function", RUNS.values(), ids=RUNS.keys())
def test_the_maps_of_a_batch_are_those_of_the_net_for_each_image(function, build):
    build(function)
    [summary], faults = check.check([SPEC], [], ["32"], METHODS)
    assert faults == []
    explainer = Explainer(
        {**SPEC, "precision": "float32"}, ["backpropagation"], torch.device("cpu")
    )
    batch = IMAGES.copy()
    explanation = explainer.explain(batch, [[0]] * len(batch))
    assert np.array_equal(batch, IMAGES)
    torch.manual_seed(0)
    net = function()
    net = getattr(net, "_orig_mod", net).float()
    nn.Module.train(net, False)
    for image, logits, signal in zip(
        IMAGES, explanation.logits, explanation.maps["backpropagation"], strict=True
    ):
        leaf = torch.tensor(image[None], requires_grad=True)
        expected = layers.logits_of(net(leaf.clone()), 1)
        torch.testing.assert_close(logits, expected[0].detach(), rtol=1e-4, atol=1e-5)
        [gradient] = torch.autograd.grad(expected[0, 0], leaf)
        scale = float(gradient.abs().max())
        np.testing.assert_allclose(signal / scale, gradient[0] / scale, atol=1e-5)
    assert summary.outputs == expected.shape[1]


def scripted(net):
    return torch.jit.script(net)


def quantised(net):
    return torch.ao.quantization.quantize_dynamic(net, {nn.Linear}, dtype=torch.qint8)


def raises(net, mode=True):
    raise RuntimeError("its parts are frozen")


def without_gradient(net, x):
    with torch.no_grad():
        return Own.forward(net, x)


def of_its_batch(net):
    net.bn1 = nn.BatchNorm2d(8, track_running_stats=False)


REFUSED = {
    "its forward needs arguments": (
        own(lambda net, x, *, labels: Own.forward(net, x)),
        "missing 1 required keyword-only argument: 'labels'); it is called as net(images): write",
    ),
    "its features first": (
        own(lambda net, x: (net.features(x), Own.forward(net, x))),
        "returns first (1, 16, 7, 7) for 1 image, not logits (N, outputs): return its logits first",
    ),
    "classes": (own(lambda net, x: Own.forward(net, x).argmax(1)), "returns (1,) of int64 for 1"),
    "softmax": (
        own(lambda net, x: Own.forward(net, x).softmax(1)),
        "the net ends in softmax: return the logits, its input",
    ),
    "sigmoid, reshaped": (
        own(lambda net, x: Own.forward(net, x).sigmoid().view(-1, 4)),
        "the net ends in sigmoid",
    ),
    "lazy": (
        lambda: nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(3)),
        "has lazy layers without a shape: run the net once before you return it",
    ),
    "its own float64": (
        own(lambda net, x: Own.forward(net, x.double())),
        "nets run in float32: convert no dtypes in its forward",
    ),
    "TorchScript": (changed(scripted), "is TorchScript, which hides its layers"),
    "quantised": (changed(quantised), "the net has no gradient"),
    "no gradient": (own(without_gradient), "no gradient from its logits to the image"),
    "re-entrant recomputation": (own(checkpointed(reentrant=True)), "set use_reentrant=False"),
    "random": (
        own(lambda net, x: Own.forward(net, functional.dropout(x, 0.5))),
        "the same image has other logits in a second pass",
    ),
    "its batch's statistics": (changed(of_its_batch), "depend on the other images of its batch"),
    "no eval mode": (own(train=raises), "can't be put into eval mode, as float32 (its parts are"),
    "four channels": (lambda: Own(channels=4), "it takes an input of 4 channels, and an"),
    "another size": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 3)),
        "the net can't process an input of 32 x 32 pixels (mat1 and mat2 shapes",
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("function", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_net_without_maps_is_refused_in_a_sentence(function, message, build):
    build(function)
    summaries, [fault] = check.check([SPEC], [], ["32"], METHODS)
    assert summaries == []
    assert message in fault


def test_the_output_that_is_explained_is_stated(build):
    build(own(lambda net, x: {"age": Own.forward(net, x), "mood": net.features(x).mean((2, 3))}))
    [summary], _ = check.check([SPEC], [], ["32"], METHODS)
    assert (summary.logits_source, summary.outputs) == ("age, the first of age, mood", 4)


def test_a_net_that_fails_for_each_image_keeps_its_reason(build):
    build(own(one_at_a_time))
    explainer = Explainer(
        {**SPEC, "precision": "float32"}, ["backpropagation"], torch.device("cpu")
    )
    with pytest.raises(StudyError, match="can't process an input of 1 x 1 pixels"):
        explainer.explain(IMAGES[:, :, :1, :1], [[0]] * 3)


FILE = """
from torch import nn
{lines}
def net():
    return nn.Linear(outputs(), 1)
"""


def write(folder, lines, **modules):
    folder.mkdir()
    (folder / "net.py").write_text(FILE.format(lines=lines))
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return {**SPEC, "architecture": f"{folder / 'net.py'}:net"}


def test_two_files_import_modules_of_one_name(tmp_path):
    lines = "from parts import outputs"
    one = write(tmp_path / "one", lines, parts="def outputs():\n    return 1\n")
    two = write(
        tmp_path / "two",
        lines,
        parts="def outputs():\n    import more\n    return more.N\n",
        more="N = 2",
    )
    inputs = [classifiers.load_spec(spec).module.in_features for spec in (one, two, one)]
    assert inputs == [1, 2, 1]


@pytest.mark.parametrize("lines", ["import sys; sys.exit('usage: net.py')", "raise SystemExit(2)"])
def test_a_script_that_ends_itself_is_reported(lines, tmp_path):
    with pytest.raises(StudyError, match=re.escape("can't be imported (SystemExit: ")):
        classifiers.load_spec(write(tmp_path / "one", lines))
