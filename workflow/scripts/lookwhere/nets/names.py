"""The forms of names of architectures. This module needs no torch."""

import ast
import importlib.util
import re
from pathlib import Path

TIMM = "timm:"
OWN = re.compile(r"[^{}\n]+[.]py:[^\W\d]\w*|[^\W\d]\w*([.][^\W\d]\w*)*:[^\W\d]\w*")


def is_timms(architecture: str) -> bool:
    """Whether an architecture is ``timm:NAME``."""
    return architecture.startswith(TIMM)


def is_own(architecture: str) -> bool:
    """Whether an architecture is ``file.py:function`` or ``package.module:function``."""
    return not is_timms(architecture) and OWN.fullmatch(architecture) is not None


def is_torchvisions(architecture: str) -> bool:
    """Whether an architecture has the form of a name of torchvision's."""
    return ":" not in architecture


def file_of(architecture: str) -> Path | None:
    """The file of an architecture of the user's, absolute; None if it is not found or not theirs.

    Nothing is imported.
    """
    if not is_own(architecture):
        return None
    place = architecture.rpartition(":")[0]
    if place.endswith(".py"):
        return Path(place).absolute()
    top, *parts = place.split(".")
    spec = importlib.util.find_spec(top)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        return Path(spec.origin) if spec and spec.origin and not parts else None
    module = Path(folders[0]).joinpath(*parts)
    files = (module / "__init__.py", module.with_suffix(".py"))
    return next((file for file in files if file.is_file()), None)


def defined_names(file: Path) -> list[str] | None:
    """The names that a Python file defines or imports; None where they can't be known."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
    return None if "*" in names else names
