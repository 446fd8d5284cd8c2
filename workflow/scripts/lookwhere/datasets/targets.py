"""The targets of classes: the outputs of nets that stand for them."""

from collections.abc import Collection, Mapping


def apart(targets: Mapping[str, Collection[int]], name: str) -> list[str]:
    """The other classes that share no target with the class of this ``name``.

    >>> apart({"cup": [504], "mug": [504, 968], "dog": [207]}, "mug")
    ['dog']
    """
    own = {*targets[name]}
    return [other for other in targets if other != name and own.isdisjoint(targets[other])]
