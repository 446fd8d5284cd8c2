"""Read the tensors of a file of weights, as data: no code of the file is run.

The file may be a state dict, a checkpoint that holds one or several, or safetensors. Objects of
classes (arguments, settings, metrics) are replaced by empty placeholders, whatever their class.
"""

import pickletools
import sys
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # torch reads the names of Python 2, too
from collections import OrderedDict
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from lookwhere.errors import StudyError, is_out_of_memory

SAVE = "torch.save(net.state_dict(), path)"
CONVERT = f"load it in PyTorch, and save the weights with {SAVE}"

# What torch.save's files before torch 1.6 start with: a pickled number.
LEGACY = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")

# What other files start with, what they are, and the way out.
KINDS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes (.h5)", CONVERT),
    (b"\x93NUMPY", "a NumPy array", CONVERT),
    (b"GGUF", "a GGUF file", CONVERT),
    (b"\x1f\x8b", "compressed by gzip", "decompress it with gunzip"),
    (b"BZh", "compressed by bzip2", "decompress it with bunzip2"),
    (b"\xfd7zXZ", "compressed by xz", "decompress it with unxz"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file with git lfs pull"),
)
# What the names in other zip archives end with. {} is the path of the file.
ZIPS = (
    (
        "/constants.pkl",
        "TorchScript",
        "save its state dict with torch.save(torch.jit.load({!r}).state_dict(), path)",
    ),
    (
        "/archive_format",
        "a program of torch.export",
        "save its state dict with torch.save(torch.export.load({!r}).state_dict, path)",
    ),
    (".weights.h5", "a Keras model", CONVERT),
    (
        ".npy",
        "NumPy arrays (.npz)",
        "save them as tensors with torch.save({{name: torch.from_numpy(array) for name, array in "
        "numpy.load({!r}).items()}}, path)",
    ),
)

