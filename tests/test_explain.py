"""A batch explained as a whole and in halves, and on the available device."""

import gc
import weakref

import numpy as np
import pytest
import torch

from lookwhere.declarations import declarations
from lookwhere.methods import registry
from lookwhere.methods.explainer import Explainer
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.registry import load
from lookwhere.methods.run import defined_maps, saliency_maps
from lookwhere.nets import classifiers, device, layers, memory

from .studies import FIVE

SPEC = {
    "architecture": "squeezenet1_1",
    "weights": "random",
    "target_layer": "features.12",
    "precision": "float32",
}
IMAGES = np.random.default_rng(0).standard_normal((5, 3, 64, 48)).astype(np.float32)
CANDIDATES = [[7], [3, 1], [5], [5], [900, 2, 4]]
CPU = torch.device("cpu")


class SmallMemory(torch.nn.Module):
    """A net on a device that holds so many images at once, and records the batch sizes."""

    def __init__(self, net: torch.nn.Module, holds: int) -> None:
        super().__init__()
        self.net, self.holds, self.asked = net, holds, []
        self.error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")

    def forward(self, images):
        self.asked.append(len(images))
        if len(images) > self.holds:
            raise self.error
        return self.net(images)


def explainer(holds=None, **changes):
    result = Explainer(SPEC | changes, FIVE, CPU)
    if holds is not None:
        result.net = SmallMemory(result.net, holds)
    return result


def test_the_maps_are_those_of_the_net_itself():
    explanation = explainer().explain(IMAGES, CANDIDATES)
    net = classifiers.load("squeezenet1_1", "random")
    run = forward(net, net.get_submodule("features.12"), torch.from_numpy(IMAGES))
    best = [
        max(row, key=logits.__getitem__) for row, logits in zip(CANDIDATES, run.logits, strict=True)
    ]
    assert explanation.targets.tolist() == best
    torch.testing.assert_close(explanation.logits, run.logits.detach())
    for method, tensor in saliency_maps(run, torch.tensor(best), FIVE).items():
        expected = tensor.numpy()
        assert explanation.maps[method].flags.c_contiguous
        scale = np.abs(expected).max()
        np.testing.assert_allclose(explanation.maps[method] / scale, expected / scale, atol=1e-5)


SMOOTH = {"architecture": "mobilenet_v3_small", "target_layer": "features"}


def test_a_method_that_is_not_defined_for_the_net_costs_no_pass_and_leaves_the_others():
    explanation = explainer(**SMOOTH)
    passes = []
    explanation.net.features.register_full_backward_hook(lambda *_: passes.append(1))
    explanation = explanation.explain(IMAGES, CANDIDATES)
    assert len(passes) == 1
    assert sorted(explanation.maps) == ["backpropagation", "grad_cam"]
    undefined = {"deconvolution", "guided_backpropagation", "guided_grad_cam"}
    assert set(explanation.not_defined) == undefined
    assert len(set(explanation.not_defined.values())) == 1
    assert "the net uses Hardsigmoid and Hardswish" in explanation.not_defined["deconvolution"]
    net = classifiers.load("mobilenet_v3_small", "random")
    images = torch.from_numpy(IMAGES).requires_grad_()
    [expected] = torch.autograd.grad(net(images)[range(5), explanation.targets].sum(), images)
    scale = expected.abs().max().item()
    np.testing.assert_allclose(
        explanation.maps["backpropagation"] / scale, expected.numpy() / scale, atol=1e-4
    )


def test_a_pass_is_freed_at_once_though_methods_are_not_defined():
    """Else the graphs of several images are in memory until Python collects garbage."""
    net = classifiers.load("mobilenet_v3_small", "random")
    gc.disable()
    try:
        passed = forward(net, None, torch.zeros(1, 3, 64, 64))
        graph = weakref.ref(passed)
        few_passes = [name for name, entry in METHODS.items() if not registry.group(entry)]
        _, not_defined = defined_maps(passed, torch.tensor([0]), few_passes)
        del passed
        assert "deconvolution" in not_defined
        assert graph() is None
    finally:
        gc.enable()


def test_halves_agree_on_what_is_not_defined():
    whole = explainer(**SMOOTH).explain(IMAGES, CANDIDATES)
    halved = explainer(holds=2, **SMOOTH).explain(IMAGES, CANDIDATES)
    assert halved.not_defined == whole.not_defined
    assert {m: a.shape for m, a in halved.maps.items()} == {
        m: a.shape for m, a in whole.maps.items()
    }


def test_without_feature_maps_there_are_gradients(monkeypatch):
    monkeypatch.setattr(layers, "last", lambda net, images: None)
    explanation = explainer(architecture="swin_t", target_layer=None).explain(IMAGES[:1], [[7]])
    assert list(explanation.maps) == ["backpropagation"]
    assert explanation.maps["backpropagation"].any()
    assert explanation.not_defined["grad_cam"].startswith("no layer with feature maps is known")


