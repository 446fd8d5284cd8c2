"""Autograd's graph of a forward pass."""

from collections import defaultdict
from collections.abc import Iterator

from torch.autograd.graph import Node


def graph_nodes(*roots: Node) -> Iterator[Node]:
    """Yield the ``roots`` and all nodes of autograd's graph that they depend on, each once."""
    seen, waiting = set(roots), list(dict.fromkeys(roots))
    while waiting:
        node = waiting.pop()
        yield node
        for parent, _ in node.next_functions:
            if parent is not None and parent not in seen:
                seen.add(parent)
                waiting.append(parent)


def nodes_between(root: Node, leaf: Node) -> list[Node]:
    """The nodes of ``root``'s graph that depend on ``leaf``, both included, each once.

    Nodes beside them compute constants, such as a weight that is normalised in every pass.
    """
    readers: defaultdict[Node, list[Node]] = defaultdict(list)
    for node in graph_nodes(root):
        for parent, _ in node.next_functions:
            if parent is not None:
                readers[parent].append(node)
    seen, waiting = {leaf}, [leaf]
    while waiting:
        for reader in readers[waiting.pop()]:
            if reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return [node for node in graph_nodes(root) if node in seen]