# Data of Python's own modules, which a placeholder may replace. Others would run code.
DATA = {
    *("argparse.Namespace", "types.SimpleNamespace", "_codecs.encode", "copyreg._reconstructor"),
    *(f"pathlib.{p}{k}Path" for p in ("", "Pure") for k in ("", "Posix", "Windows")),
    *(f"collections.{name}" for name in ("OrderedDict", "defaultdict", "Counter", "deque")),
    *(f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")),
    *("typing.Any", "uuid.UUID", "decimal.Decimal", "fractions.Fraction"),
    *(
        f"builtins.{kind.__name__}"
        for kind in (
            *(object, bool, int, float, complex, str, bytes, bytearray),
            *(list, tuple, dict, set, frozenset, slice, range),
        )
    ),
}


class Placeholder:
    """Stands for an object of any class, and holds nothing."""

    def __new__(cls, *_: object, **__: object) -> Any:
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


class MappingPlaceholder(Placeholder):
    """Stands for an object of a class derived from dict."""

    def __new__(cls, *_: object, **__: object) -> Any:
        return OrderedDict()  # the only kinds of mapping that torch fills are dict and this one


def read(path: Path) -> dict[str, Tensor]:
    """The named tensors of the file, by dotted names: nested mappings are as prefixes.

    ``{"epoch": 3, "model": {"fc.weight": w}}`` yields ``{"model.fc.weight": w}``. The tensors are
    on the CPU, of any dtype and layout.

    Raises
    ------
    StudyError
        If the file is missing, damaged, of another kind, or would run code.
    """
    try:
        content, classes = _content(path)
    except StudyError:
        raise
    except FileNotFoundError:
        raise StudyError(f"weights {str(path)!r} do not exist") from None
    except Exception as error:  # a damaged file can raise anything
        if is_out_of_memory(error):
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        if isinstance(error, UnpicklingError) or "weights_only" in reason:  # advises to run code
            reason = "its pickle holds what can't be read as data"
        raise StudyError(
            f"weights {str(path)!r} can't be read ({reason}): copy the file again if it is cut "
            f"short, or save the weights with {SAVE}"
        ) from None
    tensors = dict(_named_tensors(content, "", set()))
    if not tensors:
        raise StudyError(f"weights {str(path)!r} {_without_tensors(content, classes)}")
    return tensors


def _content(path: Path) -> tuple[Any, list[str]]:
    """What the file holds, and the functions and classes that it names."""
    with path.open("rb") as file:
        start = file.read(512)
        if _is_safetensors(start):
            return _read_safetensors(path), []
        _require_torchs(path, start)
        file.seek(0)
        names = sorted(_names_in_pickles(path, file))
    code = [name for name in names if _is_code(name)]
    if code:
        raise StudyError(
            f"weights {str(path)!r} hold more than tensors and are not loaded: they would run "
            f"{', '.join(code[:3])}; save the weights alone, with {SAVE}"
        )
    try:
        return _load(path, names, Placeholder), names
    except UnpicklingError as error:
        if Placeholder.__name__ not in str(error):
            raise
    return _load(path, names, MappingPlaceholder), names


def _load(path: Path, names: list[str], placeholder: type) -> Any:
    """The content, with placeholders for objects of the classes ``names``."""
    safe: Any = [
        (Placeholder if name.startswith("numpy.") else placeholder, name) for name in names
    ]
    with torch.serialization.safe_globals(safe):
        return torch.load(path, map_location="cpu", weights_only=True)


def _is_safetensors(start: bytes) -> bool:
    """Whether a file starts with the length of a header in JSON, and the header."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 2**32


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError:
        message = f"weights {str(path)!r} are safetensors: install it with pip install safetensors"
        raise StudyError(message) from None
    return load_file(path)


def _require_torchs(path: Path, start: bytes) -> None:
    """Raise StudyError, with the kind of the file, if torch.save did not write it."""
    weights = f"weights {str(path)!r}"
    if not start:
        raise StudyError(f"{weights} can't be read: the file is empty; copy it again")
    kinds = [(what, way) for magic, what, way in KINDS if start.startswith(magic)]
    if start.startswith(b"PK"):
        if not zipfile.is_zipfile(path):
            raise StudyError(f"{weights} can't be read: the file is cut short; copy it again")
        kinds += _kinds_of_zip(path)
    elif not kinds and start[:1] == b"\x80" and not start.startswith(LEGACY):
        raise StudyError(
            f"{weights} hold more than tensors and are not loaded: they are a pickle that "
            f"torch.save did not write; {CONVERT}"
        )
    elif not kinds and not start.startswith(LEGACY):
        kinds.append(_kind_of_bytes(path, start))
    for what, way_out in kinds:
        raise StudyError(f"{weights} are {what} and not loaded: {way_out}")


def _kind_of_bytes(path: Path, start: bytes) -> tuple[str, str]:
    if start[257:262] == b"ustar":
        return "a tar archive", "unpack it with tar -xf, and name the file in it"
    if path.suffix == ".onnx" or (start[:1] == b"\x08" and start[2:3] == b"\x12"):
        return "an ONNX model", CONVERT
    if all(byte >= 32 or byte in b"\t\n\r" for byte in start):
        first = start[:40].decode("utf-8", "replace").splitlines()[0]
        return f"text ({first!r})", "fetch the file of the weights itself"
    return "of an unknown kind", CONVERT


def _kinds_of_zip(path: Path) -> list[tuple[str, str]]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    kinds = [(what, way.format(str(path))) for end, what, way in ZIPS if _ends(names, end)]
    if not kinds and not _ends(names, "data.pkl"):
        listed = ", ".join(names[:3])
        kinds.append((f"a zip archive ({listed})", "unpack it, and name the file of the weights"))
    return kinds


def _ends(names: list[str], end: str) -> bool:
    return any(name.endswith(end) for name in names)


def _names_in_pickles(path: Path, file: BufferedReader) -> set[str]:
    """The functions and classes that the file names, as ``module.name``."""
    if file.peek(2)[:2] != b"PK":
        # torch.save's format before 1.6: number, version and machine, content, keys of the data.
        return {name for _ in range(4) for name in _names_in_pickle(file)}
    with zipfile.ZipFile(path) as archive:
        [data] = [name for name in archive.namelist() if name.endswith("data.pkl")]
        with archive.open(data) as pickle:
            return set(_names_in_pickle(pickle))


def _names_in_pickle(file: Any) -> Iterator[str]:
    for operation, argument, _ in pickletools.genops(file):
        if operation.name == "GLOBAL":
            module, name = str(argument).split(" ", 1)
            module, name = NAME_MAPPING.get((module, name), (module, name))
            yield f"{IMPORT_MAPPING.get(module, module)}.{name}"


def _is_code(name: str) -> bool:
    """Whether a name is of Python's own library, but of no class of data."""
    return name.split(".")[0] in sys.stdlib_module_names and name not in DATA


def _named_tensors(content: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    """The tensors in mappings of text and in lists, each container once."""
    if id(content) in seen or not isinstance(content, dict | list | tuple):
        return
    seen.add(id(content))
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        if isinstance(value, Tensor) and isinstance(key, str) and not value.is_nested:
            yield f"{prefix}{key}", value
        elif isinstance(key, str) or not isinstance(content, dict):
            yield from _named_tensors(value, f"{prefix}{key}.", seen)


def _without_tensors(content: Any, names: list[str]) -> str:
    """Why a file without named tensors is none of weights, with the way out."""
    modules = [name for name in names if name.startswith(("torch.nn.modules.", "torchvision."))]
    if modules:
        items = content.items() if isinstance(content, dict) else ()
        key = next((key for key, value in items if isinstance(value, Placeholder)), None)
        net = "net" if key is None else f"checkpoint[{key!r}]"
        return (
            f"hold more than tensors and are not loaded: a whole net ({', '.join(modules[:2])}). "
            f"Load it with the code that made it, and save torch.save({net}.state_dict(), path)"
        )
    if any(name.startswith("numpy.") for name in names):
        return (
            "are not a plain state dict: they hold NumPy arrays; save them as tensors, with "
            "torch.from_numpy(array)"
        )
    return f"are not a plain state dict, nor hold one: save the weights with {SAVE}"
