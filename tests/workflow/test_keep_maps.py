"""keep_maps: false - only running shards have maps on disk, and the results are the same."""

import re
import subprocess
import time

import pytest
from pandas.testing import assert_frame_equal

from .conftest import SMALL

pytestmark = pytest.mark.slow

SHARDS = ["--set-scatter", "shard=3"]
ENERGY = "results/kept/energy.parquet"
KEPT = SMALL | {"sizes": [64], "pathvars": {"results": "results/kept"}}
DELETED = SMALL | {"sizes": [64], "pathvars": {"results": "results/deleted"}, "keep_maps": False}


def most_shards_on_disk(house, *arguments: str, study: dict) -> int:
    """Run snakemake; the maximal number of shards with maps on disk."""
    command, most = house.command(*arguments, study=study), 0
    maps = house.root / study["pathvars"]["results"] / "saliency/squeezenet/grad_cam/64"
    with subprocess.Popen(
        command, cwd=house.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        while run.poll() is None:
            most = max(most, len(list(maps.glob("1-*"))))
            time.sleep(0.02)
    assert run.returncode == 0
    return most


def test_maps_are_deleted_as_soon_as_they_are_scored(house):
    assert most_shards_on_disk(house, ENERGY, *SHARDS, study=KEPT) == 3
    # One core: one running shard.
    assert most_shards_on_disk(house, *SHARDS, "--cores", "1", study=DELETED) == 1
    assert not list((house.root / "results/deleted/saliency").rglob("*.npy"))
    for file in ("figures/comparison.png", "figures/maps", "tables/concentration.csv"):
        assert (house.root / "results/deleted" / file).exists()
    assert_frame_equal(house.energy("results/deleted"), house.energy("results/kept"))
    run = house.run("--dry-run", *SHARDS, study=DELETED)
    assert "Nothing to be done" in run.stdout + run.stderr
    run = house.run("--dry-run", *SHARDS, study=DELETED | {"keep_maps": True})
    assert "rule compute_maps" in run.stdout + run.stderr  # kept maps are recomputed


def test_all_of_coco_is_cut_into_at_most_500_shards(house):
    study = DELETED | {"classes": SMALL["classes"][:1], "images_per_class": 118_287}
    run = house.run("--dry-run", "--quiet", "rules", study=study)
    assert run.returncode == 0, run.stderr[-6000:]
    counts = re.findall(r"^(compute_maps|score_maps) +(\d+)$", run.stdout + run.stderr, re.M)
    assert set(counts) == {("compute_maps", "500"), ("score_maps", "500")}
