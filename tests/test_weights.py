"""Weights as people save them are loaded, or refused with a way out that works."""

import argparse
import csv
import datetime
import enum
import gzip
import pickle
import re
import tarfile
import zipfile
from collections import OrderedDict, defaultdict
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torchvision.models import get_model, quantization

from lookwhere.errors import StudyError
from lookwhere.nets import classifiers, heads, weights

TABLE = Path(__file__).parents[1] / "resources" / "architectures.csv"
with TABLE.open() as table:
    ARCHITECTURES = [row["architecture"] for row in csv.DictReader(table)]
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def made(architecture="shufflenet_v2_x0_5", outputs=6):
    torch.manual_seed(1)
    return get_model(architecture, num_classes=outputs).eval()


def load(path, architecture="shufflenet_v2_x0_5", key=""):
    spec = {"architecture": architecture, "weights": str(path), "weights_key": key}
    loaded = classifiers.load_spec(spec)
    return loaded.module, loaded.changes


def message_of(path, architecture="shufflenet_v2_x0_5", key=""):
    with pytest.raises(StudyError) as caught:
        load(path, architecture, key)
    message = str(caught.value)
    assert message.startswith(f"weights {str(path)!r} ")
    assert "weights_only" not in message
    return message


def assert_same(net, reference):
    assert not net.training
    assert torch.equal(net(IMAGES), reference.eval()(IMAGES))


def prefixed(state, prefix):
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


class Settings(dict):
    """As EasyDict, mmengine's ConfigDict and Lightning's AttributeDict."""


class Choice(enum.Enum):
    ONE = 1


class Wrapped(nn.Module):
    """As Lightning's modules: the net, a loss and a metric."""

    def __init__(self, net) -> None:
        super().__init__()
        self.model = net
        self.loss = nn.CrossEntropyLoss(weight=torch.ones(6))
        self.register_buffer("confusion", torch.zeros(6, 6))


def optimizer_of(net):
    optimizer = torch.optim.Adam(net.parameters())
    net.train()(IMAGES).sum().backward()
    optimizer.step()
    net.eval()
    return optimizer.state_dict()


def imagenet_example(net):
    return {
        "epoch": 5,
        "arch": "shufflenet",
        "optimizer": optimizer_of(net),
        "state_dict": nn.DataParallel(net).state_dict(),
        "best_acc1": torch.tensor(58.1),
    }


def timm_script(net):
    arguments = argparse.Namespace(lr=0.1, path=Path("/data"), choice=Choice.ONE)
    return {"args": arguments, "metric": np.float64(71.5), "state_dict": net.state_dict()}


def lightning(net):
    """As its Trainer writes them."""
    best = {"/runs/epoch=3.ckpt": torch.tensor(0.4)}
    return {
        "state_dict": Wrapped(net).state_dict(),
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_k_models": best}},
        "hyper_parameters": Settings(lr=0.1, paths=defaultdict(list, a=[Path("/data")])),
        "loops": {"fit_loop": {"state_dict": {}}},
    }


def parts(net):
    """A data-parallel part, as the ImageNet example wraps AlexNet's and VGG's features."""
    return {re.sub(r"^stage2\.", "stage2.module.", n): t for n, t in net.state_dict().items()}


