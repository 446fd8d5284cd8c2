"""Fit the weights of a file to a net, by names and shapes, and report what was changed.

The net may be built by anyone: its own state dict decides what is expected. Files hold weights as
they were trained: in a checkpoint, wrapped for several devices or compiled, beside metrics and
counters. A change is made only if it is unambiguous; a parameter of the net is never left out.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lookwhere.errors import StudyError, hint
from lookwhere.nets import heads
from lookwhere.nets.reparametrised import computed
from lookwhere.nets.tensors import as_float32
from lookwhere.nets.weight_files import SAVE, read

# What torch's wrappers put into names: several devices, compilation, recomputed activations.
WRAPPERS = {
    *("module", "_orig_mod", "_forward_module"),
    *("_fsdp_wrapped_module", "_checkpoint_wrapped_module"),
}
OPTIONAL = "num_batches_tracked"  # read by training alone, and missing in older files
# What profilers (thop, torchstat) and averaging leave in state dicts.
COUNTERS = {
    *("total_ops", "total_params", "n_averaged"),
    *("input_shape", "output_shape", "parameter_quantity", "inference_memory"),
    *("MAdd", "duration", "Flops", "Memory"),
}
# Parts of the names of nets that are quantised, or prepared for it.
QUANTISED = {"zero_point", "_packed_params", "activation_post_process", "fake_quant_enabled"}

# A prefix that fits nearly as well as the best is another state dict of the same net.
NEARLY = 0.9

State = dict[str, Tensor]


def load(
    net: nn.Module,
    path: Path,
    key: str = "",
    auxiliary: Collection[str] = (),
    title: str = "the net",
) -> list[str]:
    """Load a file of weights into ``net``, in place, as float32; the head takes its outputs.

    Parameters
    ----------
    net
        Any net, on the CPU.
    path
        A state dict, a checkpoint that holds one, or safetensors.
    key
        The dotted path of the state dict in the file, where this holds several.
    auxiliary
        Names of modules for training alone, left out of the weights.
    title
        The net in messages.

    Returns
    -------
    list
        What was changed, a phrase each; empty for the net's own state dict.

    Raises
    ------
    StudyError
        If the file can't be read (see ``weight_files.read``), or does not fit.
    """
    tensors = read(path)
    try:
        return fit(net, tensors, key, auxiliary, title)
    except StudyError as error:
        raise StudyError(f"weights {str(path)!r} {error}") from None


def fit(
    net: nn.Module,
    tensors: Mapping[str, Tensor],
    key: str = "",
    auxiliary: Collection[str] = (),
    title: str = "the net",
) -> list[str]:
    """As ``load``, for named tensors. The message of a StudyError continues ``weights 'file'``."""
    expected = _state(net)
    if key:
        tensors = _under(tensors, key, expected)
    tensors, changes = computed(_needed(tensors), expected)
    match = _match(tensors, expected, key)
    changes += match.changes(key)
    changes += _drop_counters(match, expected)
    changes += _drop_auxiliary(match, auxiliary)
    changes += heads.rename(expected, match.state, match.extra, match.outside)
    changes += heads.resize(net, match.state, match.extra)
    expected = _state(net)
    _require_all(net, match, expected, title)
    _require_nothing_behind(net, match, key)
    if match.outside:
        changes.append(f"left out {_listed(match.outside)}")
    return changes + _copy(match.state, expected)


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


def _state(net: nn.Module) -> State:
    return _needed({name: t for name, t in net.state_dict().items() if isinstance(t, Tensor)})


def _needed(tensors: Mapping[str, Tensor]) -> State:
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(OPTIONAL)}


def _under(tensors: Mapping[str, Tensor], key: str, expected: State) -> State:
    """The tensors under the dotted path ``key``, without it."""
    chosen = {n.removeprefix(f"{key}."): t for n, t in tensors.items() if n.startswith(f"{key}.")}
    if not chosen:
        sources = _sources(tensors, expected)
        near = [prefix for prefix, names in sources.items() if 2 * len(names) > len(expected)]
        valid = list(filter(None, near)) or {name.split(".")[0] for name in tensors}
        way_out = "the file is one state dict: remove the key" if "" in near else hint(key, valid)
        raise StudyError(f"hold nothing under the weights_key {key!r}; {way_out}")
    return chosen


def _match(tensors: State, expected: State, key: str) -> Match:
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
            f"{match.path(key)!r} ({_tensors(len(match.state) + len(match.extra))})"
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


def _drop_counters(match: Match, expected: State) -> list[str]:
    """Remove counters from the tensors that the net lacks."""
    own = {_last(name) for name in expected} | {"weight", "bias"}
    doubles = all(t.dtype == torch.float64 for t in match.state.values() if t.is_floating_point())

    def is_counter(name: str, tensor: Tensor) -> bool:
        whole = not (tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized)
        counts = whole or (tensor.dtype == torch.float64 and not doubles)
        return _last(name) in COUNTERS or (
            _last(name) not in own and counts and tensor.numel() <= 8
        )

    if any(QUANTISED & set(name.split(".")) for name in match.extra):
        raise StudyError(
            "are of a net that is quantised, or prepared for it, and has no gradients: save the "
            f"weights of the net before it is quantised, with {SAVE}"
        )
    counters = [name for name, tensor in match.extra.items() if is_counter(name, tensor)]
    for name in counters:
        del match.extra[name]
    kinds = ", ".join(sorted({_last(name) for name in counters}))
    return [f"left out {len(counters)} counters ({kinds})"] if counters else []


def _drop_auxiliary(match: Match, auxiliary: Collection[str]) -> list[str]:
    """Remove heads for training alone."""
    starts = tuple(f"{name}." for name in auxiliary)
    dropped = {name.split(".")[0] for name in match.extra if name.startswith(starts)}
    for name in [name for name in match.extra if name.startswith(starts)]:
        del match.extra[name]
    return [f"left out the auxiliary heads ({', '.join(sorted(dropped))})"] if dropped else []


def _require_all(net: nn.Module, match: Match, expected: State, title: str) -> None:
    """Raise StudyError unless the state has all of the net's tensors, in shape, and no other."""
    state, tensors = match.state, net.state_dict(keep_vars=True)
    shared = {id(tensors[name]) for name in state}  # tied weights may be saved once
    missing = [name for name in expected if name not in state and id(tensors[name]) not in shared]
    different = [name for name in state if state[name].shape != expected[name].shape]
    differences = [
        f"{len(names)} {reason} ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"
        for reason, names in (
            ("missing", missing),
            ("unexpected", list(match.extra)),
            ("of another shape", different),
        )
        if names
    ]
    if differences:
        reasons = _reasons(net, match, expected, missing, different)
        why = "".join(f": {reason}" for reason in list(reasons)[:1])
        raise StudyError(f"do not fit {title}: {'; '.join(differences)}{why}")


