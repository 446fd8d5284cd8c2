"""What several test modules share."""

import gc
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Threads that wait for each other on busy cores take many times as long as one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _spare_imports_from_collections() -> None:
    """Leave what was imported out of garbage collections.

    statsmodels collects garbage at every correction of p, in 0.1 s with torch imported.
    """
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real COCO photographs and a real SqueezeNet, beside the repository where they are at hand."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data: COCO photographs and a SqueezeNet")
    return folder


@pytest.fixture
def as_nobody(tmp_path) -> Callable[[Callable[[], Any]], Any]:
    """Run a function without root's privileges, in a process of its own; its result, or its error.

    ``tmp_path`` can be entered by everybody, so that what is refused there is what a test hides.
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
                    answer = function()
                except BaseException as error:
                    answer = error
                os.write(send, pickle.dumps(answer))
            finally:
                os._exit(0)
        os.close(send)
        with os.fdopen(receive, "rb") as pipe:
            answer = pickle.loads(pipe.read())
        os.waitpid(child, 0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return run
