"""Hashes of code. A hash is a setting of a rule, so that an edit of the code reruns the rule.

Snakemake's own trigger compares the modification time of a rule's script alone. These hashes follow
imports to all modules of the project, and ignore comments, docstrings and layout. Entries of a
registry (methods, metrics, charts) are not imported by statements: each has a hash of its function
and of the definitions that it uses. So an edit of one method recomputes that method.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from lookwhere.declarations import SCRIPTS, Declaration
from lookwhere.errors import StudyError

# A module-level name.
Name = tuple[Path, str]


@functools.cache
def of_scripts(*scripts: str) -> str:
    """A hash of scripts, such as ``make_tables``, and of all modules that they import.

    Names are paths below the folder of the scripts, without a suffix.
    """
    sources: set[Path] = set()
    waiting = {SCRIPTS / f"{script}.py" for script in scripts}
    while waiting:
        source = waiting.pop()
        sources.add(source)
        waiting |= _imported_modules(source) - sources
    return _digest(_meaning(source) for source in sorted(sources))


def of_entries(entries: Iterable[Declaration]) -> dict[str, str]:
    """A hash of the function of each entry, of its arguments and what it uses, by name.

    For a user's file it is the hash of the whole file; its imports are not followed. Literals of
    the declaration are not included.
    """
    return {entry.name: _of_entry(entry) for entry in entries}


def of_user_file(file: Path) -> str:
    """A hash of a user's file, and of the files beside and below it that it imports.

    Raises StudyError for a file that can't be read as Python.
    """
    sources: set[Path] = set()
    waiting = {file}
    while waiting:
        source = waiting.pop()
        sources.add(source)
        waiting |= _imported_files(source, file.parent) - sources
    return _digest(_meaning(source) for source in sorted(sources))


def _of_entry(entry: Declaration) -> str:
    arguments = [repr(sorted(entry.arguments.items()))] if entry.arguments else []
    if SCRIPTS not in entry.file.parents:
        return _digest([_meaning(entry.file), *arguments])
    names: set[Name] = set()
    waiting = {(entry.file, entry.function)}
    while waiting:
        name = waiting.pop()
        names.add(name)
        waiting |= _uses(*name) - names
    texts = [*(_text(*name) for name in sorted(names)), *arguments]
    own = entry.options.get("file")  # that the function runs
    return _digest([*texts, of_user_file(Path(own))] if own else texts)


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()[:12]


def _parsed(source: Path) -> ast.Module:
    try:
        return ast.parse(source.read_bytes(), str(source))
    except (OSError, SyntaxError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StudyError(f"{str(source)!r} can't be read as Python ({reason})") from None


@functools.cache
def _statements(source: Path) -> list[ast.AST]:
    """The syntax tree of a source file, followed by all statements in it that may run."""
    nodes: list[ast.AST] = [_parsed(source)]
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        for block in ("body", "orelse", "handlers", "finalbody", "cases"):
            nodes += getattr(node, block, [])
    return nodes


@functools.cache
def _meaning(source: Path) -> str:
    """The syntax tree of a source file as text, without docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in _statements(source):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(_statements(source)[0])


@functools.cache
def _imported_modules(source: Path) -> set[Path]:
    """The files below the scripts' folder that a source file itself imports."""
    modules = set()
    for node in _statements(source):
        if isinstance(node, ast.ImportFrom):
            folder = source.parents[node.level - 1] if node.level else SCRIPTS
            origin = folder.joinpath(*(node.module or "").split("."))
            modules |= {origin.with_suffix(".py"), *(origin / f"{a.name}.py" for a in node.names)}
    return {file for file in modules if file.is_file()}


@functools.cache
def _imported_files(source: Path, root: Path) -> set[Path]:
    """The files below the folder ``root`` that a user's file itself imports."""
    modules = set()
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            modules |= {root.joinpath(*alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folder = source.parents[node.level - 1] if node.level else root
            origin = folder.joinpath(*(node.module or "").split("."))
            modules |= {origin, *(origin / alias.name for alias in node.names)}
    files = [(module.with_suffix(".py"), module / "__init__.py") for module in modules]
    return {file for pair in files for file in pair if file.is_file()}


@functools.cache
def _names(source: Path) -> dict[str, list[ast.stmt]]:
    """The module-level statements of a file, by the name that they define, import or change."""
    _meaning(source)  # without docstrings
    [module] = [node for node in _statements(source) if isinstance(node, ast.Module)]
    names: dict[str, list[ast.stmt]] = {}
    for node in module.body:
        for name in _bound(node):
            names.setdefault(name, []).append(node)
    return names


def _bound(node: ast.stmt) -> set[str]:
    """The names that a module-level statement defines, imports or changes."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = (part for target in targets for part in ast.walk(target))
    return {part.id for part in parts if isinstance(part, ast.Name)}


@functools.cache
def _uses(source: Path, name: str) -> frozenset[Name]:
    """The names that the definition of ``name`` uses, in its module and in others."""
    return frozenset(used for node in _names(source)[name] for used in _used_by(node, source, name))


def _used_by(node: ast.stmt, source: Path, name: str) -> Iterator[Name]:
    if isinstance(node, ast.ImportFrom):
        origin = SCRIPTS.joinpath(*(node.module or "").split("."))
        [alias] = [a for a in node.names if name in (a.name, a.asname)]
        if (origin / f"{alias.name}.py").is_file():
            yield from (
                (origin / f"{alias.name}.py", n) for n in _names(origin / f"{alias.name}.py")
            )
        elif origin.with_suffix(".py").is_file():
            yield origin.with_suffix(".py"), alias.name
        return
    for part in ast.walk(_undeclared(node)):
        if isinstance(part, ast.Name) and part.id in _names(source):
            yield source, part.id


@functools.cache
def _text(source: Path, name: str) -> str:
    definition = " ".join(ast.dump(_undeclared(node)) for node in _names(source)[name])
    return f"{source.relative_to(SCRIPTS)} {name} {definition}"


def _undeclared(node: ast.stmt) -> ast.stmt:
    """A definition without the literals of its decorators, which declare and do not compute."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node
    copy = type(node)(**dict(ast.iter_fields(node)))
    copy.decorator_list = [
        ast.Tuple([k.value for k in decorator.keywords if not _is_literal(k.value)])
        if isinstance(decorator, ast.Call)
        else decorator
        for decorator in node.decorator_list
    ]
    return copy


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True
