"""Fetch torchvision's weights for an architecture, checked against the hash in their name."""

import re
from pathlib import Path

from concentration import download
from concentration.jobs import job
from concentration.nets import download_address


def main(architecture: str, weights: str, file: Path) -> None:
    address = download_address(architecture, weights)
    hashed = re.search(r"-([0-9a-f]{8,})\.", address)
    download.fetch(address, file, sha256_start=hashed[1] if hashed else None)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.wildcards.architecture,
            snakemake.wildcards.weights,
            Path(snakemake.output[0]),
        )
