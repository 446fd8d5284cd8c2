"""The head of a net: the layer that yields its outputs, as the weights of a file have it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lookwhere.nets.layers import logits_of

Layer = nn.Linear | nn.Conv2d
State = dict[str, Tensor]


def rename(expected: State, state: State, extra: State, outside: State) -> list[str]:
    """Give a layer of the file the name of the one layer that the ``state`` lacks.

    ``fc = Sequential(Dropout(), Linear(512, 7))`` has ``fc.1.weight`` for ``fc.weight``; a head may
    also stand beside the rest. It must be the only layer of the file that the net does not name.
    """
    missing = [name for name in expected if name not in state]
    lacking = {owner(name) for name in missing}
    own = next(iter(lacking), "")
    weight = join(own, "weight")
    if len(lacking) != 1 or weight not in missing or expected[weight].ndim < 2:
        return []
    unnamed = outside | extra
    found = [
        owner(name)
        for name, tensor in unnamed.items()
        if name == join(owner(name), "weight") and tensor.ndim > 1
    ]
    if len(found) != 1 or unnamed[join(found[0], "weight")].shape[1:] != expected[weight].shape[1:]:
        return []
    [other] = found
    parts = {n.removeprefix(join(other, "")): n for n in unnamed if owner(n) == other}
    is_nested = join(other, "weight") in extra and (_is_in(other, own) or _is_in(own, other))
    if set(parts) - {"bias"} != {"weight"} or not ("bias" in parts or is_nested):
        return []
    for part, name in parts.items():
        target = join(own, part)
        (state if target in expected else extra)[target] = unnamed[name]
        for tensors in (extra, outside):
            tensors.pop(name, None)
    return [f"renamed {other!r} to {own!r}"]


def resize(net: nn.Module, state: State, extra: State) -> list[str]:
    """Give the head of ``net`` the outputs of the ``state``, and a bias if it has one there.

    Layers that differ in their number of outputs alone are heads: one that others follow would
    change these too. A bias of the net's head that is in ``extra`` moves to the ``state``.
    """
    layers, expected = _layers(net), net.state_dict()
    different = {owner(n) for n, tensor in state.items() if tensor.shape != expected[n].shape}
    candidates = different or _with_other_bias(net, layers, state, extra)
    sizes = {name: _sizes(layers.get(name), name, state) for name in candidates}
    heads = [name for name in layers if sizes.get(name)]
    if len({sizes[name] for name in heads}) > 1:
        return []
    changes = []
    for name in heads:
        layer, bias = layers[name], join(name, "bias")
        if bias in extra:
            state[bias] = extra.pop(bias)
        if (bias in state) != (layer.bias is not None):
            has = "has a bias" if bias in state else "has no bias"
            changes.append(f"the head {name!r} {has}, as in the file")
        _rebuild(layer, state[join(name, "weight")], bias in state)
    return changes


def output_layer(net: nn.Module) -> str | None:
    """The name of the layer that yields the outputs: the last one that runs with as many.

    Where the net can't run on 224 x 224 pixels, the last one that it holds.
    """
    layers, calls, training = _layers(net), [], net.training
    handles = [
        layer.register_forward_hook(lambda module, inputs, output, name=name: calls.append(name))
        for name, layer in layers.items()
    ]
    channels = next((m.in_channels for m in layers.values() if isinstance(m, nn.Conv2d)), 3)
    try:
        net.eval()
        with torch.no_grad():
            outputs = logits_of(net(torch.zeros(1, channels, 224, 224)), 1).shape[1]
        calls = [name for name in calls if len(layers[name].weight) == outputs]
    except Exception:  # an own net may need anything
        calls = []
    finally:
        net.train(training)
        for handle in handles:
            handle.remove()
    return (calls or [*layers] or [None])[-1]


def reasons(net: nn.Module, names: Iterable[str], tensors: State) -> Iterator[str]:
    """That the head alone differs, if all ``names`` that differ are of the head.

    ``tensors`` are those of the file.
    """
    path = ".".join(shared_start([owner(name).split(".") for name in names]))
    layers = _layers(net)
    if not path or not layers or not _is_in([*layers][-1], path):
        return
    own = {name: tuple(layer.weight.shape) for name, layer in layers.items() if _is_in(name, path)}
    file = {
        owner(name): tuple(tensor.shape)
        for name, tensor in tensors.items()
        if _is_in(owner(name), path) and name.endswith("weight") and tensor.ndim > 1
    }
    if not file:
        yield f"the head {path!r} is missing in the file; save the net with its head"
    else:
        yield (
            f"the head alone differs: {_shapes(file)} in the file, {_shapes(own)} in the net. "
            "write a function that builds the net, architecture: file.py:function"
        )


def owner(name: str) -> str:
    """The name of the module that holds a tensor."""
    return name.rpartition(".")[0]


def shared_start(paths: Iterable[Sequence[str]]) -> list[str]:
    """The parts that all ``paths`` start with."""
    start = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        start.append(parts[0])
    return start


def join(module: str, name: str) -> str:
    """The name of a tensor of a module."""
    return f"{module}.{name}" if module else name


def _layers(net: nn.Module) -> dict[str, Layer]:
    """The layers that a head may be, by name."""
    exact = (nn.Linear, nn.Conv2d)
    return {name: module for name, module in net.named_modules() if type(module) in exact}


def _with_other_bias(
    net: nn.Module, layers: Mapping[str, Layer], state: State, extra: State
) -> set[str]:
    """The head, if it alone has a bias in the net and not in the file, or the reverse."""
    names = {
        name
        for name, layer in layers.items()
        if join(name, "weight") in state
        and (layer.bias is not None) != (join(name, "bias") in (state | extra))
    }
    return names if len(names) == 1 and names == {output_layer(net)} else set()


def _sizes(layer: Layer | None, name: str, state: State) -> tuple[int, int] | None:
    """The numbers of outputs in the net and in the state, if all else is the same."""
    weight, bias = state.get(join(name, "weight")), state.get(join(name, "bias"))
    if layer is None or weight is None or weight.shape[1:] != layer.weight.shape[1:]:
        return None
    if isinstance(layer, nn.Conv2d) and layer.groups > 1:
        return None
    if bias is not None and bias.shape != weight.shape[:1]:
        return None
    return len(layer.weight), len(weight)


def _rebuild(layer: Layer, weight: Tensor, has_bias: bool) -> None:
    """Give a layer empty parameters: a weight of the shape of ``weight``, and a bias."""
    count = len(weight)
    layer.weight = nn.Parameter(torch.empty(weight.shape))
    layer.bias = nn.Parameter(torch.empty(count)) if has_bias else None
    setattr(layer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", count)


def _is_in(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}.")


def _shapes(shapes: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())