def test_the_reason_of_a_method_is_kept(monkeypatch, tmp_path):
    (tmp_path / "own.py").write_text(
        "from lookwhere.methods.registry import NotDefinedError, method\n\n\n"
        '@method("own", "Own", family="cam", needs=[], cite="none")\n'
        'def own(run):\n    raise NotDefinedError("it needs one output")\n'
    )
    [own] = declarations(tmp_path / "own.py")
    monkeypatch.setitem(METHODS, "own", own)
    two_methods = explainer()
    two_methods.methods = [load(METHODS[name]) for name in ("own", "grad_cam")]
    explanation = two_methods.explain(IMAGES, CANDIDATES)
    assert list(explanation.maps) == ["grad_cam"]
    assert explanation.not_defined == {"own": "it needs one output"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("architecture", "layer"),
    [
        ("densenet121", "features"),
        ("googlenet", "inception5b"),
        ("mnasnet0_5", "layers"),
        ("regnet_x_400mf", "trunk_output"),
        ("shufflenet_v2_x0_5", "conv5"),
        ("alexnet", "features.11"),
    ],
)
def test_nets_on_relu_have_every_method_as_they_are_explained(architecture, layer, precision):
    """Folded, channels last, and cast: other nodes of autograd's than those of the net itself."""
    explanation = explainer(architecture=architecture, target_layer=layer, precision=precision)
    assert explanation.explain(IMAGES[:1].repeat(2, axis=3), [[7]]).not_defined == {}


@pytest.mark.parametrize("holds", [1, 2, 3, 4])
def test_a_batch_that_does_not_fit_is_halved_to_the_same_result(holds):
    whole, halved = explainer().explain(IMAGES, CANDIDATES), explainer(holds)
    explanation = halved.explain(IMAGES, CANDIDATES)
    assert explanation.targets.tolist() == whole.targets.tolist()
    torch.testing.assert_close(explanation.logits, whole.logits)
    for method in FIVE:
        scale = np.abs(whole.maps[method]).max()
        np.testing.assert_allclose(
            explanation.maps[method] / scale, whole.maps[method] / scale, atol=1e-5
        )
    halved.net.asked.clear()
    halved.explain(IMAGES, CANDIDATES)
    assert max(halved.net.asked) <= holds  # what did not fit once is not tried again


def test_a_larger_image_after_a_halved_batch_is_tried():
    small = explainer(holds=1)
    small.explain(IMAGES, CANDIDATES)
    larger = np.zeros((1, 3, 200, 200), dtype=np.float32)
    assert small.explain(larger, [[0]]).maps["grad_cam"].shape == (1, 1, 200, 200)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=["CUDA", "MPS", "CPU", "cuDNN"],
)
def test_out_of_memory_halves_the_batch_and_is_no_fault_of_the_image(error):
    small = explainer(holds=1)
    small.net.error = error
    small.explain(IMAGES, CANDIDATES)
    small.net.holds = 0
    with pytest.raises(RuntimeError) as raised:
        small.explain(IMAGES, CANDIDATES)
    assert raised.value is error


def test_bfloat16_moves_the_maps_a_little():
    exact, rough = (
        explainer(precision=p).explain(IMAGES, CANDIDATES) for p in ("float32", "bfloat16")
    )
    assert rough.logits.dtype == torch.float32
    torch.testing.assert_close(rough.logits, exact.logits, rtol=0.05, atol=0.05)
    for method in FIVE:
        assert rough.maps[method].dtype == np.float32
        assert not np.array_equal(rough.maps[method], exact.maps[method])
    correlation = np.corrcoef(rough.maps["grad_cam"].ravel(), exact.maps["grad_cam"].ravel())[0, 1]
    assert correlation > 0.95


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_the_gpus_maps_are_the_cpus():
    processor = device.choose_device()
    on_gpu = Explainer(SPEC, FIVE, processor).explain(IMAGES, CANDIDATES)
    on_cpu = explainer().explain(IMAGES, CANDIDATES)
    for method in FIVE:
        scale = np.abs(on_cpu.maps[method]).max()
        np.testing.assert_allclose(
            on_gpu.maps[method] / scale, on_cpu.maps[method] / scale, atol=1e-3
        )


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, False, "cuda"), (False, True, "mps"), (True, True, "cuda"), (False, False, "cpu")],
)
def test_the_gpu_is_taken_where_there_is_one(monkeypatch, cuda, mps, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    assert device.choose_device().type == chosen
    assert not torch.backends.cudnn.allow_tf32
    assert chosen in memory.PIXELS_PER_BATCH
