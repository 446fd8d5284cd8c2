"""The study's configuration: every fault at once, each with key, value, and what is allowed.

The JSON schema says what a single value may be, in words in its ``description``; what concerns
several values (a name given twice, a file that must exist) is checked here.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from lookwhere.datasets import coco_checks
from lookwhere.datasets.names import slug
from lookwhere.errors import StudyError, hint
from lookwhere.io import provenance
from lookwhere.methods.names import ALL_LABELS, METHODS
from lookwhere.study import reference as other_means

Config = dict[str, Any]

# JSON counts 224.0 as a whole number and nan as a number; a path or an index can be neither.
Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: type(value) is int,
            "number": lambda _, value: (
                type(value) is int or (type(value) is float and isfinite(value))
            ),
        }
    ),
)


def faults(
    config: Config,
    schema: dict[str, Any],
    architectures: Mapping[str, Mapping[str, str]],
    imagenet: Mapping[str, Sequence[int]],
    produced: Collection[str] = (),
) -> list[str]:
    """A sentence for every fault of ``config``; none if it is sound.

    ``architectures`` maps each of torchvision's classifiers to its ``activation`` and default
    ``target_layer``, ``imagenet`` COCO's categories to output indices; ``produced`` names the files
    that the workflow makes by itself.
    """
    errors = sorted(Validator(schema).iter_errors(config), key=lambda e: str(e.path))
    # Each missing key is an error of its own, from which all of them are told: keep them once.
    found = list(dict.fromkeys(fault for error in errors for fault in _schema_faults(error)))
    found += _method_faults(config)
    found += _duplicates(config)
    found += _name_faults(config)
    found += _architecture_faults(config, architectures)
    found += _target_faults(config, imagenet)
    found += _threshold_faults(config)
    found += _missing_files(config, produced)
    return found


def given_paths(config: Config) -> dict[str, str]:
    """The paths of the user's own files in a sound ``config``, by key."""
    paths = {f"dataset.{key}": config["dataset"][key] for key in ("annotations", "images")}
    for number, net in enumerate(config["nets"]):
        if is_path(net["weights"]):
            paths[f"nets[{number}].weights"] = net["weights"]
    if "reference" in config:
        paths["reference"] = config["reference"]
    return paths


def results_faults(folders: Mapping[str, str]) -> list[str]:
    """A sentence for each of the ``folders`` of results, by pathvar, that holds files of others."""
    found = []
    for key, folder in folders.items():
        foreign = provenance.foreign_content(Path(folder))
        if foreign is not None and not Path(folder).is_dir():
            found.append(f"pathvars.{key}: {folder!r} is no folder; give a new or empty one")
        elif foreign is not None:
            found.append(
                f"pathvars.{key}: {folder!r} holds {foreign!r}, which no study of this workflow "
                "made, and files in such a folder are replaced and removed; give a new or empty "
                f"folder (one of an earlier version is adopted by: touch '{folder}/.study')"
            )
    return found


def slow_faults(
    config: Config,
    architectures: Mapping[str, Mapping[str, str]],
    imagenet: Mapping[str, Sequence[int]],
) -> list[str]:
    """More faults of a faulty config: what only torch, or the annotations, can tell."""
    from lookwhere.datasets import base
    from lookwhere.methods import check

    classes = [
        {"name": item["name"], "targets": targets(item, imagenet)}
        for item in _list(config, "classes")
        if isinstance(item, dict)
        and isinstance(item.get("name"), str)
        and _has_targets(item, imagenet)
    ]
    specs = [
        spec
        for net in _list(config, "nets")
        if isinstance(net, dict) and (spec := _loadable(net, architectures))
    ]
    sizes = [str(size) for size in _list(config, "sizes")]
    found = list(_unknown_weights(config, architectures))
    found += check.check(specs, classes, [size for size in sizes if size.isdigit()])[1]
    dataset = config.get("dataset")
    annotations = dataset.get("annotations") if isinstance(dataset, dict) else None
    if isinstance(annotations, str) and _exists(annotations, folder=False):
        try:
            data = base.load("coco", Path(annotations), Path())
            found += base.class_errors(data, [c["name"] for c in classes])
        except StudyError as error:
            found.append(f"dataset.annotations: {error}")
    return found


