"""Methods that a study lists as mappings: with arguments of its own, or of another library.

Each is an entry as well: of a method of ours with other arguments, or of a function that calls the
other library. This module needs no torch.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lookwhere.declarations import Declaration
from lookwhere.nets.names import file_of

# The variable that holds a study's mappings, for this process and its children.
CHOSEN = "LOOKWHERE_CHOSEN"

# The keys that name what another library computes, each the name of a function in a module.
LIBRARIES = {
    "captum": "library_captum.py",
    "pytorch_grad_cam": "library_grad_cam.py",
    "zennit": "library_zennit.py",
    "function": "own_function.py",
}

Item = Mapping[str, Any]


def library_of(item: Item) -> str:
    """The key of the library that computes an entry; empty for a method of ours."""
    return next((key for key in LIBRARIES if key in item), "")


def method_of(item: Item) -> str:
    """The name of the method of ours whose arguments an entry replaces."""
    return str(item.get("method", item["name"])).rpartition(":")[2]


def declared(known: Mapping[str, Declaration]) -> dict[str, Declaration]:
    """The entries of the study's mappings, by name.

    Left out are those of no ``known`` method, and those of libraries that take the name of one.
    """
    items: list[Item] = json.loads(os.environ.get(CHOSEN, "[]"))
    of_libraries = [item for item in items if library_of(item) and item["name"] not in known]
    others = [item for item in items if not library_of(item) and method_of(item) in known]
    return {
        **{item["name"]: _with_arguments(item, known) for item in others},
        **{item["name"]: _of_library(item) for item in of_libraries},
    }


def in_words(name: str) -> str:
    """A label for a method that has a name alone."""
    words = name.replace("_", " ")
    return words[0].upper() + words[1:]


def _with_arguments(item: Item, known: Mapping[str, Declaration]) -> Declaration:
    entry, name = known[method_of(item)], item["name"]
    label = item.get("label", entry.label if name == entry.name else in_words(name))
    options = {**entry.options, **{key: item[key] for key in ("family",) if key in item}}
    arguments = item.get("arguments", {})
    return replace(entry, name=name, label=label, options=options, arguments=arguments)


def _of_library(item: Item) -> Declaration:
    library, name = library_of(item), item["name"]
    options = {"family": item.get("family", library), "group": name}
    if library == "function" and (file := file_of(item[library])):
        options["file"] = str(file)
    arguments = {"of": item[library], "arguments": item.get("arguments", {})}
    label = item.get("label", in_words(name))
    module = Path(__file__).with_name(LIBRARIES[library])
    return Declaration("method", name, label, module, library, options, {}, arguments)
