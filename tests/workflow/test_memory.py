"""The memory of large inputs is known before their maps: on the screen, and for the scheduler."""

import re

import pandas as pd
import pytest

from lookwhere.nets import memory

from .conftest import SMALL

pytestmark = pytest.mark.slow

STUDY = SMALL | {"sizes": [64, 3000]}


def requested(house, rule):
    """The ``mem_mb`` of a rule's jobs in a dry run, by size."""
    output = house.run("--dry-run", study=STUDY).stdout
    jobs = re.findall(rf"^rule {rule}:\n(?:    .+\n)+", output, re.M)
    return {re.search(r"size=(\w+)", job)[1]: re.search(r" mem_mb=([^,]+)", job)[1] for job in jobs}


def test_the_scheduler_is_asked_for_what_the_largest_image_needs(house):
    assert requested(house, "compute_maps") == {"64": "<TBD>", "3000": "<TBD>"}
    screen = house.run("results/memory.csv", "--resources", "mem_mb=3000", study=STUDY)
    assert screen.returncode == 0, screen.stderr[-6000:]
    [net] = memory.read_footprints(house.root / "results/nets.csv").values()
    need = memory.of_maps(net, 3000 * 3000)
    assert need > memory.USUAL
    of_size = rf"needs about {need / 1000:.1f} GB with squeezenet at the size 3000, "
    ways = r"more than the 3.0 GB of --resources mem_mb: leave out the size 3000\n"
    assert re.search(rf" Warning: image '.+' of \d+ x \d+ pixels {of_size}{ways}", screen.stderr)
    assert " at the size 64" not in screen.stderr
    listed = pd.read_csv(house.root / "results/memory.csv").set_index("size")["mem_mb"]
    assert listed.to_dict() == {64: memory.of_maps(net, 0), 3000: need}
    assert requested(house, "compute_maps") == {"64": str(memory.USUAL), "3000": str(need)}
    assert requested(house, "score_maps") == {
        "64": "1000",
        "3000": str(memory.of_arrays(3000 * 3000)),
    }


def test_a_net_of_large_weights_asks_for_their_memory_before_it_is_checked(house):
    nets = [{"name": "large", "architecture": "vit_h_14", "weights": "random"}]
    output = house.run("--dry-run", study=SMALL | {"nets": nets, "sizes": [518]}).stdout
    for rule in ("check_nets", "check_recognition"):
        [job] = re.findall(rf"^rule {rule}:\n(?:    .+\n)+", output, re.M)
        assert int(re.search(r" mem_mb=(\d+)", job)[1]) > 8 * 632_045_800 / 1e6
