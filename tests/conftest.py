"""What several test modules share."""

import os
from pathlib import Path

import pytest

# Threads that wait for each other on busy cores take many times as long as one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real COCO photographs and a real SqueezeNet, beside the repository where they are at hand."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data: COCO photographs and a SqueezeNet")
    return folder
