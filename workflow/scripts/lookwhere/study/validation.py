"""Checks across the values of a configuration: every error, with the way out.

The model defines single values. Repeated names, missing files, and what only torch can check are
found here.
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lookwhere.datasets.names import FORMATS, slug
from lookwhere.datasets.nearest import is_archive
from lookwhere.datasets.sizes import SIZE
from lookwhere.datasets.targets import apart
from lookwhere.errors import StudyError, hint
from lookwhere.io import provenance
from lookwhere.methods import map_folders
from lookwhere.methods.names import ALL_LABELS, METHODS
from lookwhere.metrics.registry import METRICS, lacking
from lookwhere.nets.names import defined_names, is_own, is_timms
from lookwhere.nets.names import file_of as architecture_file
from lookwhere.study import listed_methods, messages
from lookwhere.study import reference as other_means
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.entries import FORM, KINDS, entries, file_of, name_of
from lookwhere.study.homes import at_home
from lookwhere.study.model import Study
from lookwhere.study.nets import Net, is_path, is_torchvisions

Config = dict[str, Any]

ARCHITECTURE, WEIGHTS = (
    str(Net.model_fields[name].description) for name in ("architecture", "weights")
)


def faults(
    config: Config,
    catalogue: Catalogue,
    known: Mapping[str, Collection[str]],
    produced: Collection[str] = (),
) -> list[str]:
    """An error message for every error in ``config``; none if it is valid.

    ``known`` holds the valid names in ``methods`` and other lists, by key: for a missing key the
    form alone is checked. ``produced`` are the files that the workflow writes.
    """
    return [
        *messages.faults(config),
        *_entry_faults(config, known),
        *(listed_methods.faults(config, METHODS) if "methods" in known else []),
        *_package_faults(config),
        *(_format_faults(config, known["formats"]) if "formats" in known else []),
        *_class_duplicates(config),
        *_duplicates(config),
        *_cell_faults(config, catalogue),
        *_name_faults(config),
        *_map_faults(config),
        *_rival_faults(config, catalogue),
        *_architecture_faults(config, catalogue.architectures),
        *_target_faults(config, catalogue.targets),
        *_threshold_faults(config),
        *_input_faults(config),
        *_weights_key_faults(config),
        *_reason_faults(config),
        *_missing_files(config, produced),
    ]


def results_faults(folders: Mapping[str, str]) -> list[str]:
    """An error message for each of the ``folders``, by pathvar, that holds foreign files."""
    errors = []
    for key, folder in folders.items():
        foreign = provenance.foreign_content(Path(folder))
        if foreign is not None and not Path(folder).is_dir():
            errors.append(f"pathvars.{key}: {folder!r} is not a folder; give a new or empty one")
        elif foreign is not None:
            errors.append(
                f"pathvars.{key}: {folder!r} holds {foreign!r}, which no study of this workflow "
                "wrote, and a study replaces and removes files in its folder; give a new or empty "
                f"folder (adopt one of an earlier version with: touch '{folder}/.study')"
            )
    return errors


def slow_faults(config: Config, catalogue: Catalogue) -> list[str]:
    """Errors of an invalid config that only torch, or the annotations, reveal."""
    from lookwhere.datasets import base
    from lookwhere.methods import check

    architectures = catalogue.architectures
    classes = [
        {"name": item["name"], "targets": indices}
        for item in _list(config, "classes")
        if isinstance(item, dict)
        and isinstance(item.get("name"), str)
        and (indices := _targets(item, catalogue.targets))
    ]
    specs = [
        spec
        for net in _list(config, "nets")
        if isinstance(net, dict) and (spec := _loadable(net, architectures))
    ]
    sizes = _sizes(config)
    errors = list(_unknown_weights(config, architectures))
    names = [name_of(entry) for _, entry in entries(config, "methods")]
    methods = [name for name in names if name in METHODS and not METHODS[name].arguments]
    errors += check.check(specs, classes, sizes, methods)[1]
    dataset = _dataset(config)
    annotations, form = dataset.get("annotations"), name_of(str(dataset.get("format", "coco")))
    if isinstance(annotations, str) and _exists(annotations) and form in FORMATS:
        try:
            data = base.load(form, Path(annotations), Path(str(dataset.get("images"))))
            errors += base.class_errors(data, [c["name"] for c in classes])
        except StudyError as error:
            errors.append(f"dataset.annotations: {error}")
    return errors


def _entry_faults(config: Config, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    listed = _list(config, "methods")
    single = [item for item in listed if isinstance(item, str | dict)]
    if single and any(isinstance(item, list) for item in listed):
        yield (
            f"methods: {_name(single[0])!r} is not in a group, unlike others; make every entry a "
            "group (a list of names), or none"
        )
    of_folders = map_folders.all_are_folders(config)
    for kind in KINDS:
        for key, entry in [] if of_folders and kind == "methods" else entries(config, kind):
            file = file_of(entry)
            name = name_of(entry) if file else entry
            if kind not in known and not FORM.fullmatch(entry):
                yield f"{key}: {entry!r} is not allowed; give a name, or file.py:name"
            if kind in known and name not in known[kind]:
                here = f"{file!r} declares no {kind[:-1]} {name!r}"
                what = here if file else f"{name!r} is not allowed"
                yield f"{key}: {what}; {hint(name, known[kind])}"


def _package_faults(config: Config) -> Iterator[str]:
    """Errors of metrics whose packages are missing where the jobs run, if they run here."""
    for key, entry in entries(config, "metrics") if find_spec("torch") else []:
        metric = METRICS.get(name_of(entry))
        if metric and (missing := lacking(metric)):
            yield f"{key}: {missing}"


def _format_faults(config: Config, formats: Collection[str]) -> Iterator[str]:
    form = _dataset(config).get("format")
    if isinstance(form, str) and name_of(form) not in formats:
        here = f"{file_of(form)!r} declares no dataset {name_of(form)!r}"
        what = here if file_of(form) else f"{form!r} is not a format"
        yield f"dataset.format: {what}; {hint(name_of(form), formats)}"


def _class_duplicates(config: Config) -> Iterator[str]:
    """Errors of classes that are listed twice, or that share their name in names of files."""
    by_slug: dict[str, list[Any]] = {}
    for item in _list(config, "classes"):
        by_slug.setdefault(slug(str(_name(item))), []).append(item)
    for file_name, items in by_slug.items():
        names = list(dict.fromkeys(repr(_name(item)) for item in items))
        if len(names) > 1:
            yield (
                f"classes: {' and '.join(names)} have one name in names of files, {file_name!r}; "
                "leave out all but one"
            )
        elif len(items) > 1:
            ways = _targets_of(items)
            yield f"classes: {names[0]} is listed {len(items)} times; list it once{ways}"


def _targets_of(items: Sequence[Any]) -> str:
    """The way out of a class that is listed several times, with several targets."""
    listed = [item.get("target") for item in items if isinstance(item, dict)]
    flat = [index for item in listed for index in (item if isinstance(item, list) else [item])]
    targets = [index for index in dict.fromkeys(flat) if isinstance(index, int)]
    if len(targets) < 2:
        return ""
    return (
        f", with target: {targets} to explain the best-scoring of these outputs; to compare them, "
        "make a study of each, with other pathvars.results"
    )


def _duplicates(config: Config) -> Iterator[str]:
    names = {
        "nets": [str(_name(item)) for item in _list(config, "nets")],
        "sizes": [str(item) for item in _list(config, "sizes")],
        "explain": [str(item) for item in _list(config, "explain")],
        "rivals": [str(item) for item in _list(config, "rivals")],
        **{
            f"nets[{number}].{key}": [str(item) for item in _list(net, key)]
            for number, net in enumerate(_list(config, "nets"))
            if isinstance(net, dict)
            for key in ("sizes", "target_layer", "reason")
        },
        **{kind: [name_of(entry) for _, entry in entries(config, kind)] for kind in KINDS},
    }
    names["methods"] += [mapping["name"] for _, mapping in listed_methods.mappings(config)]
    for key, listed in names.items():
        for name, count in Counter(listed).items():
            if count > 1:
                yield f"{key}: {name!r} is listed {count} times; list it once"


def _cell_faults(config: Config, catalogue: Catalogue) -> Iterator[str]:
    """Errors of names of the nets that lists of target layers, or of ways to explain, make."""
    try:
        study = Study.model_validate(config)
    except ValidationError:  # of which ``messages.faults`` has the errors
        return
    makers: dict[str, set[tuple[str, Any]]] = {}
    for net in study.nets:
        for cell in study.model_copy(update={"nets": (net,)}).completed(catalogue).nets:
            makers.setdefault(cell.name, set()).add((net.name, cell.target_layer))
    for name, pairs in makers.items():
        nets = sorted({net for net, _ in pairs})
        layers = " and ".join(sorted(repr(layer) for _, layer in pairs))
        if len(nets) > 1:
            yield (
                f"nets: {' and '.join(map(repr, nets))} both make a net {name!r}, since "
                "target_layer or explain is a list; give one of them another name"
            )
        elif len(pairs) > 1 and name != nets[0]:
            yield (
                f"nets: the target layers {layers} of {nets[0]!r} both make a net {name!r}; leave "
                "out one"
            )


def _name_faults(config: Config) -> Iterator[str]:
    for number, net in enumerate(_list(config, "nets")):
        if _name(net) in list(ALL_LABELS):
            yield (
                f"nets[{number}].name: {_name(net)!r} is the name of a method or control, and "
                "tables list nets beside these; give another"
            )


def _map_faults(config: Config) -> Iterator[str]:
    """Errors of nets whose maps other tools made, and of methods that none of these has."""
    for number, net in enumerate(_list(config, "nets")):
        if not isinstance(net, dict) or "maps" not in net:
            continue
        for other in net.keys() & Net.model_fields.keys() - {"name", "maps", "sizes", "reason"}:
            yield (
                f"nets[{number}].{other}: maps that other tools made have none; remove it, or maps"
            )
        if isinstance(net["maps"], str):
            yield from _folder_faults(f"nets[{number}].maps", net["maps"])
    of_nets = map_folders.of_config(config)
    known = {name for methods in of_nets.values() for name in methods}
    if known and map_folders.all_are_folders(config):
        for key, entry in entries(config, "methods"):
            if (name := name_of(entry)) not in known:
                yield f"{key}: no net has a folder of maps by {name!r}; {hint(name, known)}"


def _rival_faults(config: Config, catalogue: Catalogue) -> Iterator[str]:
    """Errors of rivals that no sample or net can have."""
    rivals = _list(config, "rivals")
    of_outputs = [rival for rival in ("other_class", "least_likely") if rival in rivals]
    if "other_class" in rivals and len(_list(config, "classes")) < 2:
        yield "rivals: other_class needs two classes; list another class, or remove it"
    if map_folders.all_are_folders(config):
        for rival in of_outputs:
            yield (
                f"rivals: {rival} explains a net, and all maps are of other tools; remove it "
                "(mean_map needs no net)"
            )
    elif of_outputs:
        yield from _explained_faults(config, catalogue, of_outputs)


def _explained_faults(config: Config, catalogue: Catalogue, rivals: Sequence[str]) -> Iterator[str]:
    """Errors of ``rivals``, which explain other outputs than that of the annotated class."""
    try:
        study = Study.model_validate(config).completed(catalogue)
    except ValidationError:  # of which ``messages.faults`` has the errors
        return
    if not study.annotated_nets:
        for rival in rivals:
            yield (
                f"rivals: {rival} needs a net that explains the annotated class, and this study "
                "has none; add annotated to explain, or remove it (mean_map explains no output)"
            )
    elif "other_class" in rivals and len(study.classes) > 1:
        targets = {item.name: item.targets for item in study.classes}
        if not any(apart(targets, name) for name in targets):
            shared = ", ".join(f"{name!r} has {item}" for name, item in targets.items())
            yield (
                f"rivals: other_class needs two classes without a common target, for one map may "
                f"explain both: {shared}; give other targets, or remove it"
            )


def _folder_faults(key: str, folder: str) -> Iterator[str]:
    if _is_denied(folder):
        yield _denial(key, folder)
    elif not _exists(folder) or Path(folder).is_file():
        yield f"{key}: {folder!r} is not a folder; give one with a folder for each method"
    else:
        try:
            map_folders.methods_in(Path(folder))
        except StudyError as error:
            yield f"{key}: {error}"


def _architecture_faults(
    config: Config, architectures: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for number, net in enumerate(_list(config, "nets")):
        if isinstance(net, dict) and not net.keys() & {"architecture", "maps"}:
            yield f"nets[{number}].architecture: missing; {ARCHITECTURE}"
        name = net.get("architecture") if isinstance(net, dict) else None
        if not isinstance(name, str) or "maps" in net:
            continue
        key, weights = f"nets[{number}].architecture", str(net.get("weights", ""))
        if is_own(name):
            yield from (f"{key}: {fault}" for fault in _own_architecture_faults(name))
        elif is_timms(name):
            if find_spec("torch") and not find_spec("timm"):
                yield f"{key}: {name!r} needs timm, which is not installed; pip install timm"
        elif name not in architectures:
            yield (
                f"{key}: {name!r} is not a torchvision classifier; {hint(name, architectures)}; "
                "other nets are timm:NAME, file.py:function or package.module:function"
            )
        if "weights" not in net and not is_own(name):
            yield f"nets[{number}].weights: missing; {WEIGHTS}"
        elif is_torchvisions(weights) and (is_own(name) or is_timms(name)):
            yield (
                f"nets[{number}].weights: {weights!r} is of torchvision, and {name!r} "
                "is none; give the path of a file of weights, or random"
            )


def _own_architecture_faults(name: str) -> Iterator[str]:
    """The errors of ``file.py:function`` and ``package.module:function``."""
    file, (place, _, function) = architecture_file(name), name.rpartition(":")
    if file is None or not _exists(str(file), folder=False):
        yield f"{place!r} does not exist; give the path of a Python file, or an installed package"
    elif (names := defined_names(file)) is not None and function not in names:
        yield f"{place!r} defines no {function!r}; {hint(function, names)}"


def _target_faults(config: Config, imagenet: Mapping[str, Sequence[int]]) -> Iterator[str]:
    if map_folders.all_are_folders(config):
        return
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


def _input_faults(config: Config) -> Iterator[str]:
    for number, net in enumerate(_list(config, "nets")):
        settings = net.get("input") if isinstance(net, dict) else None
        if not isinstance(settings, dict):
            continue
        expected = 1 if settings.get("channels") == "grey" else 3
        for key in ("mean", "std"):
            values = settings.get(key)
            if isinstance(values, list) and len(values) != expected:
                count = f"{len(values)} number{'s' * (len(values) != 1)}"
                ways = (
                    "1, since channels is grey" if expected == 1 else "3, or 1 with channels: grey"
                )
                yield f"nets[{number}].input.{key}: {values!r} has {count}; give {ways}"


def _weights_key_faults(config: Config) -> Iterator[str]:
    for number, net in enumerate(_list(config, "nets")):
        weights = net.get("weights") if isinstance(net, dict) and "weights_key" in net else None
        if isinstance(weights, str) and not is_path(weights):
            yield (
                f"nets[{number}].weights_key: {weights!r} is no file; name a file in weights, or "
                "remove the weights_key"
            )


def _reason_faults(config: Config) -> Iterator[str]:
    """Errors of reasons that are no class of the study."""
    classes = [str(_name(item)) for item in _list(config, "classes")]
    for number, net in enumerate(_list(config, "nets")):
        for place, name in enumerate(_list(net, "reason") if isinstance(net, dict) else []):
            if isinstance(name, str) and name not in classes:
                yield (
                    f"nets[{number}].reason[{place}]: {name!r} is not a class of the study; "
                    f"{hint(name, classes)}"
                )


def _missing_files(config: Config, produced: Collection[str]) -> Iterator[str]:
    dataset = _dataset(config)
    form = FORMATS.get(name_of(str(dataset.get("format", "coco"))))
    of_annotations = str(form.options.get("annotations", "either")) if form else "either"
    for key, expected in (("annotations", of_annotations), ("images", "folder")):
        path = dataset.get(key)
        if not isinstance(path, str) or path in produced:
            continue
        if _is_denied(path):
            yield _denial(f"dataset.{key}", path)
        elif not _exists(path):
            yield f"dataset.{key}: {path!r} does not exist; give the path of a file that does"
        elif expected == ("file" if Path(path).is_dir() else "folder"):
            what = f"is not a {expected}; give the path of one"
            if expected == "folder" and is_archive(path):
                what = "is an archive; unpack it and give the folder"
            yield f"dataset.{key}: {path!r} {what}"
    for key, entry in _own_entries(config):
        file = file_of(entry)
        if not _exists(at_home(file), folder=False):
            yield f"{key}: {file!r} does not exist; give the path of a Python file that does"
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


def _own_entries(config: Config) -> Iterator[tuple[str, str]]:
    """Each ``file.py:name``, after its key."""
    format_ = _dataset(config).get("format")
    listed = [entry for kind in KINDS for entry in entries(config, kind)]
    listed += [
        (f"{key}.method", item["method"])
        for key, item in listed_methods.mappings(config)
        if "method" in item
    ]
    listed += [("dataset.format", format_)] if isinstance(format_, str) else []
    return ((key, entry) for key, entry in listed if file_of(entry))


def _exists(path: str, *, folder: bool = True) -> bool:
    try:
        return Path(path).is_file() or (folder and Path(path).is_dir())
    except (OSError, ValueError):  # a name too long for the file system, or with a null byte
        return False


def _is_denied(path: str) -> bool:
    """Whether this user lacks permission to read ``path``, or to see whether it exists."""
    try:
        Path(path).stat()
    except OSError as error:
        return isinstance(error, PermissionError)
    except ValueError:  # a null byte in the name
        return False
    return not os.access(path, os.R_OK)


def _denial(key: str, path: str) -> str:
    return f"{key}: {path!r} is not readable (no permission); give another path, or get permission"


def _list(config: Mapping[str, Any], key: str) -> list[Any]:
    value = config.get(key)
    return value if isinstance(value, list) else []


def _dataset(config: Config) -> dict[str, Any]:
    value = config.get("dataset")
    return value if isinstance(value, dict) else {}


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else item


def _sizes(part: Mapping[str, Any]) -> list[str]:
    """The valid sizes of a study or net."""
    return [size for size in map(str, _list(part, "sizes")) if re.match(SIZE, size)]


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


def _targets(item: Mapping[str, Any], imagenet: Mapping[str, Sequence[int]]) -> list[int]:
    """The output indices of a class; none if one of them is invalid."""
    target = item.get("target", imagenet.get(item["name"], []))
    indices = list(target) if isinstance(target, Sequence) else [target]
    valid = all(isinstance(index, int) and index >= 0 for index in indices)
    return indices if valid else []


def _loadable(
    net: Mapping[str, Any], architectures: Mapping[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """The net with loadable weights (random until downloaded), or None if it is invalid."""
    facts = architectures.get(str(net.get("architecture")))
    if not facts:
        return None
    weights, layers = str(net.get("weights")), net.get("target_layer", [])
    layers = layers if isinstance(layers, list) else [layers]
    loadable = weights if is_path(weights) and _exists(weights, folder=False) else "random"
    return {
        "name": net.get("name"),
        "architecture": net["architecture"],
        "target_layer": str(next(iter(layers), facts["target_layer"])) or None,
        "weights": loadable,
        "weights_key": str(net.get("weights_key", "")),
        **({"sizes": sizes} if (sizes := _sizes(net)) else {}),
    }
