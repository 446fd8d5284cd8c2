"""Where do nets look? Saliency maps, and how much of each lies on the object.

A notebook needs four names: ``explain`` computes maps, ``score`` compares a map with a mask, and
``METHODS`` and ``METRICS`` list their entries. The stages of the library, each of which imports
earlier ones alone: errors, declarations, io, datasets, nets, methods, metrics, statistics, study,
charts, report. It needs no Snakemake.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["METHODS", "METRICS", "explain", "score"]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are used: torch takes seconds."""
    if name not in __all__:
        raise AttributeError(f"module 'lookwhere' has no attribute {name!r}")
    from lookwhere import api

    return getattr(api, name)
