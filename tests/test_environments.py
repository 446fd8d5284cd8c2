"""The conda environments pin the versions of requirements.txt, and rules state their resources."""

from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
ON_CONDA = {"torch": "pytorch", "opencv-python-headless": "py-opencv"}


def pinned() -> dict[str, str]:
    """Versions of requirements.txt, by the name of the package on conda-forge."""
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    return {ON_CONDA.get(name, name): version for name, version in pins.items()}


@pytest.mark.parametrize(
    "environment", sorted(REPOSITORY.glob("envs/*.yaml")), ids=lambda path: path.stem
)
def test_environment_has_the_versions_of_requirements(environment):
    pins = pinned()
    packages = dict(
        entry.split("=") for entry in yaml.safe_load(environment.read_text())["dependencies"]
    )
    packages.pop("python")
    assert packages
    for name, version in packages.items():
        # PyPI's OpenCV has a fourth number, the build of its packaging.
        assert pins[name] == version or pins[name].startswith(f"{version}."), name


def test_every_rule_has_an_environment_that_exists():
    rules = "".join(path.read_text() for path in REPOSITORY.glob("workflow/rules/*.smk"))
    named = {line.strip().strip('"') for line in rules.splitlines() if "/envs/" in line}
    assert named == {f"../../envs/{path.name}" for path in REPOSITORY.glob("envs/*.yaml")}
    assert rules.count("    conda:\n") == rules.count("    script:\n")


def test_every_rule_states_its_needs():
    """A scheduler uses its defaults for resources that a rule does not state."""
    rules = "".join(path.read_text() for path in REPOSITORY.glob("workflow/rules/*.smk"))
    scripts = rules.count("    script:\n")
    assert scripts > 10
    for need in ("    threads: ", "        mem_mb=", "        runtime="):
        assert rules.count(need) == scripts, need