def targets(item: Mapping[str, Any], imagenet: Mapping[str, Sequence[int]]) -> list[int]:
    """The output indices of a class: one, or several of which the best-scoring is explained.

    Without a ``target`` of its own a class has those of its counterparts in ImageNet.
    """
    target = item.get("target", imagenet.get(item["name"], []))
    return list(target) if isinstance(target, Sequence) else [target]


def is_path(weights: str) -> bool:
    """Weights are a file, not ``random`` or one of torchvision's names."""
    return "/" in weights or weights.endswith((".pth", ".pt"))


def is_torchvisions(weights: str) -> bool:
    """Weights are one of torchvision's names, such as IMAGENET1K_V1."""
    return weights != "random" and not is_path(weights)


def _schema_faults(error: ValidationError) -> Iterator[str]:
    key, value = _key(error.absolute_path), error.instance
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        for name in sorted(set(map(str, value)) - set(known)):
            yield f"{_join(key, name)}: unknown key; {hint(name, known)}"
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in value:
                described = error.schema["properties"][name].get("description", "")
                yield f"{_join(key, name)}: missing; {described}"
    elif error.validator == "enum":
        yield f"{key}: {value!r} is not allowed; {hint(value, map(str, error.validator_value))}"
    else:
        yield f"{key}: {value!r} is not allowed; {_description(error)}"


def _description(error: ValidationError) -> str:
    return str(error.schema.get("description") or error.message)


def _method_faults(config: Config) -> Iterator[str]:
    for number, name in enumerate(_list(config, "methods")):
        file, _, entry = name.rpartition(":") if isinstance(name, str) else ("", "", "")
        if isinstance(name, str) and entry not in METHODS:
            of_file = f"{file!r} enters no method {entry!r}" if file else f"{name!r} is not allowed"
            yield f"methods[{number}]: {of_file}; {hint(entry, METHODS)}"


def _duplicates(config: Config) -> Iterator[str]:
    readers: dict[str, Callable[[Any], Any]] = {
        "classes": lambda item: slug(str(_name(item))),
        "nets": _name,
        "methods": lambda item: str(item).rpartition(":")[2],
        "sizes": str,
    }
    for key, read in readers.items():
        counts = Counter(str(read(item)) for item in _list(config, key))
        for name, count in counts.items():
            if count > 1:
                yield f"{key}: {name!r} is listed {count} times; list it once"


def _name_faults(config: Config) -> Iterator[str]:
    for number, item in enumerate(_list(config, "classes")):
        if isinstance(_name(item), str) and not coco_checks.is_text(_name(item)):
            yield f"classes[{number}].name: {_name(item)!r} is not text that can be written"
    for number, net in enumerate(_list(config, "nets")):
        if _name(net) in list(ALL_LABELS):
            yield (
                f"nets[{number}].name: {_name(net)!r} is the name of a method or control, and "
                "tables name nets beside these; give another"
            )


