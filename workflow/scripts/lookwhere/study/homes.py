"""Paths of a configuration that start with ``~``, the user's home folder."""

import os
from typing import Any

# The keys of paths: at the top level, in mappings, in the entries of lists.
TOP, IN_MAPPINGS, IN_LISTS = (
    ["reference"],
    {"dataset": ["annotations", "images"], "pathvars": ["results", "logs", "benchmarks"]},
    {"nets": ["weights", "architecture", "maps"]},
)


def at_home(path: str) -> str:
    """The path with ``~`` expanded, normalised."""
    return os.path.normpath(os.path.expanduser(path))  # noqa: PTH111  # Path's needs a home


def expanded(config: dict[str, Any]) -> dict[str, Any]:
    """A copy of ``config``, possibly invalid, with ``~`` expanded in all paths."""
    config = _expanded(config, TOP)
    for key, paths in IN_MAPPINGS.items():
        if key in config:
            config[key] = _expanded(config[key], paths)
    for key, paths in IN_LISTS.items():
        if isinstance(config.get(key), list):
            config[key] = [_expanded(item, paths) for item in config[key]]
    return config


def _expanded(item: Any, keys: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    paths = {key: at_home(item[key]) for key in keys if isinstance(item.get(key), str)}
    return {**item, **paths}
