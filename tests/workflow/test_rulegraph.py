"""The picture of the rules in docs/architecture.md is Snakemake's rule graph."""

import re

import pytest

from tests.test_documents import picture

pytestmark = pytest.mark.slow


def test_the_picture_is_the_rule_graph_without_implied_arrows(house):
    run = house.run("--rulegraph")
    assert run.returncode == 0, run.stderr[-6000:]
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', run.stdout))
    arrows = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", run.stdout)}
    arrows = {arrow for arrow in arrows if "all" not in arrow}
    rules, drawn = picture()
    assert rules == set(names.values()) - {"all"}
    assert drawn == {arrow for arrow in arrows if not follows(arrow, arrows - {arrow})}


def follows(arrow: tuple[str, str], others: set[tuple[str, str]]) -> bool:
    """Whether other arrows imply this one."""
    start, end = arrow
    reached = {start}
    while new := {b for a, b in others if a in reached} - reached:
        reached |= new
    return end in reached
