"""Fixtures of several test modules."""

import gc
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lookwhere.statistics import bootstrap

# On busy cores several threads that wait for each other are much slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _freeze_imports() -> None:
    """Exclude imported objects from garbage collection.

    statsmodels collects garbage at every correction of p, in 0.1 s with torch imported.
    """
    gc.freeze()


@pytest.fixture
def few_draws(monkeypatch) -> None:
    """Intervals from few draws, for tests that need no exact ends."""
    monkeypatch.setattr(bootstrap, "DRAWS", 60)


@pytest.fixture
def on_meta(monkeypatch) -> Iterator[None]:
    """Nets without memory for weights: the meta device keeps shapes and graph."""
    import torch
    from torchvision.models.regnet import BlockParams

    block_params = BlockParams.from_init_params

    def on_cpu(*args: Any, **kwargs: Any) -> BlockParams:  # a RegNet computes its widths in tensors
        with torch.device("cpu"):
            return block_params(*args, **kwargs)

    monkeypatch.setattr(BlockParams, "from_init_params", on_cpu)
    with torch.device("meta"):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real COCO photographs and a real SqueezeNet, if they are beside the repository."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data: COCO photographs and a SqueezeNet")
    return folder


@pytest.fixture
def as_nobody(tmp_path) -> Callable[[Callable[[], Any]], Any]:
    """Run a function without root's privileges in a child process; its result or exception.

    Everybody may enter ``tmp_path``, so that only what a test protects is refused.
    """
    for folder in [tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)

    def run(function: Callable[[], Any]) -> Any:
        receive, send = os.pipe()
        if (child := os.fork()) == 0:
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                try:
                    result = function()
                except BaseException as error:
                    result = error
                os.write(send, pickle.dumps(result))
            finally:
                os._exit(0)
        os.close(send)
        with os.fdopen(receive, "rb") as pipe:
            result = pickle.loads(pipe.read())
        os.waitpid(child, 0)
        if isinstance(result, BaseException):
            raise result
        return result

    return run
