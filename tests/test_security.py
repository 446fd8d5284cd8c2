"""Files that are read do not run, downloads use https, and dependencies are pinned.

State dicts, archives and file names have tests in the modules of their readers.
"""

import ast
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from torchvision.models import get_model_weights

from .test_config import ARCHITECTURES

REPOSITORY = Path(__file__).parents[1]
SOURCES = sorted(REPOSITORY.glob("workflow/**/*.py"))

# COCO's host, whose certificate has another name, so that https fails.
BY_HTTP = {"images.cocodataset.org"}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-test.txt"])
def test_every_requirement_is_pinned(file):
    lines = [line.split("#")[0].strip() for line in (REPOSITORY / file).read_text().splitlines()]
    lines = [line for line in lines if line and line != "-r requirements.txt"]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==\d[\w.]*", line), line


@pytest.mark.parametrize("file", sorted(REPOSITORY.glob("envs/*.yaml")), ids=lambda f: f.stem)
def test_every_dependency_of_an_environment_is_pinned(file):
    for entry in yaml.safe_load(file.read_text())["dependencies"]:
        assert re.fullmatch(r"[\w-]+=\d[\w.]*", entry), entry


def test_every_library_that_is_imported_is_a_requirement():
    """A library that is not pinned by name depends on the versions of others."""
    imported = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).split(".")[0])
    pinned = re.findall(r"^([\w-]+)==", (REPOSITORY / "requirements.txt").read_text(), re.M)
    ours = {source.stem for source in SOURCES} | {"lookwhere", "worlds"}
    names = {"cv2": "opencv-python-headless", "PIL": "pillow", "yaml": "pyyaml"}
    foreign = imported - ours - sys.stdlib_module_names
    libraries = {names.get(name, name) for name in foreign}
    libraries.discard("urllib3")  # a dependency of requests, which pins it
    libraries -= {"captum", "pytorch_grad_cam"}  # extras, imported when a study names them
    assert libraries <= set(pinned)


def test_shipped_addresses_are_https_but_for_cocos():
    addresses = set()
    for file in [*REPOSITORY.glob("studies/*.yaml"), *REPOSITORY.glob("*.yaml"), *SOURCES]:
        addresses |= set(re.findall(r"https?://[\w.-]+\.\w+", file.read_text()))
    by_http = {urlsplit(address).netloc for address in addresses if address.startswith("http://")}
    assert by_http == BY_HTTP


def test_every_address_of_weights_is_https():
    fit = [name for name, facts in ARCHITECTURES.items() if facts["activation"] == "ReLU"]
    addresses = [weights.url for name in fit for weights in get_model_weights(name)]
    assert len(addresses) > 50
    assert {urlsplit(address).scheme for address in addresses} == {"https"}


def calls(source: Path) -> list[tuple[str, dict]]:
    """Every call of a source file: the text of the function, and its keywords."""
    return [
        (ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords})
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call)
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_files_are_read_without_running_them(source):
    for function, keywords in calls(source):
        assert function not in {"eval", "exec", "pickle.load", "pickle.loads", "os.system"}
        assert function not in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}
        assert keywords.get("shell") != "True"
        assert keywords.get("allow_pickle", "False") == "False"
        if function == "torch.load":
            assert keywords["weights_only"] == "True"
