"""The names of saliency methods and controls, in code, columns and paths, and in print."""

from pathlib import Path

from lookwhere import declarations
from lookwhere.errors import StudyError
from lookwhere.methods import registry

METHODS = registry.entries()

# Maps of no net, beside the methods in tables and figures.
CONTROLS = declarations.declared("control", Path(__file__).parent)

for name in METHODS.keys() & CONTROLS.keys():
    raise StudyError(
        f"{name!r} is a method, of {str(METHODS[name].file)!r}, and a control, of "
        f"{str(CONTROLS[name].file)!r}, and tables list both: rename one of them"
    )

LABELS = {entry.name: entry.label for entry in METHODS.values()}
CONTROL_LABELS = {entry.name: entry.label for entry in CONTROLS.values()}
ALL_LABELS = {**LABELS, **CONTROL_LABELS}
