"""Imports of the library run in one direction: no stage imports a later one."""

import ast
from pathlib import Path

import pytest

import lookwhere

LIBRARY = Path(lookwhere.__file__).parent
# Each stage, with the stages that it may import.
STAGES = {
    "errors": set(),
    "declarations": {"errors"},
    "io": {"errors", "declarations"},
    "datasets": {"errors", "declarations", "io"},
    "nets": {"errors", "declarations", "io", "datasets"},
    "methods": {"errors", "declarations", "io", "datasets", "nets"},
    "metrics": {"errors", "declarations", "io", "datasets", "methods"},
    "statistics": {"errors", "declarations", "io", "methods", "metrics"},
    "charts": {"errors", "declarations", "io", "datasets", "methods", "statistics"},
}
STAGES["report"] = set(STAGES)
STAGES["study"] = set(STAGES)
STAGES["api"] = set(STAGES) - {"study", "charts", "report"}
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.parent != LIBRARY)


def imported(module: Path) -> set[str]:
    """The imports of a module, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports of the library are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_every_stage_is_listed():
    names = {path.name.removesuffix(".py") for path in LIBRARY.iterdir() if path.name[0] != "_"}
    assert names == set(STAGES)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_stage_imports_a_later_one(module):
    stage = module.relative_to(LIBRARY).parts[0]
    for name in imported(module):
        parts = name.split(".")
        if parts[0] == "lookwhere":
            assert parts[1] in STAGES[stage] | {stage}, f"{module} imports {name}"
        assert parts[0] not in ("snakemake", "worlds")


def test_statistics_and_the_snakefile_need_no_torch():
    """The environment of the tables has no torch, and a dry run does not import it."""
    for stage in ("io", "datasets", "metrics", "statistics", "charts", "report"):
        for module in (LIBRARY / stage).glob("*.py"):
            assert not {n for n in imported(module) if n.split(".")[0] in ("torch", "torchvision")}
