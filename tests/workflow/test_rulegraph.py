"""The picture of the rules in docs/architecture.md is Snakemake's rule graph."""

import re

import numpy as np
import pytest

from tests.test_documents import picture

pytestmark = pytest.mark.slow


def graph(house, study=None):
    """The rules of a study, and the arrows that no others imply."""
    run = house.run("--rulegraph", study=study)
    assert run.returncode == 0, run.stderr[-6000:]
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', run.stdout))
    arrows = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", run.stdout)}
    arrows = {arrow for arrow in arrows if "all" not in arrow}
    rules = set(names.values()) - {"all"}
    return rules, {arrow for arrow in arrows if not follows(arrow, arrows - {arrow})}


def follows(arrow: tuple[str, str], others: set[tuple[str, str]]) -> bool:
    """Whether other arrows imply this one."""
    start, end = arrow
    reached = {start}
    while new := {b for a, b in others if a in reached} - reached:
        reached |= new
    return end in reached


def test_the_picture_is_the_rule_graph_without_implied_arrows(house):
    assert graph(house) == picture()


def test_without_a_net_maps_are_imported_and_no_recognition_is_checked(house):
    """The sentence below the picture."""
    folder = house.root / "maps/theirs/grad_cam"
    folder.mkdir(parents=True)
    np.save(folder / "1.npy", np.ones((2, 2)))
    rules, arrows = picture()
    names = {name: name for name in rules - {"check_recognition"}} | {"compute_maps": "import_maps"}
    assert graph(house, {"nets": [{"name": "theirs", "maps": "maps/theirs"}]}) == (
        set(names.values()),
        {(names[a], names[b]) for a, b in arrows if {a, b} <= names.keys()},
    )


def test_rivals_add_the_rules_and_arrows_of_their_picture(house):
    rules, arrows = graph(house, {"rivals": ["other_class", "least_likely", "mean_map"]})
    without = graph(house)
    added = arrows - without[1]
    assert (rules - without[0], added) == (
        {rule for arrow in added for rule in arrow} - without[0],
        picture("LR")[1],
    )
    assert without[1] <= arrows