def _architecture_faults(
    config: Config, architectures: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    fit = [name for name, facts in architectures.items() if facts["activation"] == "ReLU"]
    for number, net in enumerate(_list(config, "nets")):
        name = net.get("architecture") if isinstance(net, dict) else None
        key = f"nets[{number}].architecture"
        if not isinstance(name, str) or name in fit:
            continue
        if name in architectures:
            yield (
                f"{key}: {name!r} uses {architectures[name]['activation']}; deconvolution and "
                "guided backpropagation are defined for ReLU alone. Choose a net whose only "
                "activation is ReLU, e.g. resnet50"
            )
        else:
            yield f"{key}: {name!r} is not a torchvision classifier; {hint(name, fit)}"


def _target_faults(config: Config, imagenet: Mapping[str, Sequence[int]]) -> Iterator[str]:
    for number, item in enumerate(_list(config, "classes")):
        if isinstance(item, dict) and "target" not in item and _name(item) not in list(imagenet):
            yield (
                f"classes[{number}].target: missing, and {_name(item)!r} has no counterpart in "
                "resources/classes.csv; give its index in the nets' output, from 0"
            )


def _threshold_faults(config: Config) -> Iterator[str]:
    for number, net in enumerate(_list(config, "nets")):
        if isinstance(net, dict) and "threshold" in net and net.get("outputs") != "sigmoid":
            yield (
                f"nets[{number}].threshold: only sigmoid outputs have one; add outputs: sigmoid, "
                "or remove the threshold"
            )


def _missing_files(config: Config, produced: Collection[str]) -> Iterator[str]:
    dataset = config.get("dataset")
    for key, kind in (("annotations", Path.is_file), ("images", Path.is_dir)):
        path = dataset.get(key) if isinstance(dataset, dict) else None
        if not isinstance(path, str) or path in produced:
            continue
        if _is_denied(path):
            yield _denial(f"dataset.{key}", path)
        elif not _exists(path):
            yield f"dataset.{key}: {path!r} does not exist; give the path of a file that does"
        elif not kind(Path(path)):
            wanted = "a file" if key == "annotations" else "a folder"
            yield f"dataset.{key}: {path!r} is not {wanted}; give the path of one"
    reference = config.get("reference")
    if isinstance(reference, str) and _is_denied(reference):
        yield _denial("reference", reference)
    elif isinstance(reference, str) and not _exists(reference, folder=False):
        yield f"reference: {reference!r} does not exist; give the path of a table that does"
    elif isinstance(reference, str):
        try:
            other_means.read(Path(reference))
        except StudyError as error:
            yield str(error)
    for number, net in enumerate(_list(config, "nets")):
        weights = net.get("weights") if isinstance(net, dict) else None
        if not isinstance(weights, str) or not is_path(weights):
            continue
        if _is_denied(weights):
            yield _denial(f"nets[{number}].weights", weights)
        elif not _exists(weights, folder=False):
            yield (
                f"nets[{number}].weights: {weights!r} is not a file; give the path of a state "
                "dict, a name of torchvision's such as IMAGENET1K_V1, or random"
            )


def _exists(path: str, *, folder: bool = True) -> bool:
    try:
        return Path(path).is_file() or (folder and Path(path).is_dir())
    except (OSError, ValueError):  # a name too long for the file system, or with a zero
        return False


def _is_denied(path: str) -> bool:
    """Whether something is, or may be, at ``path`` that this user may not read."""
    try:
        Path(path).stat()
    except OSError as error:
        return isinstance(error, PermissionError)
    except ValueError:  # a zero in the name
        return False
    return not os.access(path, os.R_OK)


def _denial(key: str, path: str) -> str:
    return f"{key}: {path!r} may not be read by you; give a path that may, or get the permission"


def _list(config: Config, key: str) -> list[Any]:
    value = config.get(key)
    return value if isinstance(value, list) else []


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else item


def _key(path: Collection[Any]) -> str:
    key = ""
    for part in path:
        key = f"{key}[{part}]" if isinstance(part, int) else _join(key, str(part))
    return key or "config"


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key and key != "config" else name


def _unknown_weights(
    config: Config, architectures: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    from lookwhere.nets.classifiers import download_address

    for number, net in enumerate(_list(config, "nets")):
        if not isinstance(net, dict) or str(net.get("architecture")) not in architectures:
            continue
        weights = str(net.get("weights"))
        if is_torchvisions(weights):
            try:
                download_address(net["architecture"], weights)
            except StudyError as error:
                yield f"nets[{number}].weights: {error}"


def _has_targets(item: Mapping[str, Any], imagenet: Mapping[str, Sequence[int]]) -> bool:
    found = targets(item, imagenet)
    return bool(found) and all(isinstance(target, int) and target >= 0 for target in found)


def _loadable(
    net: Mapping[str, Any], architectures: Mapping[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """The net with weights that are at hand; None if it is too faulty to be built."""
    facts = architectures.get(str(net.get("architecture")))
    if not facts or facts["activation"] != "ReLU":
        return None
    weights = str(net.get("weights"))
    at_hand = weights if is_path(weights) and _exists(weights, folder=False) else "random"
    return {
        "name": net.get("name"),
        "architecture": net["architecture"],
        "target_layer": str(net.get("target_layer", facts["target_layer"])),
        "weights": at_hand,
    }
