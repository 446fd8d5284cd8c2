"""Nets of a file and of timm in the workflow: what an edit of the file recomputes."""

import pytest

from .conftest import SMALL

pytestmark = pytest.mark.slow

FACTORY = """
from torch import nn
from parts import block


def build(width=8):
    return nn.Sequential(block(3, width), block(width, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(16, 1000))
"""
PARTS = """
from torch import nn


def block(inputs, outputs):
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
"""
MINE = {
    "name": "mine",
    "architecture": "models/mine.py:build",
    "arguments": {"width": 4},
    "weights": "random",
}
THEIRS = {"name": "theirs", "architecture": "timm:test_resnet", "weights": "random"}
STUDY = SMALL | {"nets": [MINE, THEIRS], "sizes": [64]}


@pytest.fixture(scope="module")
def study(house):
    pytest.importorskip("timm", reason="needs timm: pip install timm")
    models = house.root / "models"
    models.mkdir()
    (models / "mine.py").write_text(FACTORY)
    (models / "parts.py").write_text(PARTS)
    house.build("results/energy.parquet", study=STUDY)
    return house


def nets_of_maps(study):
    """The nets whose maps a run would compute."""
    jobs = [job for job in study.planned(STUDY) if job.startswith("compute_maps")]
    return {job.split("net=")[1].split(",")[0] for job in jobs}


def test_every_method_has_records_of_both_nets(study):
    records = study.energy()
    assert set(records["net"]) == {"mine", "theirs"}
    assert set(records["status"]) <= {"ok", "zero_energy"}
    assert len(records.groupby(["net", "method"])) == 2 * records["method"].nunique()
    # Random weights may leave a rule or a CAM without energy, but not the plain gradient.
    plain = records[records["method"] == "backpropagation"]
    assert set(plain["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("file", "old", "new", "nets"),
    [
        ("mine", "block(width, 16)", "block(width, 16), nn.Dropout()", {"mine"}),
        ("parts", "stride=2", "stride=2, bias=False", {"mine"}),
        ("mine", "\n\ndef", "\n\n# a comment\ndef", set()),
        ("parts", "\n\ndef", '\n"""A docstring is none here."""\n\ndef', {"mine"}),
        ("parts", "):\n", '):\n    """A block."""\n', set()),
    ],
)
def test_an_edit_recomputes_that_net_alone(study, file, old, new, nets):
    source = study.root / f"models/{file}.py"
    original = source.read_text()
    assert old in original
    source.write_text(original.replace(old, new, 1))
    try:
        assert nets_of_maps(study) == nets
    finally:
        source.write_text(original)


def test_a_file_that_can_not_be_read_as_python_is_reported_before_any_job(study):
    source = study.root / "models/parts.py"
    original = source.read_text()
    source.write_text("def block(:\n")
    try:
        run = study.run("--dry-run", study=STUDY)
    finally:
        source.write_text(original)
    assert run.returncode != 0
    messages = run.stdout + run.stderr
    assert "Traceback" not in messages
    assert "models/parts.py' can't be read as Python (invalid syntax" in messages
