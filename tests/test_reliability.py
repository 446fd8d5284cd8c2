"""Every test that docs/reliability.md names exists, and every row names one."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCUMENT = (TESTS.parent / "docs" / "reliability.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.splitlines()
    if line.startswith("|") and not line.startswith(("| what goes wrong", "| ---"))
]


def test_the_table_has_forty_rows_and_more():
    assert len(ROWS) >= 40
    assert len({row[0] for row in ROWS}) >= len(ROWS) - 1  # images and weights: truncated


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_row_names_a_test_that_exists(row):
    fault, outcome, named = row
    assert fault
    assert outcome
    file, function, case = re.fullmatch(r"`([\w/]+\.py)::(\w+)(?:\[(.+)\])?`", named).groups()
    source = (TESTS / file).read_text()
    defined = {n.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)}
    assert function in defined
    if case is not None:  # an id, or several that pytest joins by dashes
        assert f'"{case}"' in source or all(f'"{part}"' in source for part in case.split("-"))
