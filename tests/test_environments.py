"""The conda environments pin the versions of requirements.txt, and rules state their resources."""

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
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


def environments_of_scripts() -> dict[str, str]:
    """The environment of each rule's script, both by stem."""
    rules = "".join(path.read_text() for path in REPOSITORY.glob("workflow/rules/*.smk"))
    pairs = re.findall(r"/envs/(\w+)[.]yaml\".*?/scripts/(\w+)[.]py\"", rules, re.DOTALL)
    return {script: environment for environment, script in pairs}


@pytest.mark.slow
@pytest.mark.parametrize(("script", "environment"), environments_of_scripts().items())
def test_the_environment_of_a_rule_has_what_its_script_imports(script, environment):
    code = f"import sys, {script}; print(*{{name.split('.')[0] for name in sys.modules}})"
    folder = str(REPOSITORY / "workflow" / "scripts")
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    distributions = packages_distributions()
    packages = {name for module in run.stdout.split() for name in distributions.get(module, ())}
    needed = {ON_CONDA.get(name, name) for name in packages} & pinned().keys()
    content = yaml.safe_load((REPOSITORY / f"envs/{environment}.yaml").read_text())
    assert needed <= {entry.split("=")[0] for entry in content["dependencies"]}
