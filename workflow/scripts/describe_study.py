"""Record the configuration and the software of a study."""

import platform
import re
import subprocess
from collections.abc import Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import lookwhere
from lookwhere.io.atomic import atomic_file
from lookwhere.io.logs import job
from lookwhere.report import tables


def main(configuration: Mapping[str, Any], requirements: Path, outputs: Mapping[str, str]) -> None:
    """``requirements`` lists the packages, and is in the root folder of the workflow."""
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    packages = software(requirements.read_text("utf-8"), requirements.parent)
    with atomic_file(outputs["configuration"]) as draft:
        draft.write_text(text, "utf-8")
    with atomic_file(outputs["software"]) as draft:
        packages.to_csv(draft, index=False)
    body = f"{packages.to_html(index=False, border=0)}\n<pre>{escape(text)}</pre>"
    with atomic_file(outputs["page"]) as draft:
        draft.write_text(tables.page("Software and configuration", body), "utf-8")


def software(requirements: str, root: Path) -> pd.DataFrame:
    """Name and version of the workflow, Python, the system, and the packages of requirements."""
    pins = re.findall(r"^([\w-]+)==(\S+)", requirements, re.MULTILINE)
    rows = [
        ("lookwhere", lookwhere.__version__),
        ("workflow", commit(root)),
        ("python", platform.python_version()),
        ("system", platform.platform()),
        *((package, installed(package, pin)) for package, pin in pins),
    ]
    return pd.DataFrame(rows, columns=["name", "version"])


def commit(root: Path) -> str:
    """The commit of the workflow in the folder ``root``, and whether files differ from it."""
    try:
        if git(root, "rev-parse", "--show-prefix"):
            return "unknown (no repository of its own)"
        changed = " (changed)" if git(root, "status", "--porcelain", "--untracked-files=no") else ""
        return git(root, "rev-parse", "HEAD") + changed
    except (OSError, subprocess.CalledProcessError):
        return "unknown (no git, or no repository)"


def git(folder: Path, *arguments: str) -> str:
    """Run git, and return its output."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def installed(package: str, pin: str) -> str:
    """The installed version, else the pinned one, of a package in another conda environment."""
    try:
        return version(package)
    except PackageNotFoundError:
        return f"{pin} (pinned)"


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.input.settings) as settings:
        main(
            settings["configuration"],
            Path(snakemake.input.requirements),
            snakemake.output,
        )