def _reasons(
    net: nn.Module, match: Match, expected: State, missing: list[str], different: list[str]
) -> Iterator[str]:
    """Why weights do not fit, and the way out, the first being the nearest."""
    extra, state = match.extra, match.state
    buffers = {name for name, _ in net.named_buffers()}
    if missing and set(missing) <= buffers and not extra and not different:
        yield (
            "these are statistics of batch norms, which net.parameters() leaves out: save the "
            f"weights with {SAVE}. A net with other norms, such as GroupNorm, is of another "
            "architecture"
        )
    if any("parametrizations." in name for name in extra):
        yield (
            "before you save it, replace the weights that the net computes by their values, with "
            "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight')"
        )
    channels = [name for name in different if _reads_others(state[name], expected[name])]
    if len(different) == 1 == len(channels) and not missing and not extra:
        [name] = channels
        file, own = state[name].shape[1], expected[name].shape[1]
        yield (
            f"{name} reads {own} channels in the net and {file} in the file: write a function that "
            "builds it so, architecture: file.py:function"
        )
    yield from heads.reasons(net, [*missing, *different, *extra], extra | state)


def _reads_others(tensor: Tensor, own: Tensor) -> bool:
    """Whether a convolution differs from the net's ``own`` in the channels that it reads."""
    shapes = tensor.shape, own.shape
    return tensor.ndim == own.ndim == 4 and {(s[0], s[2:]) for s in shapes} == {
        (own.shape[0], own.shape[2:])
    }


def _require_nothing_behind(net: nn.Module, match: Match, key: str) -> None:
    """Raise StudyError if a layer beside the net's weights reads the outputs of the net."""
    layers = {n: t for n, t in match.outside.items() if _last(n) == "weight" and t.ndim > 1}
    head = heads.output_layer(net) if layers else None
    outputs = len(_state(net)[heads.join(head, "weight")]) if head else 0
    for name, tensor in layers.items():
        if tensor.shape[1:].numel() == outputs:
            path = match.path(key)
            raise StudyError(
                f"hold {name!r} of shape {tuple(tensor.shape)}, which reads the {outputs} outputs "
                f"of {path!r}: they are of a larger net than the architecture. To explain the "
                f"outputs of {path!r} all the same, add weights_key: {path}"
            )


def _copy(state: State, expected: State) -> list[str]:
    """Copy the values of the ``state`` into the tensors of a net."""
    changed = Counter[str]()
    # Not load_state_dict: MNASNet's refuses a state dict without torch's metadata of versions.
    with torch.no_grad():
        for name, tensor in state.items():
            own = expected[name]
            values, change = as_float32(name, tensor) if own.is_floating_point() else (tensor, "")
            changed[change] += 1
            own.copy_(values)
    return [
        f"converted {_tensors(count)} of {change} to float32"
        for change, count in changed.items()
        if change
    ]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _tensors(count: int) -> str:
    return f"{count} tensor{'s' if count > 1 else ''}"


def _listed(tensors: State) -> str:
    names = list(tensors)
    return f"{_tensors(len(names))} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
