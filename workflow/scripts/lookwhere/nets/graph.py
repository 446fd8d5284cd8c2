"""The graph that autograd keeps of a forward pass."""

from collections.abc import Iterator

from torch.autograd.graph import Node


def graph_nodes(root: Node) -> Iterator[Node]:
    """All nodes of autograd's graph that ``root`` was computed from, and itself, each once."""
    seen, waiting = {root}, [root]
    while waiting:
        node = waiting.pop()
        yield node
        for parent, _ in node.next_functions:
            if parent is not None and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
