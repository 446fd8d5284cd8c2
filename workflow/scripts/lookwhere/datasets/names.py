"""The names of data set formats, and class names in file names."""

import re
from pathlib import Path

from lookwhere import declarations

FORMATS = declarations.declared("dataset", Path(__file__).parent)


def slug(class_name: str) -> str:
    """The class in a file name: anything but letters, digits, dots and dashes is an underscore."""
    return re.sub(r"[^\w.-]+", "_", class_name)
