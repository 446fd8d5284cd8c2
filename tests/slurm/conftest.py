"""Two real clusters, configured like two sites, and the result that both must reach."""

import pytest

from ..studies import FIVE
from ..workflow.conftest import house  # noqa: F401
from .cluster import cluster, missing

# Two nets of the sample, at two sizes: four jobs of maps.
STUDY = {
    "classes": [{"name": "traffic light", "target": 0}, {"name": "clock", "target": 5}],
    "images_per_class": 2,
    "nets": [
        {"name": name, "architecture": name, "weights": f"resources/sample/weights/{name}.pth"}
        for name in ("squeezenet1_1", "shufflenet_v2_x0_5")
    ],
    "methods": FIVE,
    "sizes": ["original", 64],
}


def study_in(results: str) -> dict:
    return STUDY | {"pathvars": {"results": results}}


@pytest.fixture(scope="module")
def expected(house) -> bytes:  # noqa: F811
    """The scores, computed without Slurm."""
    house.build("results/local/energy.parquet", study=study_in("results/local"))
    return (house.root / "results/local/energy.parquet").read_bytes()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A cluster without job accounting and GPU."""
    yield from running(tmp_path_factory, accounts=False)


@pytest.fixture
def accounted(tmp_path_factory):
    """A cluster with accounting, a GPU in its own partition, and short memory of finished jobs.

    It ends with its test, since two clusters at a time would use each other's programs.
    """
    yield from running(tmp_path_factory, accounts=True)


def running(tmp_path_factory, accounts: bool):
    if lacking := missing(accounts):
        pytest.skip(f"needs Slurm: {', '.join(lacking)} not found (make test-slurm installs it)")
    with cluster(tmp_path_factory.mktemp("slurm"), accounts) as new:
        yield new
