"""Where the names of a net's tensors start in those of a file.

A checkpoint holds the state dict of a net under a prefix, beside others, and wrappers for several
devices or compilation put names of their own between its parts.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lookwhere.errors import StudyError, hint
from lookwhere.nets import heads

# What torch's wrappers put into names: several devices, compilation, recomputed activations.
WRAPPERS = {
    *("module", "_orig_mod", "_forward_module"),
    *("_fsdp_wrapped_module", "_checkpoint_wrapped_module"),
}

# A prefix that fits nearly as well as the best is another state dict of the same net.
NEARLY = 0.9

State = dict[str, Tensor]


@dataclass(frozen=True)
class Match:
    """The tensors of a file, by where a net's names start in theirs."""

    prefix: str  # dotted, without a dot at its end
    state: State  # by the net's names
    extra: State  # under the prefix, without it; no names of the net
    outside: State  # under other prefixes
    unwrapped: int  # how many names were freed of those of wrappers

    def path(self, key: str) -> str:
        """The dotted path in the file."""
        return ".".join(filter(None, [key, self.prefix]))

    def changes(self, key: str) -> list[str]:
        """What was changed of the names."""
        changes = []
        if self.path(key):
            count = len(self.state) + len(self.extra)
            changes.append(f"read the {count} tensors under {self.path(key)!r}")
        if self.unwrapped:
            changes.append(f"removed the names of wrappers from {self.unwrapped} names")
        return changes


def under(tensors: Mapping[str, Tensor], key: str, expected: State) -> State:
    """The tensors under the dotted path ``key``, without it."""
    chosen = {n.removeprefix(f"{key}."): t for n, t in tensors.items() if n.startswith(f"{key}.")}
    if not chosen:
        sources = _sources(tensors, expected)
        near = [prefix for prefix, names in sources.items() if 2 * len(names) > len(expected)]
        valid = list(filter(None, near)) or {name.split(".")[0] for name in tensors}
        way_out = "the file is one state dict: remove the key" if "" in near else hint(key, valid)
        raise StudyError(f"hold nothing under the weights_key {key!r}; {way_out}")
    return chosen


def match(tensors: State, expected: State, key: str) -> Match:
    """The tensors under the prefix behind which most names of the net follow.

    Raises StudyError if several prefixes fit about as well, as those of an average of the weights.
    """

    def score(names: Mapping[str, str]) -> int:
        """The number of names, and of shapes that are the net's but for the number of outputs."""
        return len(names) + sum(
            tensors[source].shape[1:] == expected[name].shape[1:] for name, source in names.items()
        )

    sources = _sources(tensors, expected)
    scores = {prefix: score(names) for prefix, names in sources.items()}
    best = max(scores.values(), default=0)
    least = NEARLY * best if best > len(expected) else best  # else it is of another net
    matches: list[Match] = []
    for prefix in sorted(scores, key=lambda prefix: (-scores[prefix], bool(prefix))):
        if scores[prefix] >= least:
            matches = _with_match(matches, _matched(prefix, sources[prefix], tensors))
    if not matches:
        return Match("", {}, dict(tensors), {}, 0)
    first = matches[0]
    if not first.prefix:  # a state dict itself, which may hold copies of its net
        copies = tuple(f"{match.prefix}." for match in matches[1:])
        for name in [name for name in first.extra if name.startswith(copies)]:
            first.outside[name] = first.extra.pop(name)
        return first
    matches = [match for match in matches if match.prefix]
    if len(matches) > 1 and best > len(expected):
        listed = [
            f"{match.path(key)!r} ({in_words(len(match.state) + len(match.extra))})"
            for match in matches
        ]
        raise StudyError(
            f"hold several state dicts that fit: {', '.join(listed)}; choose one with weights_key, "
            f"such as weights_key: {first.path(key)}"
        )
    return first


def _with_match(matches: list[Match], match: Match) -> list[Match]:
    """The ``matches`` and ``match``; of two of the same tensors the one with fewer wrappers."""
    places = set(map(_place, match.state.values()))
    for other in matches:
        others = set(map(_place, other.state.values()))
        if places == others and match.unwrapped < other.unwrapped:
            return [match if item is other else item for item in matches]
        if places <= others:
            return matches
    return [*matches, match]


def _sources(tensors: Iterable[str], expected: Iterable[str]) -> dict[str, dict[str, str]]:
    """The file's name of each of the net's, by the prefix behind which these follow."""
    accepted = _accepted(expected)
    wrappers = WRAPPERS - {part for name in expected for part in name.split(".")}
    sources: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in tensors:
        parts = name.split(".")
        for start in range(len(parts)):
            plain = ".".join(part for part in parts[start:] if part not in wrappers)
            if plain in accepted:
                sources[".".join(parts[:start])].setdefault(accepted[plain], name)
    return sources


def _accepted(expected: Iterable[str]) -> dict[str, str]:
    """Names that stand for those of the net: its own, and these without what all start with.

    Torchvision's DenseNets of 2017 call ``norm1`` ``norm.1``.
    """
    names = list(expected)
    start = heads.shared_start([name.split(".")[:-1] for name in names])
    accepted = {name: name for name in names}
    for name in names:
        accepted.setdefault(".".join(name.split(".")[len(start) :]), name)
        old = re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name)
        accepted.setdefault(old, name)
    return accepted


def _matched(prefix: str, names: Mapping[str, str], tensors: State) -> Match:
    """The match of a prefix, from the file's name of each of the net's."""
    dot = f"{prefix}." if prefix else ""
    used = set(names.values())
    rest = {name: tensor for name, tensor in tensors.items() if name not in used}
    return Match(
        prefix,
        {name: tensors[source] for name, source in names.items()},
        {name.removeprefix(dot): t for name, t in rest.items() if name.startswith(dot)},
        {name: tensor for name, tensor in rest.items() if not name.startswith(dot)},
        sum(bool(WRAPPERS & set(n.removeprefix(dot).split("."))) for n in used - names.keys()),
    )


def _place(tensor: Tensor) -> int:
    """The same number for tensors of the same values in memory."""
    is_dense = tensor.layout == torch.strided and not tensor.is_meta
    return tensor.data_ptr() if is_dense and tensor.numel() else id(tensor)


def in_words(count: int) -> str:
    return f"{count} tensor{'s' if count > 1 else ''}"
