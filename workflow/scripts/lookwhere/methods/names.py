"""The names of saliency methods and controls, in code, columns and paths, and in print."""

from lookwhere.methods import registry

METHODS = registry.entries()

LABELS = {entry.name: entry.label for entry in METHODS.values()}

# Maps of no net, which stand beside the methods in tables and figures.
CONTROL_LABELS = {
    "centre": "Centre prior",
    "sobel": "Sobel edges",
    "noise": "Random noise",
}

ALL_LABELS = {**LABELS, **CONTROL_LABELS}
