"""The examples of the how-to pages, extracted and run."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from lookwhere import declarations
from lookwhere.datasets import regions
from lookwhere.declarations import USER_FILES
from lookwhere.methods import (
    check,
    controls,
    library_captum,
    library_grad_cam,
    library_zennit,
    map_files,
    map_folders,
    own_function,
)
from lookwhere.methods.forward import forward
from lookwhere.methods.names import CONTROLS
from lookwhere.methods.run import Run
from lookwhere.metrics import registry
from lookwhere.metrics.registry import measure
from lookwhere.metrics.saliency import Saliency
from lookwhere.nets import architectures
from lookwhere.nets.recognition import BY_CHANCE, RECOGNISED, Recognition
from lookwhere.study import validation
from lookwhere.study.catalogue import Catalogue

from .studies import sample_of

PAGES = Path(__file__).parents[1] / "docs/how-to"
RESOURCES = PAGES.parents[1] / "resources"
RNG = np.random.default_rng(0)


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """The entry in the file of a page, the last one that its study names."""

    def read(kind: str) -> declarations.Declaration:
        text = (PAGES / f"add-a-{kind}.md").read_text("utf-8")
        [python] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        [study] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        named, name = yaml.safe_load(study)[f"{kind}s"][-1].split(":")
        assert python.startswith(f"# {named}\n")
        file = tmp_path / Path(named).name
        file.write_text(python)
        monkeypatch.setenv(USER_FILES, str(file))
        [entry] = declarations.declared(kind, tmp_path / "none").values()
        assert entry.name == name
        return entry

    return read


def test_the_metric_of_the_page_is_that_of_sets_of_pixels(entry):
    name = entry("metric").name
    metric = registry.entries()[name]
    for _ in range(5):
        values, mask = RNG.normal(size=(3, 7, 9)), RNG.random((7, 9)) > 0.6
        pixels = sorted(np.ndindex(7, 9), key=lambda p: -(values[:, *p] ** 2).sum())
        strongest, covered = set(pixels[: mask.sum()]), {p for p in pixels if mask[p]}
        value = measure(metric, Saliency(values), regions.prepare([mask], 0, [0]))
        assert value == len(strongest & covered) / len(strongest | covered)


def test_the_control_of_the_page_is_the_distance_of_colours(entry, monkeypatch):
    monkeypatch.setitem(CONTROLS, "colour", entry("control"))
    image = RNG.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    [map_] = controls.maps(image, "1-dog", ["colour"])["colour"]
    mean = image.reshape(-1, 3).mean(axis=0)
    for row, column in np.ndindex(7, 9):
        distance = sum((float(c) - m) ** 2 for c, m in zip(image[row, column], mean, strict=True))
        assert map_[row, column] == pytest.approx(distance**0.5)


def test_the_maps_of_the_page_are_maps_of_its_study(tmp_path, monkeypatch):
    """The script is run on two images; its maps are those of plain autograd."""
    text = (PAGES / "score-your-maps.md").read_text("utf-8")
    [python] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [study] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    samples = [sample_of(image, "dog", (48, 40)) for image in (36, 37)]
    Path("mine/images").mkdir(parents=True)
    for sample in samples:
        pixels = RNG.integers(0, 256, (40, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"mine/images/{sample.file}")
    script: dict = {}
    exec(compile(python, "make_maps.py", "exec"), script)
    [net] = yaml.safe_load(study)["nets"]
    methods = map_folders.methods_in(Path(net["maps"]))
    assert methods == ["input_x_gradient", "saliency"]
    files = {name: map_files.find(Path(net["maps"], name), samples) for name in methods}
    for sample in samples:
        pixels = np.asarray(Image.open(f"mine/images/{sample.file}"), dtype=np.float32) / 255
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].requires_grad_()
        script["net"](image)[0, 7].backward()
        expected = {"saliency": image.grad.abs(), "input_x_gradient": image.grad * image.detach()}
        for name in methods:
            saliency = map_files.read(files[name][sample.id])
            assert saliency == pytest.approx(expected[name][0].numpy(), abs=1e-6)


def test_the_method_of_the_page_is_declared(entry):
    assert declarations.load(entry("method")).needs


SWITCHES = re.findall(
    r"^\| `(\{.+\})` \| `(\S+)` \|", (PAGES / "study-your-net.md").read_text("utf-8"), re.M
)


@pytest.mark.parametrize(("arguments", "architecture"), SWITCHES)
def test_the_weights_of_nets_that_differ_in_a_switch_have_the_same_names_and_shapes(
    arguments, architecture
):
    assert len(SWITCHES) >= 7
    torch.manual_seed(0)
    usual = architectures.build(architecture, {}).eval()
    other = architectures.build(architecture, yaml.safe_load(arguments)).eval()
    shapes, others = (
        {name: tensor.shape for name, tensor in net.state_dict().items()} for net in (usual, other)
    )
    assert shapes == others
    other.load_state_dict(usual.state_dict())
    images = torch.rand(2, 3, 224, 224) * torch.tensor([0.2, 1]).view(2, 1, 1, 1)
    with torch.inference_mode():
        logits, changed = usual(images), other(images)
    assert (logits - changed).abs().max() > 0.01 * (logits[0] - logits[1]).abs().max()


def test_the_net_of_the_page_is_studied_as_the_page_states(tmp_path, monkeypatch):
    """Its function builds it, its layer has feature maps, and the study is valid but for files."""
    text = (PAGES / "study-your-net.md").read_text("utf-8")
    [python] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [study] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    config = yaml.safe_load(study)
    [net] = config["nets"]
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/net.py").write_text(python)
    for folder in (config["dataset"]["annotations"], config["dataset"]["images"]):
        Path(folder).mkdir(parents=True)
    built = architectures.build(net["architecture"], net["arguments"])
    torch.save(built.state_dict(), net["weights"])
    default = yaml.safe_load((PAGES.parents[1] / "config.yaml").read_text("utf-8"))
    assert validation.faults({**default, **config}, Catalogue.read(RESOURCES), {}) == []
    classes = [{"name": c["name"], "targets": [c["target"]]} for c in config["classes"]]
    [summary], faults = check.check([net], classes, ["224"], ["grad_cam"])
    assert faults == []
    assert (summary.target_layer, summary.outputs, summary.input_mean) == ("2", 3, "0.5 0.5 0.5")


def test_the_messages_of_the_page_are_those_of_the_checks():
    text = (PAGES / "study-your-net.md").read_text("utf-8")
    by_chance = Recognition("n", "224", 9, 9, 5, 0.5, BY_CHANCE, "input: {...}", 3)
    poor = Recognition("n", "224", 9, 9, 5, 0.01, RECOGNISED, "each target one lower", 1)
    for message in ("does not recognise the classes", "as by chance", "With input: {...} it is 3"):
        assert message in text
        assert message in by_chance.warning
    for message in ("recognises the classes poorly", "With each target one lower it is 1"):
        assert message in text
        assert message in poor.warning


def test_the_function_of_the_page_is_a_method(tmp_path, monkeypatch):
    text = (PAGES / "your-own-method.md").read_text("utf-8")
    [python] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [study] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    [entry] = [e for e in yaml.safe_load(study)["methods"] if "function" in e]
    monkeypatch.chdir(tmp_path)
    named, _ = entry["function"].split(":")
    assert python.startswith(f"# {named}\n")
    Path(named).parent.mkdir()
    Path(named).write_text(python)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(64, 5))
    run = Run(forward(net.eval(), None, torch.randn(2, 3, 6, 6)), torch.tensor([4, 1]))
    expected = run.gradient() * run.images**2
    maps = own_function.function(run, of=entry["function"], arguments=entry["arguments"])
    torch.testing.assert_close(maps, expected)


def test_the_methods_of_the_page_are_those_of_libraries():
    text = (PAGES / "your-own-method.md").read_text("utf-8")
    [study] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    doors = {
        "captum": library_captum.captum,
        "pytorch_grad_cam": library_grad_cam.pytorch_grad_cam,
        "zennit": library_zennit.zennit,
    }
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), Squeezed()
    )
    images = torch.randn(2, 3, 40, 36)
    for entry in yaml.safe_load(study)["methods"]:
        for key in doors.keys() & (entry if isinstance(entry, dict) else {}):
            if key == "zennit":
                pytest.importorskip("zennit", reason="needs zennit: pip install zennit")
            run = Run(forward(net.eval(), net[1], images), torch.tensor([3, 1]))
            maps = doors[key](run, of=entry[key], arguments=entry.get("arguments", {}))
            assert maps.shape[2:] == (40, 36)


class Squeezed(torch.nn.Module):
    def forward(self, x):
        return x.flatten(1)
