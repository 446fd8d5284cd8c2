"""The examples of the how-to pages, extracted and run."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from lookwhere import declarations
from lookwhere.datasets import regions
from lookwhere.declarations import USER_FILES
from lookwhere.methods import controls
from lookwhere.methods.names import CONTROLS
from lookwhere.metrics import registry
from lookwhere.metrics.registry import measure
from lookwhere.metrics.saliency import Saliency

PAGES = Path(__file__).parents[1] / "docs/how-to"
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


def test_the_method_of_the_page_is_declared(entry):
    assert declarations.load(entry("method")).needs
