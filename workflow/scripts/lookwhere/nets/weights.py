"""Fit the weights of a file to a net, by names and shapes, and report what was changed.

The net may be built by anyone: its own state dict decides what is expected. Files hold weights as
they were trained: in a checkpoint, wrapped for several devices or compiled, beside metrics and
counters. A change is made only if it is unambiguous; a parameter of the net is never left out.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from lookwhere.errors import StudyError
from lookwhere.nets import heads, weight_names
from lookwhere.nets.reparametrised import computed
from lookwhere.nets.tensors import as_float32
from lookwhere.nets.weight_files import SAVE, read
from lookwhere.nets.weight_names import Match, State, in_words

OPTIONAL = "num_batches_tracked"  # read by training alone, and missing in older files
# What profilers (thop, torchstat) and averaging leave in state dicts.
COUNTERS = {
    *("total_ops", "total_params", "n_averaged"),
    *("input_shape", "output_shape", "parameter_quantity", "inference_memory"),
    *("MAdd", "duration", "Flops", "Memory"),
}
# Parts of the names of nets that are quantised, or prepared for it.
QUANTISED = {"zero_point", "_packed_params", "activation_post_process", "fake_quant_enabled"}


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
        tensors = weight_names.under(tensors, key, expected)
    tensors, changes = computed(_needed(tensors), expected)
    match = weight_names.match(tensors, expected, key)
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


def _state(net: nn.Module) -> State:
    return _needed({name: t for name, t in net.state_dict().items() if isinstance(t, Tensor)})


def _needed(tensors: Mapping[str, Tensor]) -> State:
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(OPTIONAL)}


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
        f"converted {in_words(count)} of {change} to float32"
        for change, count in changed.items()
        if change
    ]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _listed(tensors: State) -> str:
    names = list(tensors)
    return f"{in_words(len(names))} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