SAVED = {
    "plain": (lambda net: net.state_dict(), []),
    "data parallel": (lambda net: nn.DataParallel(net).state_dict(), ["under 'module'"]),
    "a part data parallel": (parts, ["removed the names of wrappers from"]),
    "compiled": (lambda net: torch.compile(net).state_dict(), ["under '_orig_mod'"]),
    "compiled, then data parallel": (
        lambda net: prefixed(net.state_dict(), "module._orig_mod."),
        ["under 'module._orig_mod'"],
    ),
    "averaged": (
        lambda net: torch.optim.swa_utils.AveragedModel(net).state_dict(),
        ["under 'module'", "left out 1 tensor (n_averaged)"],
    ),
    "ImageNet example": (
        imagenet_example,
        ["under 'state_dict.module'", "left out 1 tensor (best_acc1)"],
    ),
    "timm's script": (timm_script, ["under 'state_dict'"]),
    "Lightning": (
        lightning,
        ["under 'state_dict.model'", "left out 3 tensors (state_dict.confusion"],
    ),
    "Lightning's state dict": (
        lambda net: Wrapped(net).state_dict(),
        ["under 'model'", "left out 2 tensors (confusion, loss.weight)"],
    ),
    "under any key": (
        lambda net: {"ema": {"shadow": net.state_dict(), "decay": 0.9}, "lr": 1},
        ["under 'ema.shadow'"],
    ),
    "in a tuple": (lambda net: (3, net.state_dict()), ["under '1'"]),
    "with numbers": (lambda net: {**net.state_dict(), "epoch": 3}, []),
    "one state dict twice": (
        lambda net: {"model": net.state_dict(), "best": dict(net.state_dict())},
        ["under 'model'", "left out 282 tensors (best.conv1.0.weight"],
    ),
    "two state dicts, one of another net": (
        lambda net: {"teacher": made("resnet18").state_dict(), "student": net.state_dict()},
        ["under 'student'", "left out 102 tensors (teacher.conv1.weight"],
    ),
    "with a copy of itself": (
        lambda net: net.state_dict() | prefixed(made().state_dict(), "average."),
        ["left out 282 tensors (average.conv1.0.weight"],
    ),
    "sorted names": (lambda net: dict(sorted(net.state_dict().items())), []),
    "parameters": (
        lambda net: {n: nn.Parameter(t, False) for n, t in net.state_dict().items()},
        [],
    ),
    "sparse": (
        lambda net: {n: t.to_sparse() if t.ndim == 4 else t for n, t in net.state_dict().items()},
        ["of sparse to float32"],
    ),
    "float64": (lambda net: {n: t.double() for n, t in net.state_dict().items()}, []),
    "objects of classes of the user": (
        lambda net: {
            "net": net.state_dict(),
            "settings": Settings(a=1),
            "when": datetime.date.today(),
        },
        ["under 'net'"],
    ),
}


@pytest.mark.parametrize(("save", "expected"), SAVED.values(), ids=SAVED.keys())
def test_what_people_save_is_the_net_that_was_saved(save, expected, tmp_path):
    net = made()
    content = save(net)
    torch.save(content, tmp_path / "weights.ckpt")
    loaded, changes = load(tmp_path / "weights.ckpt")
    assert_same(loaded, net)
    assert len(changes) == len(expected)
    for change, fragment in zip(changes, expected, strict=True):
        assert fragment in change
    legacy = tmp_path / "old.pth.tar"
    torch.save(content, legacy, _use_new_zipfile_serialization=False)
    if "sparse" not in str(expected):
        assert_same(load(legacy)[0], net)


