"""Declarations of methods, metrics, controls, charts and more, read without running their files.

An entry is a function under a decorator of its kind, whose arguments are its declaration::

    @method("layer_cam", "LayerCAM", family="cam", needs=[Signal(GRADIENT, FEATURES)], cite="...")
    def layer_cam(run): ...

Names, labels and other literals are read from the syntax tree. So the Snakefile and the jobs of
tables need neither torch nor matplotlib, and a user's file runs only in the jobs that call its
function.
"""

import ast
import functools
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from lookwhere.errors import StudyError

SCRIPTS = Path(__file__).parents[1]

# The variable that lists the user's files with entries, for this process and its children.
USER_FILES = "LOOKWHERE_FILES"


@dataclass(frozen=True)
class Declaration:
    """An entry: the arguments of its decorator, and where its function is."""

    kind: str  # the decorator's name
    name: str  # in code, columns and paths
    label: str  # in print
    file: Path
    function: str
    options: Mapping[str, Any]  # the other arguments that are literals
    # Of the function: its keyword-only arguments with a literal as default, and values that a
    # study has in their place.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


def declared(kind: str, folder: Path) -> dict[str, Declaration]:
    """The entries of a ``kind`` in the modules of a ``folder``, then in the user's files, by name.

    Raises StudyError for a file that can't be read, and for a name that is declared twice.
    """
    user_files = os.environ.get(USER_FILES, "").split(os.pathsep)
    files = [*sorted(folder.glob("*.py")), *map(Path, filter(None, user_files))]
    entries: dict[str, Declaration] = {}
    for entry in (entry for file in files for entry in declarations(file) if entry.kind == kind):
        if entry.name in entries:
            raise StudyError(
                f"{kind} {entry.name!r} is declared twice, in {str(entries[entry.name].file)!r} "
                f"and {str(entry.file)!r}: rename one of them"
            )
        entries[entry.name] = entry
    return entries


@functools.cache
def declarations(file: Path) -> tuple[Declaration, ...]:
    """All entries of a Python file, in its order."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StudyError(f"{str(file)!r} can't be read as Python ({reason})") from None
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return tuple(
        entry
        for function in functions
        for decorator in function.decorator_list
        if (entry := _declaration(decorator, function, file))
    )


def load(entry: Declaration) -> Callable[..., Any]:
    """Import the file of an entry, and return the function.

    Raises StudyError if the import fails.
    """
    if SCRIPTS in entry.file.parents:
        dotted = ".".join(entry.file.relative_to(SCRIPTS).with_suffix("").parts)
        return getattr(importlib.import_module(dotted), entry.function)
    try:
        return getattr(imported(entry.file), entry.function)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise StudyError(f"{entry.kind} {str(entry.file)!r} can't be run ({reason})") from error


def imported(file: Path) -> ModuleType:
    """The module of a user's file, imported once."""
    name = f"_user_file_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _declaration(
    decorator: ast.expr, function: ast.FunctionDef | ast.ClassDef, file: Path
) -> Declaration | None:
    """The entry that a decorator declares; its first arguments are a name and a label."""
    if not isinstance(decorator, ast.Call) or len(decorator.args) != 2:
        return None
    name, label = map(_literal, decorator.args)
    if not isinstance(name, str) or not isinstance(label, str):
        return None
    kind = decorator.func.attr if isinstance(decorator.func, ast.Attribute) else decorator.func
    options = {k.arg: _literal(k.value) for k in decorator.keywords if k.arg}
    literals = {key: value for key, value in options.items() if value is not NotImplemented}
    defaults = _defaults(function) if isinstance(function, ast.FunctionDef) else {}
    kind = kind.id if isinstance(kind, ast.Name) else str(kind)
    return Declaration(kind, name, label, file, function.name, literals, defaults)


def _defaults(function: ast.FunctionDef) -> dict[str, Any]:
    """The keyword-only arguments of a function whose defaults are literals."""
    pairs = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    defaults = {argument.arg: _literal(node) for argument, node in pairs if node}
    return {name: value for name, value in defaults.items() if value is not NotImplemented}


def _literal(node: ast.expr) -> Any:
    """The value of a literal, or NotImplemented."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return NotImplemented
