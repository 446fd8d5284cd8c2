"""The names of saliency methods and controls, in code, columns and paths, and in print."""

import os

from lookwhere.methods import cam, gradients  # noqa: F401  # they enter their methods
from lookwhere.methods.registry import METHODS, enter_from

# Files of the user's own that enter methods, for this process and those that it starts.
FILES = "LOOKWHERE_METHODS"

for file in filter(None, os.environ.get(FILES, "").split(os.pathsep)):
    enter_from(file)

LABELS = {entry.name: entry.label for entry in METHODS.values()}

# Maps of no net, which stand beside the methods in tables and figures.
CONTROL_LABELS = {
    "centre": "Centre prior",
    "sobel": "Sobel edges",
    "noise": "Random noise",
}

ALL_LABELS = {**LABELS, **CONTROL_LABELS}