def test_safetensors_are_loaded_whatever_the_name_of_the_file(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    net = made()
    for name in ("weights.safetensors", "pytorch_model.bin"):
        safetensors.save_file(Wrapped(net).state_dict(), tmp_path / name)
        assert_same(load(tmp_path / name)[0], net)
    cut = (tmp_path / "weights.safetensors").read_bytes()[:-100]
    (tmp_path / "weights.safetensors").write_bytes(cut)
    assert "can't be read" in message_of(tmp_path / "weights.safetensors")


def test_of_several_state_dicts_the_key_chooses(tmp_path):
    net, average, path = made(), made(), tmp_path / "both.pth"
    with torch.no_grad():
        average.fc.bias += 1
    model, average_state = prefixed(net.state_dict(), "module."), average.state_dict()
    torch.save({"model": model, "ema": {"module": average_state}, "epoch": 3}, path)
    message = message_of(path)
    assert "'model.module' (282 tensors), 'ema.module' (282 tensors)" in message
    assert message.endswith("choose one with weights_key, such as weights_key: model.module")
    for key in ("ema", "ema.module"):
        loaded, [change] = load(path, key=key)
        assert_same(loaded, average)
        assert change == "read the 282 tensors under 'ema.module'"
    assert_same(load(path, key="model.module")[0], net)
    message = message_of(path, key="ema_module")
    assert "nothing under the weights_key 'ema_module'; did you mean 'ema.module'?" in message


def test_the_net_before_its_training_is_not_taken_for_it(tmp_path):
    """Its head has as many outputs as torchvision's."""
    net, path = made(), tmp_path / "both.pth"
    torch.save({"state_dict": net.state_dict(), "initial": made(outputs=1000).state_dict()}, path)
    message = message_of(path)
    assert "'state_dict' (282 tensors)" in message
    assert "'initial' (282 tensors)" in message
    assert_same(load(path, key="state_dict")[0], net)


def test_a_part_that_the_net_names_twice_is_no_second_state_dict(tmp_path):
    net = Wrapped(made())
    net.features = nn.Sequential(OrderedDict(list(net.model.named_children())[:-1]))
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    loaded, [change, _] = load(tmp_path / "weights.pth")
    assert_same(loaded, net.model)
    assert change == "read the 282 tensors under 'model'"


def test_another_net_is_no_state_dict_of_several(tmp_path):
    state = made("resnet18").state_dict()
    torch.save({"model": state, "ema": dict(state)}, tmp_path / "weights.pth")
    message = message_of(tmp_path / "weights.pth")
    assert "do not fit the architecture 'shufflenet_v2_x0_5': " in message


def test_a_key_for_a_plain_state_dict_is_reported(tmp_path):
    torch.save(made().state_dict(), tmp_path / "weights.pth")
    message = message_of(tmp_path / "weights.pth", key="model")
    assert message.endswith("the file is one state dict: remove the key")


def test_of_a_student_and_a_teacher_in_one_state_dict_the_key_chooses(tmp_path):
    student, teacher, path = made(), made(), tmp_path / "both.pth"
    state = prefixed(student.state_dict(), "student.") | prefixed(teacher.state_dict(), "teacher.")
    torch.save({"state_dict": state}, path)
    assert "'state_dict.student' (282 tensors)" in message_of(path)
    assert_same(load(path, key="state_dict.teacher")[0], teacher)


# Heads.


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_is_resized_whatever_the_order_of_the_names(architecture, on_meta):
    extra = {"init_weights": False} if architecture in classifiers.AUXILIARY else {}
    extra |= {"aux_logits": False} if extra else {}
    file = get_model(architecture, num_classes=7, **extra).state_dict()
    net = get_model(architecture, **extra)
    state = {name: file[name] for name in sorted(file, reverse=True)}
    assert heads.resize(net, state, {}) == []
    shapes = {name: tensor.shape for name, tensor in net.state_dict().items()}
    assert shapes == {name: tensor.shape for name, tensor in file.items()}


@pytest.mark.parametrize(
    "architecture", ["squeezenet1_1", "densenet121", "mnasnet0_5", "googlenet"]
)
def test_a_fine_tuned_state_dict_with_sorted_names_is_loaded(architecture, tmp_path):
    extra = {"init_weights": False, "transform_input": True} if architecture == "googlenet" else {}
    torch.manual_seed(0)
    net = get_model(architecture, num_classes=7, **extra).eval()
    torch.save(dict(sorted(net.state_dict().items())), tmp_path / "weights.pth")
    loaded, changes = load(tmp_path / "weights.pth", architecture)
    assert_same(loaded, net)
    of_googlenet = ["left out the auxiliary heads (aux1, aux2)"]
    assert changes == (of_googlenet if extra else [])


def test_an_input_transform_that_weights_do_not_state_is_an_argument(tmp_path):
    net = get_model("googlenet", aux_logits=False, init_weights=False, transform_input=False)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    spec = {"architecture": "googlenet", "weights": str(tmp_path / "weights.pth")}
    chosen = classifiers.load_spec({**spec, "arguments": {"transform_input": False}})
    assert chosen.changes == []
    assert_same(chosen.module, net.eval())


def with_head(layer, architecture="resnet18", name="fc"):
    net = made(architecture)
    net.set_submodule(name, layer)
    return net.eval()


class Beside(nn.Module):
    """As Lightning's tutorials: a net without its head, and a head of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = with_head(nn.Identity())
        self.classifier = nn.Linear(512, 7)

    def forward(self, images):
        return self.classifier(self.backbone(images))


HEADS = {
    "after dropout": (
        with_head,
        nn.Sequential(nn.Dropout(), nn.Linear(512, 7)),
        "resnet18",
        ["renamed 'fc.1' to 'fc'"],
    ),
    "in place of dropout and layer": (
        lambda layer: with_head(layer, "mnasnet0_5", "classifier"),
        nn.Linear(1280, 7),
        "mnasnet0_5",
        ["renamed 'classifier' to 'classifier.1'"],
    ),
    "without bias": (
        with_head,
        nn.Linear(512, 7, bias=False),
        "resnet18",
        ["the head 'fc' has no bias, as in the file"],
    ),
    "as many outputs, without bias": (
        with_head,
        nn.Linear(512, 1000, bias=False),
        "resnet18",
        ["the head 'fc' has no bias, as in the file"],
    ),
    "one output": (with_head, nn.Linear(512, 1), "resnet18", []),
    "a convolution": (
        lambda layer: with_head(layer, "squeezenet1_1", "classifier.1"),
        nn.Conv2d(512, 2, 1),
        "squeezenet1_1",
        [],
    ),
}


@pytest.mark.parametrize(("build", "layer", "architecture", "changes"), HEADS.values(), ids=HEADS)
def test_a_head_of_one_layer_is_loaded(build, layer, architecture, changes, tmp_path):
    net = build(layer)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    loaded, reported = load(tmp_path / "weights.pth", architecture)
    assert_same(loaded, net)
    assert reported == changes


def test_a_head_beside_the_net_is_loaded(tmp_path):
    net = Beside().eval()
    torch.save({"state_dict": net.state_dict()}, tmp_path / "weights.ckpt")
    loaded, changes = load(tmp_path / "weights.ckpt", "resnet18")
    assert_same(loaded, net)
    assert changes == [
        "read the 100 tensors under 'state_dict.backbone'",
        "renamed 'state_dict.classifier' to 'fc'",
    ]


def two_layers():
    return nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 2))


OTHER_HEADS = {
    "of two layers": (
        lambda: with_head(two_layers()),
        "the head alone differs: fc.0 (64, 512), fc.2 (2, 64) in the file, fc (1000, 512) in the",
    ),
    "none": (
        lambda: with_head(nn.Identity()),
        "the head 'fc' is missing in the file; save the net with its head",
    ),
}


@pytest.mark.parametrize(("build", "reason"), OTHER_HEADS.values(), ids=OTHER_HEADS.keys())
def test_a_head_of_another_structure_is_refused(build, reason, tmp_path):
    torch.save(build().state_dict(), tmp_path / "weights.pth")
    assert reason in message_of(tmp_path / "weights.pth", "resnet18")


def test_a_layer_that_reads_the_outputs_is_never_left_out(tmp_path):
    """``classifier(resnet18(images))``: the outputs of the net are 1000 features."""
    net, path = made("resnet18", 1000), tmp_path / "weights.ckpt"
    state = prefixed(net.state_dict(), "model.")
    torch.save({"state_dict": state | {"classifier.weight": torch.ones(7, 1000)}}, path)
    message = message_of(path, "resnet18")
    assert "hold 'state_dict.classifier.weight' of shape (7, 1000), which reads" in message
    key = re.search(r"add weights_key: (\S+)$", message)[1]
    assert_same(load(path, "resnet18", key)[0], net)


@pytest.mark.parametrize(
    "name", ["conv1.0.weight", "conv5.1.bias", "fc.weight", "conv5.1.running_var"]
)
@pytest.mark.parametrize("prefix", ["", "model."])
def test_a_missing_parameter_is_never_left_out(name, prefix, tmp_path):
    state = made().state_dict()
    del state[name]
    torch.save(prefixed(state, prefix), tmp_path / "weights.pth")
    assert f"1 missing ({name})" in message_of(tmp_path / "weights.pth")


def test_a_bias_of_another_layer_than_the_head_is_not_left_out(tmp_path):
    state = made("squeezenet1_1").state_dict()
    del state["features.0.bias"]
    torch.save(state, tmp_path / "weights.pth")
    assert "1 missing (features.0.bias)" in message_of(tmp_path / "weights.pth", "squeezenet1_1")


def test_parameters_without_buffers_are_told_apart(tmp_path):
    net, path = made(), tmp_path / "weights.pth"
    torch.save(dict(net.named_parameters()), path)
    message = message_of(path)
    assert "these are statistics of batch norms, which net.parameters() leaves out" in message
    exec(
        re.search(r"save the weights with (.*)[.] A net", message)[1],
        {"torch": torch, "net": net, "path": path},
    )
    assert_same(load(path)[0], net)


def test_other_channels_are_named(tmp_path):
    net = made("resnet18")
    net.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    message = message_of(tmp_path / "weights.pth", "resnet18")
    assert "conv1.weight reads 3 channels in the net and 1 in the file: write a function" in message


def test_another_kernel_is_no_other_number_of_channels(tmp_path):
    net = made("resnet18")
    net.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    message = message_of(tmp_path / "weights.pth", "resnet18")
    assert message.endswith("1 of another shape (conv1.weight)")


def test_a_parameter_of_another_activation_is_not_taken_for_a_counter(tmp_path):
    state = made("resnet18").state_dict() | {"relu.weight": torch.full((1,), 0.25)}
    torch.save(state, tmp_path / "weights.pth")
    assert "1 unexpected (relu.weight)" in message_of(tmp_path / "weights.pth", "resnet18")


# What tools leave in a state dict.


def with_counters(net, counters):
    for module in net.modules():
        for name, tensor in counters.items():
            module.register_buffer(name, tensor)
    return net.state_dict()


COUNTERS = {
    "thop": {name: torch.zeros(1, dtype=torch.float64) for name in ("total_ops", "total_params")},
    "torchstat": {
        "input_shape": torch.zeros(3).int(),
        "duration": torch.zeros(1),
        "MAdd": torch.zeros(1).long(),
    },
    "another profiler": {"__flops__": torch.zeros(1).long()},
}


@pytest.mark.parametrize("counters", COUNTERS.values(), ids=COUNTERS.keys())
def test_counters_of_profilers_are_left_out(counters, tmp_path):
    net = made()
    torch.save(with_counters(deepcopy(net), counters), tmp_path / "weights.pth")
    loaded, [change] = load(tmp_path / "weights.pth")
    assert_same(loaded, net)
    modules = len(list(net.modules()))
    names = ", ".join(sorted(counters))
    assert change == f"left out {modules * len(counters)} counters ({names})"


def each_convolution(change):
    def changed(net):
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                change(module)
        return net

    return changed


COMPUTED = {
    "pruned": (
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
        "multiplied 56 pruned weights by their masks",
    ),
    "weight_norm of old": (nn.utils.weight_norm, "computed 56 weights of weight_norm"),
    "weight_norm": (parametrizations.weight_norm, "computed 56 weights of weight_norm"),
    "spectral_norm of old": (nn.utils.spectral_norm, "computed 56 weights of spectral_norm"),
    "spectral_norm": (parametrizations.spectral_norm, "computed 56 weights of spectral_norm"),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize(("change", "reported"), COMPUTED.values(), ids=COMPUTED.keys())
def test_weights_that_are_computed_from_parts_are_those_in_evaluation(change, reported, tmp_path):
    net = each_convolution(change)(made())
    torch.save(nn.DataParallel(net).state_dict(), tmp_path / "weights.pth")
    loaded, changes = load(tmp_path / "weights.pth")
    assert reported in changes
    net(IMAGES)
    for name, module in net.eval().named_modules():
        if isinstance(module, nn.Conv2d):
            torch.testing.assert_close(loaded.get_submodule(name).weight, module.weight)


class Symmetric(nn.Module):
    def forward(self, weight):
        return weight + weight.flip(-1)


def test_a_parametrisation_of_the_user_is_refused_with_a_way_out_that_works(tmp_path):
    net, path = made(), tmp_path / "weights.pth"
    convolution = net.conv1[0]
    nn.utils.parametrize.register_parametrization(convolution, "weight", Symmetric())
    torch.save(net.state_dict(), path)
    message = message_of(path)
    names = {"torch": torch, "module": convolution}
    exec(re.search(r"with (torch\.nn\.utils\..*)$", message)[1], names)
    torch.save(net.state_dict(), path)
    assert_same(load(path)[0], net)


# Tensors of other kinds.


def changed(change, name="conv5.0.weight"):
    return lambda state: {**state, name: change(state[name])}


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.float8_e4m3fn, ["converted 282 tensors of float8_e4m3fn to float32"]),
        (torch.float8_e5m2, ["converted 282 tensors of float8_e5m2 to float32"]),
        (torch.bfloat16, []),
        (torch.float16, []),
    ],
    ids=str,
)
def test_floats_of_other_dtypes_are_converted(dtype, expected, tmp_path):
    state = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in made().state_dict().items()
    }
    torch.save(state, tmp_path / "weights.pth")
    loaded, changes = load(tmp_path / "weights.pth")
    assert changes == expected
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, state[name].to(tensor.dtype))


def test_quantised_tensors_are_converted(tmp_path):
    net = made()
    state = changed(lambda t: torch.quantize_per_tensor(t, 0.01, 0, torch.qint8))(net.state_dict())
    torch.save(state, tmp_path / "weights.pth")
    loaded, changes = load(tmp_path / "weights.pth")
    assert changes == ["converted 1 tensor of quantised to float32"]
    error = (loaded.conv5[0].weight - net.conv5[0].weight).abs().max()
    assert 0 < error <= 0.005 + 1e-6


REFUSED = {
    "meta": (
        changed(lambda t: t.to("meta")),
        "hold no values of 'conv5.0.weight', which is on the",
    ),
    "complex": (
        changed(lambda t: t.to(torch.complex64)),
        "hold complex numbers in 'conv5.0.weight'",
    ),
    "whole numbers": (
        changed(lambda t: t.to(torch.int8)),
        "hold whole numbers in 'conv5.0.weight'",
    ),
    "not finite": (changed(lambda t: t / 0), "not finite in 'conv5.0.weight'"),
    "too large for float32": (changed(lambda t: t.double() * 1e300), "not finite"),
    "prepared for quantisation": (
        lambda state: state | {"conv1.0.activation_post_process.min_val": torch.zeros(1)},
        "quantised, or prepared for it",
    ),
    "numbers": (lambda state: {"a": 1.0}, "not a plain state dict"),
    "arrays": (
        lambda state: {name: tensor.numpy() for name, tensor in state.items()},
        "hold NumPy arrays",
    ),
}


@pytest.mark.parametrize(("change", "fragment"), REFUSED.values(), ids=REFUSED.keys())
def test_other_tensors_are_refused_in_a_sentence(change, fragment, tmp_path):
    torch.save(change(made().state_dict()), tmp_path / "weights.pth")
    assert fragment in message_of(tmp_path / "weights.pth")


@pytest.mark.filterwarnings("ignore")
def test_a_quantised_net_is_refused(tmp_path):
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        pytest.skip("needs torch's quantised convolutions")
    net = quantization.resnet18(weights=None, quantize=True)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    message = message_of(tmp_path / "weights.pth", "resnet18")
    assert "are of a net that is quantised, or prepared for it, and has no gradients" in message


# Other files.


def npz(net, path):
    arrays = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def zipped(net, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best.pth", b"weights")


def tarred(net, path):
    torch.save(net.state_dict(), path.with_name("best.pth"))
    with tarfile.open(path, "w") as archive:
        archive.add(path.with_name("best.pth"), "best.pth")


def written(content):
    return lambda net, path: path.write_bytes(content)


OTHER_FILES = {
    "TorchScript": (lambda net, path: torch.jit.script(net).save(path), "are TorchScript"),
    "export": (
        lambda net, path: torch.export.save(torch.export.export(net, (IMAGES,)), path),
        "are a program of torch.export",
    ),
    "npz": (npz, "are NumPy arrays (.npz)"),
    "npy": (lambda net, path: np.save(path.open("wb"), np.zeros(3)), "are a NumPy array and"),
    "Keras": (written(b"\x89HDF\r\n\x1a\n" + bytes(512)), "are an HDF5 file, such as Keras"),
    "ONNX": (written(b"\x08\x07\x12\x07pytorch" + bytes(512)), "are an ONNX model"),
    "zip": (zipped, "are a zip archive (best.pth) and not loaded: unpack it"),
    "tar": (tarred, "are a tar archive"),
    "gzip": (written(gzip.compress(b"weights")), "are compressed by gzip"),
    "Git LFS": (written(b"version https://git-lfs.github.com/spec/v1\n"), "a pointer of Git LFS"),
    "HTML": (written(b"<!DOCTYPE html>\n<html>"), "are text ('<!DOCTYPE html>') and not loaded"),
    "other bytes": (written(bytes(range(256))), "are of an unknown kind"),
    "pickled": (
        lambda net, path: path.write_bytes(pickle.dumps(net.state_dict())),
        "hold more than tensors and are not loaded: they are a pickle that torch.save did not",
    ),
    "whole net": (torch.save, "hold more than tensors and are not loaded: a whole net (torch.nn."),
    "whole net in a checkpoint": (
        lambda net, path: torch.save({"epoch": 3, "model": net}, path),
        "save torch.save(checkpoint['model'].state_dict(), path)",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("save", "fragment"), OTHER_FILES.values(), ids=OTHER_FILES.keys())
def test_other_files_are_named_for_what_they_are(save, fragment, tmp_path):
    path = tmp_path / "weights.pth"
    save(made(), path)
    message = message_of(path)
    assert fragment in message
    assert "\n" not in message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["TorchScript", "export", "npz", "whole net in a checkpoint"])
def test_the_way_out_of_another_file_works(name, tmp_path):
    net, path = made(), tmp_path / "weights.pth"
    save, _ = OTHER_FILES[name]
    save(net, path)
    way_out = re.search(r"torch\.save\(.*\)", message_of(path))[0]
    torch.export.load  # noqa: B018 - the module is imported by its first use
    names = {
        "torch": torch,
        "numpy": np,
        "path": tmp_path / "new.pth",
        "checkpoint": {"model": net},
    }
    exec(way_out, names)
    assert_same(load(tmp_path / "new.pth")[0], net)


class Code:
    """Unpickling this object creates a file."""

    def __init__(self, function, path):
        self.function, self.path = function, path

    def __reduce__(self):
        return self.function, (str(self.path),)


@pytest.mark.parametrize("function", [open, Path.touch, exec, np.load, torch.load])
@pytest.mark.parametrize("zipped", [True, False])
def test_no_code_of_a_file_is_run(function, zipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = {"state_dict": made().state_dict(), "other": Code(function, "ran")}
    torch.save(content, tmp_path / "weights.pth", _use_new_zipfile_serialization=zipped)
    Path("ran").touch()
    before = Path("ran").stat().st_mtime_ns
    if function in (np.load, torch.load):  # no code of Python's own: an empty placeholder
        load(tmp_path / "weights.pth")
    else:
        assert "hold more than tensors and are not loaded" in message_of(tmp_path / "weights.pth")
    assert Path("ran").stat().st_mtime_ns == before


# Nets of any kind.


class Own(nn.Module):
    def __init__(self, outputs=1000) -> None:
        super().__init__()
        self.head = nn.Linear(8, outputs)  # registered first
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.twin = self.body

    def forward(self, images):
        return self.head(self.body(images).mean((2, 3)))


def test_any_net_is_fitted():
    saved, net = Own(5).eval(), Own().eval()
    state = {n: t for n, t in saved.state_dict().items() if not n.startswith("twin.")}  # tied
    assert weights.fit(net, dict(sorted(state.items()))) == []
    assert_same(net, saved)


def test_the_head_is_the_layer_that_yields_the_outputs():
    assert heads.output_layer(Own()) == "head"
    saved, net = Own().eval(), Own().eval()
    saved.head = nn.Linear(8, 1000, bias=False)
    assert weights.fit(net, saved.state_dict()) == ["the head 'head' has no bias, as in the file"]
    assert_same(net, saved)


def test_names_may_lack_the_prefix_of_the_net():
    saved = made()
    net = nn.ModuleDict({"backbone": made()}).eval()
    nn.init.zeros_(net["backbone"].fc.weight)
    assert weights.fit(net, saved.state_dict()) == []
    assert_same(net["backbone"], saved)


def test_buffers_of_a_net_that_computes_its_weights_stay_its_own():
    saved, net = (each_convolution(parametrizations.weight_norm)(made()) for _ in range(2))
    nn.init.zeros_(net.fc.weight)
    assert weights.fit(net, saved.state_dict()) == []
    assert_same(net, saved)
