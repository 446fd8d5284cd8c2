"""A copy of the repository for every test module, in which snakemake runs as for a user."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ..studies import FIVE

REPOSITORY = Path(__file__).parents[2]

# Two classes, one small random net, small inputs: a study of seconds on the drawn sample.
SMALL = {
    "classes": [{"name": "traffic light", "target": 920}, {"name": "clock", "target": 892}],
    "images_per_class": 2,
    "nets": [{"name": "squeezenet", "architecture": "squeezenet1_1", "weights": "random"}],
    "methods": FIVE,
    "sizes": ["original", 64],
}


@dataclass(frozen=True)
class House:
    """A copy of the repository."""

    root: Path

    def run(self, *arguments: str, study: dict | None = None) -> subprocess.CompletedProcess:
        """``snakemake`` with ``arguments``, on the default study or on ``study``."""
        return subprocess.run(
            self.command(*arguments, study=study),
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str, study: dict | None = None) -> list[str]:
        """The command line of ``run``."""
        command = [sys.executable, "-m", "snakemake", "--nocolor", *arguments]
        if study is not None:
            (self.root / "study.yaml").write_text(yaml.safe_dump(study))
            command += ["--configfile", "study.yaml"]
        return command

    def build(self, *arguments: str, study: dict | None = None) -> None:
        """``run``, which must succeed."""
        run = self.run(*arguments, study=study)
        assert run.returncode == 0, run.stderr[-6000:]

    def energy(self, results: str = "results") -> pd.DataFrame:
        return pd.read_parquet(self.root / results / "energy.parquet")

    def planned(self, study: dict | None = None) -> list[str]:
        """The jobs of a dry run: ``rule wildcard=value,...``, without ``all``."""
        run = self.run("--dry-run", study=study)
        assert run.returncode == 0, run.stderr[-6000:]
        jobs: list[str] = []
        for line in run.stdout.splitlines() + run.stderr.splitlines():
            if line.startswith("rule ") and line.endswith(":"):
                jobs.append(line[5:-1])
            elif line.startswith("    wildcards: "):
                jobs[-1] += " " + line.removeprefix("    wildcards: ").replace(", ", ",")
        return sorted(set(jobs))


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    """A fresh copy of the files under git, with ../shared beside it."""
    root = tmp_path_factory.mktemp("clone") / "repository"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if not name.startswith("tests/") and (REPOSITORY / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, root / name)
    if (REPOSITORY.parent / "shared").exists():
        (root.parent / "shared").symlink_to(REPOSITORY.parent / "shared")
    return House(root)
