"""The picture of the rules in docs/architecture.md is what Snakemake plans to run."""

import re

import pytest

from tests.test_documents import picture

pytestmark = pytest.mark.slow


def test_the_picture_of_the_rules_is_snakemake_s_without_arrows_that_follow_from_others(house):
    done = house.run("--rulegraph")
    assert done.returncode == 0, done.stderr[-6000:]
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', done.stdout))
    arrows = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", done.stdout)}
    arrows = {arrow for arrow in arrows if "all" not in arrow}
    rules, drawn = picture()
    assert rules == set(names.values()) - {"all"}
    assert drawn == {arrow for arrow in arrows if not follows(arrow, arrows - {arrow})}


def follows(arrow: tuple[str, str], others: set[tuple[str, str]]) -> bool:
    """Whether other arrows lead the same way."""
    start, end = arrow
    reached = {start}
    while new := {b for a, b in others if a in reached} - reached:
        reached |= new
    return end in reached
