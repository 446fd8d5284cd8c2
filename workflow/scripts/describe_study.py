"""Record the configuration and the software that the study was made with."""

import platform
import re
from collections.abc import Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from concentration import tables
from concentration.files import whole_file
from concentration.jobs import job


def main(configuration: Mapping[str, Any], requirements: Path, outputs: Mapping[str, str]) -> None:
    text = yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)
    packages = software(requirements.read_text("utf-8"))
    with whole_file(outputs["configuration"]) as draft:
        draft.write_text(text, "utf-8")
    with whole_file(outputs["software"]) as draft:
        packages.to_csv(draft, index=False)
    body = f"{packages.to_html(index=False, border=0)}\n<pre>{escape(text)}</pre>"
    with whole_file(outputs["page"]) as draft:
        draft.write_text(tables.page("Software and configuration", body), "utf-8")


def software(requirements: str) -> pd.DataFrame:
    """Name and version of Python, the system, and every package of a requirements file."""
    pins = re.findall(r"^([\w-]+)==(\S+)", requirements, re.MULTILINE)
    rows = [
        ("python", platform.python_version()),
        ("system", platform.platform()),
        *((package, installed(package, pin)) for package, pin in pins),
    ]
    return pd.DataFrame(rows, columns=["name", "version"])


def installed(package: str, pin: str) -> str:
    """The version at hand; where each rule has a conda environment, that of another is pinned."""
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
