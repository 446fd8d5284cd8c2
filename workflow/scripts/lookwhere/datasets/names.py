"""The names of formats of data sets, and the names of classes in those of files."""

import re
from pathlib import Path

from lookwhere import declarations

FORMATS = declarations.declared("dataset", Path(__file__).parent)


def slug(class_name: str) -> str:
    """The class in a file name: what is no letter, digit, dot or dash becomes an underscore."""
    return re.sub(r"[^\w.-]+", "_", class_name)
